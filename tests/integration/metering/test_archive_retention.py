"""Who says how long facts stay, what may leave, and what other doors say of an archived month."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.archiving import archive_facts
from core.clock import utc_now
from core.scope import TenantScope
from metering.actions.archive_month import archive_due, due_for_archive
from metering.actions.change_retention import change_retention
from tests.builders.archive import Shelves
from tests.builders.suite import Suite
from tests.builders.world import World, bearer
from tests.builders.xapi import Lrs, statement

Client = TestClient[Litestar]
FAR = datetime(2099, 1, 1, tzinfo=UTC)
VIEWED = {"verb": "viewed", "object_type": "page", "object_id": "p"}


def keep(suite: Suite, months: int | None) -> None:
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        change_retention(session, suite.tenant.id, months, "tests", utc_now())


def test_the_vendor_sets_it_within_bounds_and_the_customer_reads_it(client: Client, world: World) -> None:
    suite = Suite(client, world)
    vendor, own = bearer(world.key("vendor_admin"), "acme"), bearer(suite.key)
    assert client.get("/v1/retention", headers=own).json() == {"keep_months": None}

    assert client.put("/v1/retention", json={"keep_months": 36}, headers=own).json()["code"] == "forbidden"
    low = client.put("/v1/retention", json={"keep_months": 25}, headers=vendor)
    assert (low.status_code, low.json()["errors"][0]["code"]) == (422, "keep_months_out_of_range")
    assert client.put("/v1/retention", json={"keep_months": 26}, headers=vendor).status_code == 200
    assert client.get("/v1/retention", headers=own).json() == {"keep_months": 26}
    assert client.put("/v1/retention", json={"keep_months": None}, headers=vendor).status_code == 200
    assert client.get("/v1/archives", headers=own).json() == {"archives": []}


def test_nothing_leaves_by_default_nor_before_its_time(client: Client, world: World, tmp_path: Path) -> None:
    suite = Suite(client, world)
    suite.tell("activity.performed", "ann", "2020-03-03 10:00", **VIEWED)
    suite.tell("seat.assigned", "ann", "2019-01-01 10:00", pool="p")

    assert due_for_archive(suite.db, suite.tenant, FAR) == []
    keep(suite, 26)
    # From the first act on, not from the seat, which never leaves.
    assert due_for_archive(suite.db, suite.tenant, suite.month("2020-04").ends_at) == [
        suite.month("2020-03"), suite.month("2020-04"),
    ]  # fmt: skip
    assert due_for_archive(suite.db, suite.tenant, suite.month("2020-03").starts_at) == []


def test_what_was_restored_stays_and_other_customers_are_not_touched(
    client: Client, world: World, tmp_path: Path
) -> None:
    ours, theirs = Suite(client, world), Suite(client, world, "beta")
    for suite in (ours, theirs):
        suite.tell("activity.performed", "ann", "2020-03-01 10:00", **VIEWED)
    keep(ours, 26)
    until = ours.month("2020-04").ends_at
    shelves, others = Shelves(ours, tmp_path), Shelves(theirs, tmp_path)
    before = others.rows()

    assert archive_due(ours.db, ours.tenant, tmp_path, until) == 2
    assert archive_due(theirs.db, theirs.tenant, tmp_path, until) == 0
    assert (others.rows(), shelves.rows()["facts"]) == (before, [])
    listed = client.get("/v1/archives", headers=bearer(ours.key)).json()["archives"]
    assert [(one["month"], one["facts"], one["status"]) for one in listed] == [
        ("2020-03", 1, "archived"), ("2020-04", 0, "archived"),
    ]  # fmt: skip

    shelves.restore("2020-03")
    assert archive_due(ours.db, ours.tenant, tmp_path, until) == 0


def test_beat_archives_what_no_bill_can_reach(client: Client, world: World, tmp_path: Path) -> None:
    suite = Suite(client, world)
    suite.tell("activity.performed", "ann", "2023-12-03 10:00", **VIEWED)
    keep(suite, 26)
    now = datetime.now(UTC)

    done, _ = archive_facts(suite.db, tmp_path)

    # A contract year before the last 400 days: 766 days, which 26 whole months always are more than.
    assert done == len(due_for_archive(suite.db, suite.tenant, FAR)) + done
    assert done >= (now.year - 2024) * 12 + now.month - 26
    assert archive_facts(suite.db, tmp_path) == (0, 0)


@pytest.mark.parametrize("month", ["2020-03"])
def test_a_statement_of_an_archived_month_is_stored_and_makes_no_fact(
    client: Client, world: World, tmp_path: Path, month: str
) -> None:
    suite = Suite(client, world)
    suite.tell("activity.performed", "ann", "2020-03-01 10:00", **VIEWED)
    shelves = Shelves(suite, tmp_path)
    shelves.archive(month)
    lrs = Lrs(client, suite.key)
    old, new = statement(timestamp="2020-03-05T10:00:00Z"), statement(timestamp="2020-06-05T10:00:00Z")

    assert lrs.post([old, new]).status_code == 200

    kept = (
        suite.sql("select unmetered from xapi_statement where tenant_id = :tenant order by stored_at").scalars().all()
    )
    assert list(kept) == ["period_archived", None]
    assert len(shelves.rows()["facts"]) == 1
