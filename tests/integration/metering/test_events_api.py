"""POST and GET /v1/events over HTTP, in all modes, on a real database."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zstandard
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.world import World, bearer

BATCH = "application/cloudevents-batch+json"
Client = TestClient[Litestar]


def event(event_id: str = "e-1", **changes: Any) -> dict[str, Any]:
    whole = {
        "specversion": "1.0",
        "id": event_id,
        "source": "https://lms.example/",
        "type": "course.launched",
        "time": "2026-01-10T10:00:00Z",
        "subject": "ann",
        "data": {"course_id": "c-1", "course_type": "wbt"},
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def send(client: Client, key: str, body: Any, content_type: str = BATCH, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/events", content=content, headers=bearer(key, **{"Content-Type": content_type}, **headers))


def count(db: Database, tenant: Any, table: str) -> int:
    with db.begin(TenantScope(tenant.id)) as session:
        return int(session.execute(text(f"select count(*) from {table}")).scalar_one())


def test_a_batch_answers_each_item_by_itself(client: Client, world: World, db: Database) -> None:
    acme = world.tenant()
    key = world.key("tenant_admin", acme)
    batch = [
        event("1"),
        event("1"),
        event("1", data={"course_id": "c-2", "course_type": "wbt"}),
        event("2", subject=None),
        event("3", type="coffee.brewed", data={"beans": "robusta"}),
        "nonsense",
    ]

    answer = send(client, key, batch)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["duplicate"], body["unmetered"]) == (2, 1, 1)
    assert [(item["index"], item["id"], item["code"]) for item in body["conflicts"]] == [(2, "1", "conflict")]
    assert [(item["index"], item["id"], item["code"]) for item in body["rejected"]] == [
        (3, "2", "subject_missing"),
        (5, None, "event_invalid"),
    ]
    assert all(item["detail"] for item in body["conflicts"] + body["rejected"])
    assert [count(db, acme, table) for table in ("fact_key", "fact", "fact_body")] == [2, 2, 2]


def test_422_with_the_same_body_only_when_nothing_was_taken(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    assert send(client, key, [event("1")]).status_code == 200

    changed = event("1", data={"course_id": "c-2", "course_type": "wbt"})
    answer = send(client, key, [changed, event("2", time="soon")])
    assert answer.status_code == 422
    assert (answer.json()["accepted"], len(answer.json()["conflicts"]), len(answer.json()["rejected"])) == (0, 1, 1)

    assert send(client, key, [event("1"), changed]).status_code == 200  # a duplicate is no failure
    assert send(client, key, []).json() == {
        "accepted": 0,
        "duplicate": 0,
        "conflicts": [],
        "rejected": [],
        "unmetered": 0,
    }


def test_a_repeat_with_another_time_is_a_duplicate_and_the_first_time_stays(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    send(client, key, [event("1")])

    answer = send(client, key, [event("1", time="2026-02-01T00:00:00Z")])

    assert answer.json()["duplicate"] == 1
    shown = client.get("/v1/events/https%3A%2F%2Flms.example%2F/1", headers=bearer(key)).json()
    assert shown["time"] == "2026-01-10T10:00:00Z"


def test_all_modes_give_the_same_event(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    whole = event("1")

    assert send(client, key, whole, "application/cloudevents+json").json()["accepted"] == 1
    assert send(client, key, [whole]).json()["duplicate"] == 1
    assert send(client, key, whole, "application/json").json()["duplicate"] == 1
    assert send(client, key, [event("1", specversion=None)], "application/json").json()["duplicate"] == 1
    attributes = {f"ce-{name}": str(value) for name, value in whole.items() if name != "data"}
    assert send(client, key, whole["data"], "application/json", **attributes).json()["duplicate"] == 1
    packed = json.dumps([whole]).encode()
    assert send(client, key, gzip.compress(packed), **{"Content-Encoding": "gzip"}).json()["duplicate"] == 1
    assert send(client, key, zstandard.compress(packed), **{"Content-Encoding": "zstd"}).json()["duplicate"] == 1


@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status", "code"),
    [
        (b"[]", "text/plain", {}, 415, "media_type_unsupported"),
        (b"[]", BATCH, {"Content-Encoding": "br"}, 415, "content_encoding_unsupported"),
        (b"[", BATCH, {}, 400, "body_malformed"),
        (b"", BATCH, {}, 400, "body_malformed"),
        (b"[" + b"1," * 10_000 + b"1]", BATCH, {}, 413, "too_many_events"),
        (gzip.compress(b" " * 10_000_001), BATCH, {"Content-Encoding": "gzip"}, 413, "body_too_large"),
        (b" " * 10_000_001, BATCH, {}, 413, "body_too_large"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_whole(
    client: Client, world: World, body: bytes, content_type: str, headers: dict[str, str], status: int, code: str
) -> None:
    key = world.key("tenant_admin", world.tenant())

    answer = send(client, key, body, content_type, **headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_may_send(client: Client, world: World) -> None:
    acme = world.tenant()

    assert client.post("/v1/events", content=b"[]").status_code == 401
    assert send(client, world.key("tenant_finance", acme), [event()]).status_code == 403
    vendor = world.key("vendor_admin")
    assert send(client, vendor, [event()]).json()["code"] == "tenant_required"
    assert send(client, vendor, [event()], **{"Tbk-Tenant": "acme"}).json()["accepted"] == 1


def test_the_future_begins_five_minutes_after_the_tenants_own_now(client: Client, world: World, db: Database) -> None:
    real = world.key("tenant_admin", world.tenant("real"))
    with db.begin(TenantScope(VENDOR_ID)) as session:
        clock = create_test_clock(session, "sandbox", datetime(2030, 1, 1, tzinfo=UTC), "system:tests", utc_now())
    sandbox = world.key("tenant_admin", world.tenant("sandbox", test_clock_id=clock))

    soon, too_soon = utc_now() + timedelta(minutes=4), utc_now() + timedelta(minutes=6)
    assert send(client, real, [event("1", time=soon.isoformat())]).json()["accepted"] == 1
    assert send(client, real, [event("2", time=too_soon.isoformat())]).json()["rejected"][0]["code"] == "time_in_future"
    assert send(client, sandbox, [event("3", time="2030-01-01T00:05:00Z")]).json()["accepted"] == 1
    late = send(client, sandbox, [event("4", time="2030-01-01T00:05:01Z")])
    assert late.json()["rejected"][0]["code"] == "time_in_future"


def test_an_event_is_shown_as_it_was_sent_to_those_who_may_see_people(client: Client, world: World) -> None:
    acme = world.tenant()
    person = {"class": "guest", "name": "Ann Lee", "email": "ann@x.example"}
    data = {"kind": "answer", "object_id": "o/1", "object_owner": "bob", "person": person, "free": {"deep": [1.5]}}
    sent = event("id/with slash", source="s", type="contribution.created", data=data)
    send(client, world.key("tenant_admin", acme), [sent])

    shown = client.get("/v1/events/s/id%2Fwith%20slash", headers=bearer(world.key("tenant_finance", acme))).json()
    assert (shown["source"], shown["id"], shown["subject"], shown["status"]) == (
        "s",
        "id/with slash",
        "ann",
        "original",
    )
    assert shown["data"] == {**data, "person": {"class": "guest"}}

    sales = client.get("/v1/events/s/id%2Fwith%20slash", headers=bearer(world.key("vendor_sales"), "acme")).json()
    assert (sales["subject"], sales["data"]["object_owner"]) == (None, None)


def test_another_tenants_event_does_not_exist(client: Client, world: World) -> None:
    acme, other = world.tenant("acme"), world.tenant("other")
    send(client, world.key("tenant_admin", acme), [event("1")])
    stranger = world.key("tenant_admin", other)

    missing = client.get("/v1/events/https%3A%2F%2Flms.example%2F/1", headers=bearer(stranger))
    assert (missing.status_code, missing.json()["code"]) == (404, "event_not_found")
    assert client.get("/v1/events", headers=bearer(stranger)).json()["items"] == []
    assert send(client, stranger, [event("1")]).json()["accepted"] == 1


def test_events_are_listed_by_time_in_pages(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    send(client, key, [event(str(n), time=f"2026-01-0{9 - n}T00:00:00Z", subject=f"p{n % 2}") for n in range(5)])
    span = {"from": "2026-01-05T00:00:00Z", "to": "2026-01-09T00:00:00Z"}

    first = client.get("/v1/events", params=span | {"limit": 3}, headers=bearer(key)).json()
    rest = client.get(
        "/v1/events", params=span | {"limit": 3, "cursor": first["next_cursor"]}, headers=bearer(key)
    ).json()

    # From the 5th, included, to the 9th, not included: four of the five.
    assert [item["id"] for item in first["items"] + rest["items"]] == ["4", "3", "2", "1"]
    assert rest["next_cursor"] is None
    some = client.get(
        "/v1/events", params=span | {"subject": "p1", "type": "course.launched"}, headers=bearer(key)
    ).json()
    assert [item["id"] for item in some["items"]] == ["3", "1"]
    assert client.get("/v1/events", params={"from": "2026-01-05T00:00:00"}, headers=bearer(key)).status_code == 422
    assert client.get("/v1/events", params={"cursor": "x"}, headers=bearer(key)).json()["code"] == "invalid_input"


def correct(client: Client, key: str, **changes: Any) -> Any:
    body = {"source": "https://lms.example/", "id": "1", "kind": "void", "reason": "sent by mistake"} | changes
    return client.post("/v1/events/corrections", json=body, headers=bearer(key))


def test_corrections_stand_beside_the_event_and_the_last_one_holds(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    new = {name: value for name, value in event(subject="bob").items() if name in ("type", "time", "subject", "data")}

    assert correct(client, key).status_code == 201  # it may come before its event
    assert send(client, key, [event("1")]).json()["accepted"] == 1
    address = "/v1/events/https%3A%2F%2Flms.example%2F/1"
    assert client.get(address, headers=bearer(key)).json()["status"] == "voided"
    assert send(client, key, [event("1")]).json()["duplicate"] == 1  # and it stays void

    assert correct(client, key, kind="replace", reason="it was Bob", replacement=new).status_code == 201
    shown = client.get(address, headers=bearer(key)).json()
    assert (shown["status"], shown["subject"]) == ("replaced", "ann")
    assert [(item["kind"], item["reason"]) for item in shown["corrections"]] == [
        ("void", "sent by mistake"),
        ("replace", "it was Bob"),
    ]
    assert shown["corrections"][0]["author"].startswith("user:")
    assert shown["corrections"][1]["replacement"]["data"] == new["data"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"reason": " "}, 422, "reason_missing"),
        ({"kind": "replace"}, 422, "replacement_missing"),
        ({"replacement": {}}, 422, "replacement_superfluous"),
        ({"kind": "replace", "replacement": {"type": "course.launched"}}, 422, "time_missing"),
        ({"kind": "delete"}, 400, None),
    ],
)
def test_a_correction_that_says_too_little_is_refused(
    client: Client, world: World, changes: dict[str, Any], status: int, code: str | None
) -> None:
    answer = correct(client, world.key("tenant_admin", world.tenant()), **changes)

    assert answer.status_code == status
    if code is not None:
        assert answer.json()["errors"][0]["code"] == code


def test_a_replacement_leaves_personal_data_outside(client: Client, world: World, db: Database) -> None:
    acme = world.tenant()
    data = {"object_id": "o", "contributor": "carl", "person": {"class": "test", "name": "Ann Lee"}}
    new = {"type": "contribution.accepted", "time": "2026-01-11T00:00:00Z", "subject": "ann", "data": data}

    made = correct(client, world.key("tenant_admin", acme), kind="replace", replacement=new).json()

    with db.begin(TenantScope(acme.id)) as session:
        (stored,) = session.execute(text("select replacement from correction")).scalars()
        keys = dict(session.execute(text("select key, id from identity")).tuples().all())
        traits = session.execute(
            text("select trait, value, event_key::text from person_trait where value = 'test'")
        ).all()
    assert stored["identity_id"] == keys["ann"]
    assert stored["attributes"] == {"object_id": "o", "contributor": keys["carl"]}
    assert stored["data"] == {"object_id": "o", "contributor": keys["carl"], "person": {"class": "test"}}
    assert [tuple(row) for row in traits] == [("class", "test", made["id"])]


def test_the_schemas_are_for_everybody(client: Client) -> None:
    index = client.get("/schemas").json()
    assert len(index["items"]) == 21
    for item in index["items"]:
        assert client.get(item["schema"]).json()["title"] == item["type"]
    missing = client.get("/schemas/coffee.brewed")
    assert (missing.status_code, missing.json()["code"]) == (404, "schema_not_found")
