"""Custom meters end to end: defined over HTTP, fed by events, read like any other meter."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from metering.tasks import backfill_meters
from tests.builders.suite import Suite
from tests.builders.world import World, bearer

Client = TestClient[Litestar]

POINTS: dict[str, Any] = {
    "key": "quiz.points",
    "filter": {"types": ["acme.quiz.finished"], "where": [{"field": "passed", "op": "eq", "value": True}]},
    "aggregation": "sum",
    "value_field": "score.points",
    "fields": {"score.points": "number", "passed": "bool", "room": "text"},
    "dimensions": ["room"],
    "unit": "point",
}


@pytest.fixture
def suite(client: Client, world: World) -> Suite:
    return Suite(client, world)


def define(suite: Suite, key: str = "", tenant: str | None = None, **changes: Any) -> Any:
    return suite.client.post("/v1/meters", json=POINTS | changes, headers=bearer(key or suite.key, tenant))


def quiz(suite: Suite, who: str, at: str, points: Any, room: str = "a", passed: Any = True) -> dict[str, Any]:
    return suite.tell("acme.quiz.finished", who, at, score={"points": points}, room=room, passed=passed)


def usage(suite: Suite, **query: Any) -> Any:
    params = {"meter": "quiz.points", "from": "2026-03-01", "to": "2026-04-01", **query}
    return suite.client.get("/v1/usage", params=params, headers=bearer(suite.key)).json()


def stored(suite: Suite) -> int:
    return int(suite.sql("select count(*) from meter_value where tenant_id = :tenant").scalar_one())


def backfill(suite: Suite) -> Any:
    return suite.client.get("/v1/meters/quiz.points/backfill", headers=bearer(suite.key)).json()


def test_a_meter_counts_what_was_there_before_and_what_comes_after(suite: Suite) -> None:
    quiz(suite, "ann", "2026-03-02 10:00", 1.5)
    quiz(suite, "ann", "2026-03-03 10:00", "2.25", room="b")
    quiz(suite, "bob", "2026-03-04 10:00", 100, passed=False)

    assert define(suite).status_code == 201
    # Read from the bodies: 1.5 + 2.25. Nothing is prepared yet.
    assert usage(suite)["total"] == "3.75"
    assert (backfill(suite)["state"], backfill(suite)["total"], stored(suite)) == ("waiting", 3, 0)

    quiz(suite, "cid", "2026-03-05 10:00", 10, room="b")
    # The new fact is prepared with its own transaction, those from before are not.
    assert (usage(suite)["total"], stored(suite)) == ("13.75", 1)

    assert backfill_meters(suite.db, chunk=2) == 3
    done = backfill(suite)
    # Two facts, then two more, then none: four of the type, three of them passed.
    assert (done["state"], done["looked_at"], done["found"], done["total"]) == ("finished", 4, 3, 4)
    assert (usage(suite)["total"], stored(suite)) == ("13.75", 3)
    groups = {item["group"]["room"]: item["quantity"] for item in usage(suite, group_by="room")["items"]}
    assert groups == {"a": "1.5", "b": "12.25"}

    quiz(suite, "dan", "2026-03-06 10:00", -1)
    assert (usage(suite)["total"], stored(suite)) == ("12.75", 4)


def test_what_a_custom_meter_is_about_is_not_unmetered(suite: Suite, client: Client, world: World) -> None:
    def unmetered(*types: str) -> int:
        events = [suite.event(name, "ann", "2026-03-02 10:00") for name in types]
        return int(suite.post(events).json()["unmetered"])

    types = ("acme.quiz.finished", "acme.quiz.opened", "course.launched")
    assert unmetered(*types[:2]) == 2
    assert define(suite).status_code == 201
    # From the next event on, in every process: the flight's transaction sees the meters that hold in it.
    assert unmetered(*types[:2], types[0]) == 1
    known = suite.event(types[0], "bob", "2026-03-02 11:00")
    assert suite.post([known]).json()["unmetered"] == 0
    mixed = suite.post([known, suite.event("acme.other", "bob", "2026-03-02 12:00")]).json()
    assert (mixed["accepted"], mixed["duplicate"], mixed["unmetered"]) == (1, 1, 1)

    vendors = POINTS | {"key": "quiz.opened", "filter": {"types": ["acme.quiz.opened"], "where": []}}
    answer = client.post("/v1/meters", json=vendors, headers=bearer(world.key("vendor_admin")))
    assert answer.status_code == 201, answer.text
    assert unmetered(*types[:2]) == 0
    other = Suite(client, world, "other")
    assert other.post([other.event(name, "ann", "2026-03-02 10:00") for name in types[:2]]).json()["unmetered"] == 1


def test_a_key_has_versions_that_never_change(suite: Suite) -> None:
    quiz(suite, "ann", "2026-03-02 10:00", 5)
    first, again = define(suite).json(), define(suite).json()
    second = define(suite, aggregation="max").json()

    assert (first["name"], again["name"], second["name"]) == ("quiz.points@1", "quiz.points@1", "quiz.points@2")
    quiz(suite, "ann", "2026-03-02 10:00", 3)
    # By its exact name each version says what it always said; the key means the newest.
    assert usage(suite, meter="quiz.points@1")["total"] == "8"
    assert (usage(suite)["meter"], usage(suite)["total"]) == ("quiz.points@2", "5")

    shown = suite.client.get("/v1/meters/quiz.points", headers=bearer(suite.key)).json()
    assert (shown["meter"]["version"], [one["version"] for one in shown["versions"]]) == (2, [1, 2])
    retired = suite.client.post("/v1/meters/quiz.points@2/retire", headers=bearer(suite.key)).json()
    assert retired["retired_at"] is not None
    assert usage(suite)["total"] == "5"


def test_the_vendors_meters_are_everybodys_and_a_customers_its_own(suite: Suite, client: Client, world: World) -> None:
    vendor = world.key("vendor_admin")
    other = Suite(client, world, "other")
    assert define(suite, key=vendor).json()["origin"] == "vendor"
    assert define(suite).json()["code"] == "meter_key_taken"
    mine = POINTS | {"key": "mine"}
    assert suite.client.post("/v1/meters", json=mine, headers=bearer(suite.key)).json()["origin"] == "own"

    def keys(of: Suite) -> list[str]:
        items = of.client.get("/v1/meters", headers=bearer(of.key)).json()["items"]
        return [item["key"] for item in items if item["origin"] != "built_in"]

    assert (keys(suite), keys(other)) == (["mine", "quiz.points"], ["quiz.points"])
    assert other.client.get("/v1/meters/mine", headers=bearer(other.key)).json()["code"] == "meter_not_found"
    # What a customer has taken is not the vendor's to define, and what the vendor has nobody else retires.
    assert suite.client.post("/v1/meters", json=mine, headers=bearer(vendor)).status_code == 409
    assert suite.client.post("/v1/meters/quiz.points/retire", headers=bearer(suite.key)).status_code == 404

    quiz(suite, "ann", "2026-03-02 10:00", 5)
    quiz(other, "ann", "2026-03-02 10:00", 7)
    assert (usage(suite)["total"], usage(other)["total"]) == ("5", "7")


def test_a_slip_is_refused_with_what_was_meant(suite: Suite) -> None:
    answer = define(suite, value_field="score.point")

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "pointer": "/value_field",
            "code": "field_unknown",
            "detail": "acme.quiz.finished has no field 'score.point'. Did you mean 'score.points'?"
            ' Declare a field of your own with its type: "fields": {"score.point": "number"}.',
        }
    ]
    assert define(suite, aggregation="median").status_code == 400
    assert (
        suite.client.post("/v1/meters", json=POINTS | {"key": "seats.named"}, headers=bearer(suite.key)).status_code
        == 409
    )
    assert suite.client.post("/v1/meters", json=POINTS | {"key": "Quiz"}, headers=bearer(suite.key)).status_code == 422


def test_roles_that_may_not_define_are_refused(suite: Suite, world: World) -> None:
    assert define(suite, key=world.key("tenant_finance", suite.tenant)).status_code == 403
    assert define(suite, key=world.key("vendor_finance")).status_code == 403


def test_evidence_names_each_event_and_why_others_do_not_count(suite: Suite) -> None:
    define(suite)
    counted = quiz(suite, "ann", "2026-03-02 10:00", 5, room="b")
    quiz(suite, "bob", "2026-03-02 10:00", "a lot")
    params = {"meter": "quiz.points", "from": "2026-03-01", "to": "2026-04-01"}

    body = suite.client.get("/v1/usage/evidence", params=params, headers=bearer(suite.key)).json()

    assert body["quantity"] == "5"
    assert body["counts"] == {"counted": 1, "people": 1, "excluded": {"value_missing": 1}}
    [entry, _] = body["items"]
    assert (entry["event_id"], entry["reason"], entry["keys"]["room"]) == (counted["id"], "counted", "b")


@pytest.mark.parametrize("prepared", [False, True])
def test_corrections_are_read_as_from_the_bodies_so_from_the_values(suite: Suite, prepared: bool) -> None:
    define(suite)
    wrong, gone = quiz(suite, "ann", "2026-03-02 10:00", 5), quiz(suite, "bob", "2026-03-02 10:00", 7)
    moved = quiz(suite, "cid", "2026-03-02 10:00", 11)
    if prepared:
        backfill_meters(suite.db)
    suite.correct(wrong, "replace", data={"score": {"points": 4.5}, "passed": True})
    suite.correct(gone, "void")
    suite.correct(moved, "replace", time="2026-04-01T10:00:00+02:00")

    assert usage(suite)["total"] == "4.5"
    assert usage(suite, **{"from": "2026-04-01", "to": "2026-05-01"})["total"] == "11"
    # One that fails after all is none of the meter's.
    suite.correct(moved, "replace", data={"score": {"points": 11}, "passed": False})
    assert usage(suite)["total"] == "4.5"


def test_rules_of_a_chargeback_divide_by_a_custom_meter(suite: Suite, world: World) -> None:
    world.cost_centres(suite.tenant, "ops")
    define(suite)
    rule = {"key": "points", "method": "driver"}

    def put(meter: str) -> Any:
        body = {"rules": [rule | {"params": {"meters": {meter: "1"}}}]}
        finance = world.key("tenant_finance", suite.tenant, name=meter)
        return suite.client.put("/v1/chargeback/rules", json=body, headers=bearer(finance))

    assert put("quiz.points@1").status_code in (200, 201)
    assert put("quiz.points@7").json()["errors"][0]["code"] == "meter_unknown"


def test_groups_of_a_highest_value_are_each_measured(suite: Suite) -> None:
    define(suite, aggregation="max")
    for points, room in ((5, "a"), (7, "a"), (3, "b")):
        quiz(suite, "ann", "2026-03-02 10:00", points, room)

    body = usage(suite, group_by="room")
    assert [(item["group"]["room"], item["quantity"]) for item in body["items"]] == [("a", "7"), ("b", "3")]
    assert (body["groups"], body["total"]) == ("measured", "7")
    # As parts, which bills and chargebacks use, all of it is where the deciding event is.
    parts = usage(suite, group_by="room", groups="parts")
    assert [(item["group"]["room"], item["quantity"]) for item in parts["items"]] == [("a", "7")]


def test_hours_of_the_day_that_has_25_of_them(suite: Suite) -> None:
    define(suite)
    # In Berlin summer time ends on 25 October 2026: 02:30 comes twice.
    for fold, points in ((0, 1), (1, 10)):
        event = suite.event("acme.quiz.finished", "ann", "2026-10-25 02:30", score={"points": points}, passed=True)
        event["time"] = f"2026-10-25T02:30:00+0{2 - fold}:00"
        suite.send(event)

    day = {"from": "2026-10-25", "to": "2026-10-26"}
    hours = usage(suite, granularity="hour", **day)["items"]
    assert len(hours) == 25
    assert {index: item["quantity"] for index, item in enumerate(hours) if item["quantity"] != "0"} == {2: "1", 3: "10"}
    assert usage(suite, granularity="day", **day)["items"][0]["quantity"] == "11"


def test_there_is_an_end_to_versions(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metering.actions.create_meter.MAX_VERSIONS", 1)
    assert define(suite).status_code == 201
    assert define(suite).status_code == 201  # the same one
    assert define(suite, aggregation="max").json()["code"] == "too_many_meters"
