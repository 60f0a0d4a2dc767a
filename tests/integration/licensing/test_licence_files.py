"""A licence file says what the contract grants, no longer than it does, and is verified with the published keys."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tollbook_client.licence import LicenceInvalid, Offline

from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from tenants.reads import find_tenant
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
Headers = dict[str, str]
URL = "/v1/licence-files"


@pytest.fixture
def headers(client: Client, db: Database, world: World) -> Headers:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2025, 1, 1, tzinfo=UTC))
    own = bearer(world.key("tenant_admin", world.tenant()))
    vendor = bearer(world.key("vendor_admin"), "acme")
    begun = client.post("/v1/subscriptions", headers=vendor, json={"plan": "standard-named", "key": "main"})
    assert begun.status_code == 201, begun.text
    return own


def issued(client: Client, headers: Headers, **body: Any) -> dict[str, Any]:
    answer = client.post(URL, headers=headers, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def offline(client: Client, **more: Any) -> Offline:
    return Offline(client.get("/.well-known/jwks.json").json(), "acme", **more)


def test_it_grants_what_the_service_grants_and_is_verified_offline(client: Client, headers: Headers) -> None:
    now = utc_now().timestamp()
    made = issued(client, headers, name="Frankfurt", fingerprint="aa:bb")

    found = offline(client, fingerprint="aa:bb").verify(made["licence"], now)

    for feature in ("wikis", "file_sharing", "compliance_tracking", "nothing"):
        online = client.get(f"/v1/entitlements/{feature}", headers=headers).json()
        assert found.grants(feature) == online["granted"], feature
        if found.grants(feature):
            assert found.limit(feature) == online["detail"].get("limit"), feature
    assert (found.id, found.claims["sub"], found.claims["plan"]["key"]) == (
        made["about"]["id"], "main", "standard-named",
    )  # fmt: skip
    assert found.claims["exp"] - found.claims["nbf"] == 30 * 86_400
    assert client.get(f"{URL}/{found.id}", headers=headers).json() == made, "fetched again, byte for byte"
    with pytest.raises(LicenceInvalid, match="other_machine"):
        offline(client).verify(made["licence"], now)


def test_a_revoked_one_is_on_the_signed_list_until_its_end(client: Client, headers: Headers) -> None:
    bad, good = issued(client, headers), issued(client, headers)
    before = client.get(f"{URL}/revoked", headers=headers).json()
    revoke = f"{URL}/{bad['about']['id']}/revoke"

    first = client.post(revoke, headers=headers, json={"reason": "stolen"}).json()
    again = client.post(revoke, headers=headers, json={"reason": "another"}).json()
    after = client.get(f"{URL}/revoked", headers=headers).json()

    assert first == again
    assert (first["status"], first["revoked_reason"]) == ("revoked", "stolen")
    assert (before["count"], after["count"]) == (0, 1)
    now = utc_now().timestamp()
    assert offline(client).verify(good["licence"], now, after["revocations"]).id == good["about"]["id"]
    with pytest.raises(LicenceInvalid, match="revoked"):
        offline(client).verify(bad["licence"], now, after["revocations"])
    statuses = [one["status"] for one in client.get(URL, headers=headers).json()["items"]]
    assert statuses == ["valid", "revoked"]


def test_after_a_rotation_the_file_is_fetched_with_the_new_signature(
    client: Client, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, now = issued(client, headers), utc_now().timestamp()
    monkeypatch.setenv("SECRET_KEY", "another secret of more than thirty-two characters")
    later = offline(client)

    with pytest.raises(LicenceInvalid, match="unknown_key"):
        later.verify(made["licence"], now)
    renewed = client.get(f"{URL}/{made['about']['id']}", headers=headers).json()

    assert later.verify(renewed["licence"], now).claims == made["claims"]


def test_it_never_outlives_what_it_states(client: Client, world: World, headers: Headers) -> None:
    vendor, now = bearer(world.key("vendor_admin", name="second"), "acme"), utc_now()
    refused = client.post(URL, headers=headers, json={"valid_until": (now + timedelta(days=400)).isoformat()})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "validity_too_long")

    client.post("/v1/subscriptions/main/cancel", headers=vendor, json={"when": "at_period_end", "reason": "over"})
    ended = client.get("/v1/subscriptions/main", headers=vendor).json()

    assert issued(client, headers)["about"]["valid_until"] <= ended["ends_at"]
    late = client.post(URL, headers=headers, json={"valid_from": ended["ends_at"]})
    assert (late.status_code, late.json()["code"]) == (409, "licence_not_granted")


def test_what_cannot_be_stated_is_refused_in_a_sentence(client: Client, world: World, headers: Headers) -> None:
    now = utc_now()
    for body, code in (
        ({"valid_until": (now - timedelta(days=1)).isoformat()}, "licence_invalid"),
        ({"valid_from": "9000-12-31T00:00:00Z"}, "licence_invalid"),
        ({"valid_from": "1900-01-01T00:00:00Z"}, "licence_not_granted"),
        ({"valid_from": "9999-12-31T00:00:00Z"}, "malformed_request"),
        ({"subscription": "another"}, "not_found"),
    ):
        answer = client.post(URL, headers=headers, json=body)
        assert (answer.json()["code"], answer.status_code < 500) == (code, True), body
    assert client.post(URL, headers=headers, json={"name": "a\x00"}).status_code in (400, 422)
    with world.db.begin(TenantScope(VENDOR_ID)) as session:
        acme = find_tenant(session, "acme")
    reader = bearer(world.key("tenant_finance", acme, name="reader"))
    assert client.post(URL, headers=reader, json={}).status_code == 403
    other = bearer(world.key("tenant_admin", world.tenant("beta")))
    made = issued(client, headers)["about"]["id"]
    assert client.get(f"{URL}/{made}", headers=other).status_code == 404
    assert client.post(f"{URL}/{made}/revoke", headers=other, json={"reason": "x"}).status_code == 404
    assert client.post(URL, headers=other, json={}).json()["code"] == "licence_not_granted"


NODE = """
const [licence, keys] = process.argv.slice(1);
const [head, body, signature] = licence.split('.');
const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
const key = require('crypto').createPublicKey({ key: JSON.parse(keys).keys.find((k) => k.kid === kid), format: 'jwk' });
const good = require('crypto').verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
console.log(good, JSON.parse(Buffer.from(body, 'base64url')).sub);
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
def test_another_language_verifies_it_with_the_published_keys(client: Client, headers: Headers) -> None:
    licence, keys = issued(client, headers)["licence"], client.get("/.well-known/jwks.json").text

    told = subprocess.run(["node", "-e", NODE, licence, keys], capture_output=True, text=True, check=True, timeout=30)

    assert told.stdout.split() == ["true", "main"]
