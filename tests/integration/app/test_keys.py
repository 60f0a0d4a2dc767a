"""Keys through the API and the page: made, shown once, used, rotated, revoked; whose name they act in."""

import re
import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.event import listen, remove

from app import senders
from core import remembering
from core.clock import utc_now
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
KEYS = "/v1/api-keys"


def later(monkeypatch: pytest.MonkeyPatch, seconds: float = 2.0) -> None:
    """Let what is remembered of keys be forgotten, as it is after two seconds."""
    clock = time.monotonic
    monkeypatch.setattr(remembering, "time", SimpleNamespace(monotonic=lambda: clock() + seconds))


def make(client: Client, asker: str, **wish: Any) -> dict[str, Any]:
    answer = client.post(KEYS, headers=bearer(asker), json={"name": "suite", **wish})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_key_is_shown_once_reaches_no_further_than_its_scopes_and_its_use_is_noted(
    client: Client, world: World
) -> None:
    admin = world.key("tenant_admin", world.tenant())

    made = make(client, admin, scopes=["people:read"])

    assert client.get("/v1/people", headers=bearer(made["token"])).status_code == 200
    assert client.post("/v1/people", headers=bearer(made["token"]), json=[]).status_code == 403
    listed = client.get(KEYS, headers=bearer(admin))
    shown = listed.json()["items"][0]
    assert (shown["id"], shown["status"], shown["scopes"]) == (made["id"], "active", ["people:read"])
    assert shown["last_used_at"] is not None
    assert made["token"] not in listed.text


def test_the_use_of_a_key_is_noted_once_a_minute(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = make(client, world.key("tenant_admin", world.tenant()))["token"]
    begun, written = utc_now(), list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE api_key"):
            written.append(statement)

    def noted_after(seconds: float) -> tuple[timedelta, int]:
        """Use the key then, and return when it was last noted, and how often anything was."""
        monkeypatch.setattr(senders, "utc_now", lambda: begun + timedelta(seconds=seconds))
        later(monkeypatch, 1_000 + 10 * seconds)
        shown = client.get(KEYS, headers=bearer(token)).json()["items"]
        (last,) = (one["last_used_at"] for one in shown if one["name"] == "suite")
        return datetime.fromisoformat(last) - begun, len(written)

    listen(world.db.app, "before_cursor_execute", note)
    try:
        assert noted_after(0) == (timedelta(0), 1)
        for seconds in (10, 60):  # forgotten, and looked up again
            assert noted_after(seconds) == (timedelta(0), 1)
        assert noted_after(61) == (timedelta(seconds=61), 2)
        assert noted_after(120) == (timedelta(seconds=61), 2)
    finally:
        remove(world.db.app, "before_cursor_execute", note)


def test_a_revoked_key_is_refused_within_two_seconds_and_stays_in_the_list(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = world.key("tenant_admin", world.tenant())
    made = make(client, admin)
    assert client.get("/v1/me", headers=bearer(made["token"])).status_code == 200

    for _ in range(2):  # once more changes nothing
        assert client.delete(f"{KEYS}/{made['id']}", headers=bearer(admin)).status_code == 204

    later(monkeypatch)
    assert client.get("/v1/me", headers=bearer(made["token"])).json()["code"] == "unauthenticated"
    assert client.get(KEYS, headers=bearer(admin)).json()["items"][0]["status"] == "revoked"
    actions = [line["action"] for line in client.get("/v1/audit", headers=bearer(admin)).json()["items"]]
    assert actions.count("revoke_api_key") == 1


def test_a_rotated_key_goes_on_for_the_overlap_and_then_has_expired(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = world.key("tenant_admin", world.tenant())
    old = make(client, admin, scopes=["people:read"])

    new = client.post(f"{KEYS}/{old['id']}/rotate", headers=bearer(admin), json={"overlap_hours": 1}).json()

    for token in (old["token"], new["token"]):
        assert client.get("/v1/people", headers=bearer(token)).status_code == 200
        assert client.post("/v1/people", headers=bearer(token), json=[]).status_code == 403
    monkeypatch.setattr(senders, "utc_now", lambda: utc_now() + timedelta(hours=1))
    later(monkeypatch)
    assert client.get("/v1/people", headers=bearer(old["token"])).status_code == 401
    assert client.get("/v1/people", headers=bearer(new["token"])).status_code == 200


def test_a_successor_lives_as_long_as_the_old_key_did_and_a_dead_one_has_none(client: Client, world: World) -> None:
    admin = world.key("tenant_admin", world.tenant())
    end = utc_now() + timedelta(days=30)
    old = make(client, admin, expires_at=end.isoformat())

    rotate = {"headers": bearer(admin), "json": {"overlap_hours": 0}}
    new = client.post(f"{KEYS}/{old['id']}/rotate", **rotate)  # type: ignore[arg-type]
    again = client.post(f"{KEYS}/{old['id']}/rotate", **rotate)  # type: ignore[arg-type]

    assert new.json()["expires_at"] > end.isoformat()[:19]
    assert (again.status_code, again.json()["code"]) == (409, "key_not_active")


def test_who_may_not_manage_users_gets_no_key_in_anothers_name_but_may_revoke_it(client: Client, world: World) -> None:
    acme = world.tenant()
    admin, finance = world.key("tenant_admin", acme), world.key("tenant_finance", acme)
    theirs = client.get(KEYS, headers=bearer(admin)).json()["items"][0]

    made = client.post(KEYS, headers=bearer(admin), json={"name": "x", "email": "tenant_finance@acme.example"})
    rotated = client.post(f"{KEYS}/{theirs['id']}/rotate", headers=bearer(admin), json={})
    revoked = client.delete(f"{KEYS}/{theirs['id']}", headers=bearer(admin))

    assert theirs["email"] == "tenant_finance@acme.example"
    assert [(one.status_code, one.json()["code"]) for one in (made, rotated)] == [(403, "key_not_yours")] * 2
    assert revoked.status_code == 204
    assert client.get(KEYS, headers=bearer(finance)).status_code in (401, 403)


def test_a_narrow_key_makes_no_wider_one(client: Client, world: World) -> None:
    admin = world.key("tenant_admin", world.tenant())
    wide = make(client, admin)
    narrow = make(client, admin, scopes=["connect:write"])["token"]

    wider = client.post(KEYS, headers=bearer(narrow), json={"name": "x", "scopes": ["people:write"]})
    rotated = client.post(f"{KEYS}/{wide['id']}/rotate", headers=bearer(narrow), json={})

    for answer in (wider, rotated):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "scope_beyond_asker")
    child = make(client, narrow)["token"]
    assert client.get("/v1/me", headers=bearer(child)).json()["scopes"] == ["connect:write"]


def test_another_tenants_key_looks_like_one_that_does_not_exist(client: Client, world: World) -> None:
    mine, other = world.key("tenant_admin", world.tenant()), world.key("tenant_admin", world.tenant("beta"))
    made = make(client, mine)

    for key_id in (made["id"], uuid4()):
        assert client.delete(f"{KEYS}/{key_id}", headers=bearer(other)).status_code == 404
        assert client.post(f"{KEYS}/{key_id}/rotate", headers=bearer(other), json={}).status_code == 404
    assert client.get("/v1/me", headers=bearer(made["token"])).status_code == 200


def test_faults_of_a_wish_are_told_together(client: Client, world: World) -> None:
    admin = world.key("tenant_admin", world.tenant())

    answer = client.post(
        KEYS, headers=bearer(admin), json={"name": " ", "scopes": [], "expires_at": "2020-01-01T00:00:00Z"}
    )

    assert {one["code"] for one in answer.json()["errors"]} == {"name_missing", "scopes_missing", "expiry_past"}


def test_the_page_makes_rotates_and_revokes(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.key("tenant_admin", world.tenant())
    client.headers["accept"] = "text/html"
    form = {"email": "tenant_admin@acme.example", "password": "correct horse battery", "next": ""}
    client.post("/sign-in", data=form)
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/admin/acme/keys").text)
    assert found
    csrf = {"csrf_token": found[1]}

    made = client.post("/admin/acme/keys", data={**csrf, "name": "LMS <b>", "scope.people:read": "on"})
    token = re.search(r'value="(tb_[^"]+)"', made.text)
    assert token
    assert made.headers["cache-control"] == "no-store"
    listed = client.get("/admin/acme/keys").text
    assert "LMS &lt;b&gt;" in listed
    assert token[1] not in listed
    page = re.search(r'href="(/admin/acme/keys/[0-9a-f-]{36})">LMS', listed)
    assert page
    assert client.get("/v1/people", headers=bearer(token[1])).status_code == 200

    successor = re.search(r'value="(tb_[^"]+)"', client.post(f"{page[1]}/rotate", data={**csrf, "hours": "24"}).text)
    assert successor
    assert "Not done." in client.post(f"{page[1]}/revoke", data={**csrf, "word": "no"}).text
    client.post(f"{page[1]}/revoke", data={**csrf, "word": "revoke"})
    later(monkeypatch)
    client.cookies.clear()
    assert client.get("/v1/people", headers=bearer(token[1])).status_code == 401
    assert client.get("/v1/people", headers=bearer(successor[1])).status_code == 200
