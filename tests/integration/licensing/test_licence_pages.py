"""Licence files on the page: issued, downloaded, revoked; what cannot be is said there."""

import re
from datetime import UTC, datetime

from litestar import Litestar
from litestar.testing import TestClient
from tollbook_client.licence import Offline

from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from tests.builders.world import World, bearer

BASE = "/admin/acme/licence-files"


def test_a_file_is_issued_downloaded_and_revoked(client: TestClient[Litestar], db: Database, world: World) -> None:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2025, 1, 1, tzinfo=UTC))
    world.key("tenant_admin", world.tenant())
    vendor = bearer(world.key("vendor_admin"), "acme")
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    empty = client.get(BASE).text
    client.post("/v1/subscriptions", headers=vendor, json={"plan": "standard-named", "key": "main"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', empty)
    assert token
    assert "No contract runs at this moment" in empty

    def send(address: str, **said: str) -> str:
        return client.post(address, data={"csrf_token": token[1], **said}).text

    assert "until" in send(BASE, name="Frankfurt", ends_on="2099-01-01"), "no longer than the contract says"
    page = send(BASE, name="Frankfurt", ends_on="")
    here = re.search(rf"{BASE}/[0-9a-f-]+(?=/download)", page)
    assert here
    assert "Wikis" in page
    file = client.get(f"{here[0]}/download")
    offline = Offline(client.get("/.well-known/jwks.json").json(), "acme")
    assert offline.verify(file.text, utc_now().timestamp()).claims["name"] == "Frankfurt"
    assert file.headers["content-disposition"].endswith('.jws"')

    assert "Type the word" in send(f"{here[0]}/revoke", word="something else")
    assert "at most 500 characters" in send(f"{here[0]}/revoke", word="revoke", reason="x" * 501)
    revoked = send(f"{here[0]}/revoke", word="revoke", reason="The laptop was stolen")
    assert ">Revoked<" in revoked
    assert "The laptop was stolen" in revoked
    assert "Frankfurt" in client.get(BASE).text
    listed = client.get(f"{BASE}/revocations").text
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", listed)
