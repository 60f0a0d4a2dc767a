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
