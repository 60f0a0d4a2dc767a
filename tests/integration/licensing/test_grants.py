"""Offline grants: verified with the published keys alone; forged, changed and expired ones are not."""

import os
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World, bearer

Client = TestClient[Litestar]


@pytest.fixture
def grant(client: Client, world: World) -> dict[str, Any]:
    headers = bearer(world.key("tenant_admin", world.tenant()))
    client.post("/v1/pools", headers=headers, json={"key": "cad", "seats": 2, "borrow_max_s": 3_600})
    body = {"person": "ann", "client_key": "k", "device": "laptop", "borrow_s": 3_600}
    answer: dict[str, Any] = client.post("/v1/pools/cad/leases", headers=headers, json=body).json()
    return answer


def verified(grant: str, keys: dict[str, Any], now: int | None = None) -> dict[str, Any]:
    token = jwt.decode(grant, KeySet.import_key_set(keys), algorithms=["Ed25519"])
    if not token.claims["nbf"] - 60 <= (now or time.time()) < token.claims["exp"]:
        raise ValueError("not valid now")
    assert token.header["typ"] == "tollbook-grant+jwt"
    return token.claims


def test_a_grant_is_verified_with_the_published_keys_alone(client: Client, grant: dict[str, Any]) -> None:
    keys = client.get("/.well-known/jwks.json").json()

    claims = verified(grant["grant"], keys)

    assert "d" not in keys["keys"][0], "the private part is not published"
    assert (claims["aud"], claims["pool"], claims["client_key"], claims["device"]) == ("acme", "cad", "k", "laptop")
    assert (claims["jti"], claims["exp"] - claims["nbf"]) == (grant["id"], 3_600)


def test_forged_changed_and_expired_grants_are_refused(client: Client, grant: dict[str, Any]) -> None:
    keys, told = client.get("/.well-known/jwks.json").json(), grant["grant"]
    head, body, signature = told.split(".")
    forged = jwt.encode(
        {"alg": "Ed25519", "kid": keys["keys"][0]["kid"], "typ": "tollbook-grant+jwt"}, {"pool": "cad", "exp": 2**31},
        OKPKey.generate_key("Ed25519"), algorithms=["Ed25519"],
    )  # fmt: skip

    for bad in (forged, f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.", told[:-8]):
        with pytest.raises((JoseError, ValueError)):
            verified(bad, keys)
    with pytest.raises(ValueError, match="not valid now"):
        verified(told, keys, now=verified(told, keys)["exp"] + 1)


def test_a_rotated_secret_still_verifies_what_it_signed_before(
    client: Client, grant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = client.get("/.well-known/jwks.json").json()["keys"]
    monkeypatch.setenv("SECRET_KEY_BEFORE", os.environ["SECRET_KEY"])
    monkeypatch.setenv("SECRET_KEY", "another-" + "y" * 40)

    keys = client.get("/.well-known/jwks.json").json()

    assert keys["keys"][1:] == before
    assert keys["keys"][0] != before[0]
    assert verified(grant["grant"], keys)["jti"] == grant["id"]
