"""Floating pools on their pages: how full, who is in, whose seat lingers, and who was not let in."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from litestar import Litestar
from litestar.testing import TestClient

from app.pages.admin.floating import inside_table
from app.pages.tables import TableQuery
from metering.leases import Stretch
from plans.licensing.reads import Inside
from tests.builders.world import World, bearer

BASE = "/admin/acme/floating-pools"


def test_the_pages_tell_who_is_in_and_who_was_not_let_in(client: TestClient[Litestar], world: World) -> None:
    tenant = world.tenant()
    key = bearer(world.key("tenant_admin", tenant))
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    assert "No floating pools yet" in client.get(BASE).text
    assert f'href="{BASE}"' in client.get("/admin/acme/concurrency").text

    client.post("/v1/pools", json={"key": "cad", "name": "Drawing", "seats": 2, "linger_s": 600}, headers=key)
    ids = {}
    for person in ("ada", "ben", "cleo"):
        body = {"person": person, "client_key": person, "group": "hr"}
        answer = client.post("/v1/pools/cad/leases", json=body, headers=key)
        ids[person] = answer.json().get("id")
    assert ids["cleo"] is None
    assert client.delete(f"/v1/leases/{ids['ben']}", headers=key).status_code == 204

    listed = client.get(BASE).text
    assert "Drawing" in listed
    page = client.get(f"{BASE}/cad").text
    now = client.get(f"{BASE}/cad/live").text
    for text in (page, now):
        assert "2 <small>of 2</small>" in text, "a seat that lingers is taken"
        assert ">In<" in text
        assert ">Lingers<" in text
        assert "1 <small>0 true</small>" in text, "Cleo may still get in"
    assert "Every seat was in use" in page
    assert ">Not let in so far<" in page
    assert '"values":["0"' in page
    assert '"2"]' in page
    assert client.get(f"{BASE}/none").status_code == 404


def test_a_pool_is_made_and_changed_on_the_page_and_faults_stand_at_their_fields(
    client: TestClient[Litestar], world: World
) -> None:
    tenant = world.tenant()
    key = bearer(world.key("tenant_admin", tenant))
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(BASE).text)
    assert token

    def send(path: str, **said: str) -> Any:
        return client.post(path, data={"csrf_token": token[1], **said})

    wrong = send(BASE, key="-cad", seats="many", mode="hard", linger_s="90000", group_0="hr", group_1="hr")
    assert wrong.status_code == 422
    assert set(re.findall(r'class="error" id="f([\w]+)-fault"', wrong.text)) == {
        "key", "seats", "linger_s", "group_1",
    }  # fmt: skip
    rules = {"seats": "10", "mode": "overdraft", "overdraft": "2", "linger_s": "60", "group_0": "hr", "least_0": "3"}
    made = send(BASE, key="cad", name="Drawing", count_by="person_device", **rules)
    assert "Drawing" in made.text
    known = client.get("/v1/pools", headers=key).json()["items"][0]
    said = ("key", "name", "mode", "seats", "overdraft", "capacity", "count_by", "lease_s", "linger_s")
    assert [known[name] for name in said] == ["cad", "Drawing", "overdraft", 10, 2, 12, "person_device", 900, 60]
    assert known["groups"] == {"hr": {"least": 3, "most": None}}

    too_many = send(f"{BASE}/cad", seats="2", mode="hard", group_0="hr", least_0="3")
    assert too_many.status_code == 422
    assert "3 seats are kept for groups, the pool lets in 2." in too_many.text
    page = send(f"{BASE}/cad", name="Drawing", seats="4", mode="hard", overdraft="2", group_0="hr", least_0="3").text
    assert 'value="hr"' in page
    known = client.get("/v1/pools", headers=key).json()["items"][0]
    # The overdraft that stood in the form is of the mode that it has no more.
    assert [known[name] for name in ("mode", "seats", "overdraft", "linger_s")] == ["hard", 4, 0, 0]
    assert send(f"{BASE}/none", seats="4", mode="hard").status_code == 404


def test_denials_are_told_by_hour_and_group_and_who_only_reads_changes_nothing(
    client: TestClient[Litestar], world: World
) -> None:
    tenant = world.tenant()
    key = bearer(world.key("tenant_admin", tenant))
    world.key("tenant_auditor", tenant)
    client.post("/v1/pools", json={"key": "cad", "seats": 1}, headers=key)
    for person in ("ada", "ben", "cleo"):
        client.post(
            "/v1/pools/cad/leases", json={"person": person, "client_key": person, "group": "sales"}, headers=key
        )

    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_auditor@acme.example", "password": "correct horse battery"})
    page = client.get(f"{BASE}/cad").text

    assert "Denials by hour and group" in page
    assert re.search(r">sales<.*?>2<", page, re.DOTALL)
    assert "Change the rules" not in page
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token
    refused = client.post(f"{BASE}/cad", data={"csrf_token": token[1], "seats": "9", "mode": "hard"})
    assert refused.status_code == 403


def test_who_is_in_is_told_page_by_page() -> None:
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    open_ = tuple(
        Stretch("cad", uuid4(), start, f"u{n}", f"c{n}", n, None, "", start + timedelta(hours=1), 900, 0)
        for n in range(130)
    )
    names = {n: f"person {n}" for n in range(130)}

    first = inside_table(Inside(open_, ()), names, ZoneInfo("UTC"), TableQuery.of("/p", {}))
    rest = inside_table(Inside(open_, ()), names, ZoneInfo("UTC"), TableQuery.of("/p", {"after": "120"}))

    assert first.pager is not None
    assert first.pager.next == f"/p?after={len(first.rows)}"
    assert rest.rows[-1][0].text == "person 129"
