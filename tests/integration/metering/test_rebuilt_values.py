"""What custom meters took of bodies is taken anew: what stands otherwise is told, and right afterwards."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app import cli
from metering.actions.rebuild_usage import Rebuilt, rebuild_usage
from metering.actions.rebuild_values import rebuild_values
from metering.custom.extraction import Extract
from metering.tasks import backfill_meters
from tests.builders.archive import Shelves
from tests.builders.suite import Suite
from tests.builders.world import World, bearer

POINTS: dict[str, Any] = {
    "key": "quiz.points",
    "filter": {"types": ["acme.quiz.finished"], "where": [{"field": "passed", "op": "eq", "value": True}]},
    "aggregation": "sum",
    "value_field": "points",
    "fields": {"points": "number", "passed": "bool", "room": "text"},
    "dimensions": ["room"],
    "unit": "point",
}


@pytest.fixture
def suite(client: TestClient[Litestar], world: World) -> Suite:
    """Five facts by key: 1, 2 and 4 points, one that did not pass, and one of another type; 1 + 2 + 4 = 7."""
    suite = Suite(client, world)
    for number, (points, passed) in enumerate([(1, True), (2, True), (4, True), (100, False)]):
        suite.tell("acme.quiz.finished", "ann", f"2024-03-0{number + 1} 10:00", points=points, passed=passed, room="a")
    suite.tell("acme.quiz.opened", "ann", "2024-03-05 10:00")
    assert client.post("/v1/meters", json=POINTS, headers=bearer(suite.key)).status_code == 201
    return suite


def figure(suite: Suite) -> str:
    params = {"meter": "quiz.points", "from": "2024-03-01", "to": "2024-04-01"}
    return str(suite.client.get("/v1/usage", params=params, headers=bearer(suite.key)).json()["total"])


def damage(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as admin:
        assert admin.execute(statement).rowcount


def found(rebuilt: Rebuilt) -> tuple[int, int]:
    [values] = rebuilt.values
    return values.compared, values.wrong


OF_WHAT_DID_NOT_PASS = """
    insert into meter_value (tenant_id, meter_id, event_key, value)
    select tenant_id, meter_id, event_key, 50 from fact_body cross join (select distinct meter_id from meter_value) m
    where event_key not in (select event_key from meter_value) limit 1
"""
OF_NO_FACT = """
    insert into meter_value (tenant_id, meter_id, event_key, value)
    select tenant_id, meter_id, gen_random_uuid(), 50 from meter_value
"""


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("update meter_value set value = value + 1000 where value = 2", 1),
        ('update meter_value set dimensions = \'{"room": "b"}\'', 3),
        ("update meter_value set dimensions = null, item = 'x' where value = 4", 1),
        ("delete from meter_value where value < 4", 2),
        (OF_WHAT_DID_NOT_PASS, 1),
        (OF_NO_FACT, 3),
    ],
)
def test_a_damaged_value_is_told_and_taken_anew(suite: Suite, database_url: str, statement: str, wrong: int) -> None:
    backfill_meters(suite.db)
    before = suite.sql("select * from meter_value where tenant_id = :tenant order by event_key").all()
    assert found(rebuild_usage(suite.db, suite.tenant)) == (4, 0)
    damage(database_url, statement)

    # The kept figure of a month that was asked for before is measured from values that are right again.
    assert found(rebuild_usage(suite.db, suite.tenant)) == (4, wrong)

    assert suite.sql("select * from meter_value where tenant_id = :tenant order by event_key").all() == before
    assert figure(suite) == "7"
    assert found(rebuild_usage(suite.db, suite.tenant)) == (4, 0)


def test_each_wrong_value_is_named_with_what_was_told_and_what_the_body_says(suite: Suite, database_url: str) -> None:
    backfill_meters(suite.db)
    damage(database_url, "update meter_value set value = 3 where value = 2")

    # Chunks of one: each fact is looked at once, whatever stands at the edge.
    [values] = rebuild_values(suite.db, suite.tenant.id, chunk=1)

    [wrong] = values.named
    assert (values.meter, values.compared, values.wrong) == ("quiz.points@1", 4, 1)
    assert (wrong.told, wrong.taken) == (Extract(3, None, {"room": "a"}), Extract(2, None, {"room": "a"}))


def test_what_a_backfill_has_not_looked_at_yet_is_not_wrong(suite: Suite, database_url: str) -> None:
    suite.tell("acme.quiz.finished", "bob", "2024-03-06 10:00", points=8, passed=True, room="a")
    assert found(rebuild_usage(suite.db, suite.tenant)) == (5, 0)
    assert suite.sql("select value from meter_value where tenant_id = :tenant").scalars().all() == [8]
    # What stands there already is compared all the same.
    damage(database_url, "update meter_value set value = 9")
    assert found(rebuild_usage(suite.db, suite.tenant)) == (5, 1)

    backfill_meters(suite.db)

    assert figure(suite) == "15"


def test_values_of_archived_facts_come_back_from_their_bodies(suite: Suite, tmp_path: Path, database_url: str) -> None:
    backfill_meters(suite.db)
    shelves = Shelves(suite, tmp_path)
    keys = suite.sql("select event_key from meter_value where tenant_id = :tenant order by value").scalars().all()
    shelves.archive("2024-03")
    left = int(suite.sql("select count(*) from meter_value where tenant_id = :tenant").scalar_one())
    gone = [fact.event_key for fact in shelves.in_the_file("2024-03") if fact.event_key in keys]
    assert (left, bool(gone)) == (3 - len(gone), True)
    compared = 4 - sum(fact.type == "acme.quiz.finished" for fact in shelves.in_the_file("2024-03"))
    assert found(rebuild_usage(suite.db, suite.tenant)) == (compared, 0)
    # A value that stands where its fact has left would stay when the month comes back.
    damage(
        database_url,
        "insert into meter_value (tenant_id, meter_id, event_key, value)"
        f" select '{suite.tenant.id}', id, '{gone[0]}', 1000 from meter_version",
    )

    assert found(rebuild_usage(suite.db, suite.tenant)) == (compared, 1)

    shelves.restore("2024-03")
    assert found(rebuild_usage(suite.db, suite.tenant)) == (4, 0)
    assert figure(suite) == "7"


def test_the_command_tells_what_it_found(
    suite: Suite, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backfill_meters(suite.db)
    damage(database_url, "update meter_value set value = 3 where value = 2")
    monkeypatch.setattr(cli, "database", lambda: suite.db)

    assert cli.main(["usage", "rebuild"]) == 0

    told = capsys.readouterr()
    assert "acme: 4 facts looked at anew by quiz.points@1, 1 values differed" in told.out
    assert "told value 3 room='a', now value 2 room='a'" in told.err
