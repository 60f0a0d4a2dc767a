"""Offline grants: verified with the published keys alone; forged, changed and expired ones are not, nor held on."""

import os
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from litestar import Litestar
from litestar.testing import TestClient
from tollbook_client.licence import LicenceInvalid, Offline, Watermark

from tests.builders.world import World
from tests.integration.licensing.test_pools_api import Pool

Client = TestClient[Litestar]
HOUR = 3_600


@pytest.fixture
def pool(client: Client, world: World) -> Pool:
    """A pool of two seats on a test clock, which lends one for an hour at most."""
    pool = Pool(client, world)
    pool.make(seats=2, borrow_max_s=HOUR)
    return pool


@pytest.fixture
def lease(pool: Pool) -> dict[str, Any]:
    return pool.take("ann", "k", device="laptop", borrow_s=HOUR)


def published(pool: Pool) -> dict[str, Any]:
    keys: dict[str, Any] = pool.client.get("/.well-known/jwks.json").json()
    return keys


def claims_of(lease: dict[str, Any], keys: dict[str, Any]) -> dict[str, Any]:
    return jwt.decode(lease["grant"], KeySet.import_key_set(keys), algorithms=["Ed25519"]).claims


def refused(offline: Offline, grant: str, now: float, pool: str = "cad") -> str:
    with pytest.raises(LicenceInvalid) as told:
        offline.verify_grant(grant, pool, now)
    return told.value.code


def test_a_grant_is_verified_with_the_published_keys_alone(pool: Pool, lease: dict[str, Any]) -> None:
    keys = published(pool)
    claims = claims_of(lease, keys)

    grant = Offline(keys, "acme", "laptop").verify_grant(lease["grant"], "cad", claims["nbf"])

    assert "d" not in keys["keys"][0], "the private part is not published"
    assert (grant.id, grant.pool, grant.client_key) == (lease["id"], "cad", "k")
    assert grant.expires_at - claims["nbf"] == HOUR


def test_forged_changed_expired_and_others_grants_are_refused(
    pool: Pool, lease: dict[str, Any], tmp_path: Path
) -> None:
    keys, told = published(pool), lease["grant"]
    claims = claims_of(lease, keys)
    begun, over = claims["nbf"], claims["exp"]
    offline = Offline(keys, "acme", "laptop")
    head, body, signature = told.split(".")
    forged = jwt.encode(
        {"alg": "Ed25519", "kid": keys["keys"][0]["kid"], "typ": "tollbook-grant+jwt"}, claims,
        OKPKey.generate_key("Ed25519"), algorithms=["Ed25519"],
    )  # fmt: skip

    assert refused(offline, forged, begun) == "forged"
    assert refused(offline, f"{head}.{body[:-2]}AA.{signature}", begun) == "forged"
    assert refused(offline, f"{head}.{body}.", begun) == "forged"
    assert refused(offline, told[:-8], begun) == "forged"
    assert refused(offline, told, over) == "expired"
    assert refused(offline, told, begun, "cam") == "other_pool"
    assert refused(Offline(keys, "beta", "laptop"), told, begun) == "other_tenant"
    assert refused(Offline(keys, "acme", "tablet"), told, begun) == "other_machine"
    marked = Offline(keys, "acme", "laptop", Watermark(tmp_path / "mark"))
    assert refused(marked, told, over) == "expired"
    assert refused(marked, told, begun) == "clock_set_back", "so that a clock set back makes no grant longer"


def test_a_grant_is_no_licence_file_nor_one_for_any_device_where_it_names_one(pool: Pool) -> None:
    keys = published(pool)
    any_device = pool.take("ann", "k", borrow_s=HOUR)
    offline = Offline(keys, "acme", "tablet")

    assert offline.verify_grant(any_device["grant"], "cad", claims_of(any_device, keys)["nbf"]).client_key == "k"
    with pytest.raises(LicenceInvalid, match="wrong_kind"):
        offline.verify(any_device["grant"], 0)


def test_a_heartbeat_makes_no_grant_longer(pool: Pool, lease: dict[str, Any]) -> None:
    def again() -> dict[str, Any]:
        answer = pool.beat(lease)
        assert answer.status_code == 200, answer.text
        return answer.json()

    pool.wait("08:59:00")
    assert {name: again()[name] for name in ("expires_at", "grant")} == {
        name: lease[name] for name in ("expires_at", "grant")
    }
    assert pool.take("ann", "k", device="laptop", borrow_s=HOUR)["grant"] == lease["grant"], "nor does a repeat"

    pool.change(borrow_max_s=0)
    assert again()["grant"] == lease["grant"], "what is out cannot be recalled"
    pool.wait("09:00:00")
    back = again()
    assert (back["id"], back["grant"], back["expires_at"]) == (lease["id"], None, "2026-03-02T09:15:00Z")


def test_a_rotated_secret_still_verifies_what_it_signed_before(
    pool: Pool, lease: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published(pool)["keys"]
    monkeypatch.setenv("SECRET_KEY_BEFORE", os.environ["SECRET_KEY"])
    monkeypatch.setenv("SECRET_KEY", "another-" + "y" * 40)

    keys = published(pool)

    assert keys["keys"][1:] == before
    assert keys["keys"][0] != before[0]
    begun = claims_of(lease, keys)["nbf"]
    assert Offline(keys, "acme", "laptop").verify_grant(lease["grant"], "cad", begun).id == lease["id"]
