"""However facts come in, split, repeated, racing, late, corrected before or after: the usage is the same."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.db import Database
from core.periods import Period, days_of, month_period
from core.scope import VENDOR_ID, TenantScope
from metering.actions.create_meter import MeterInput, create_meter
from metering.actions.ingest_events import ingest_events
from metering.actions.record_correction import CorrectionInput, record_correction
from metering.custom.definition import MeterDefinition
from metering.ingest.batcher import Limits
from metering.ingest.lane import IngestLane
from metering.ingest.validation import Rules
from metering.reads import METERS, Measuring
from metering.reads import measuring as measuring_of
from metering.tasks import backfill_meters
from tenants.reads import TenantView
from tests.builders.world import ACTOR, LONG_AGO, World
from tests.server import fresh_database

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# Summer time begins on 29 March 2026, so that the edge of the months and a day of 23 hours are near.
FIRST = datetime(2026, 3, 28, 20, tzinfo=UTC)
numbers = count()

MINUTES = {
    "filter": {"types": ["session.ended"], "where": [{"field": "minutes", "op": "exists", "value": True}]},
    "aggregation": "sum", "value_field": "minutes", "fields": {"minutes": "number"}, "unit": "minute",
}  # fmt: skip
OPEN = {
    "filter": {"types": ["session.started"]}, "aggregation": "average_concurrent", "closed_by": ["session.ended"],
    "longest_s": 7200, "unique_field": "session_id", "dimensions": ["device_id"], "unit": "session",
}  # fmt: skip

ids = st.sampled_from(["1", "2"])
shapes = st.one_of(
    st.tuples(
        st.sampled_from(["membership.opened", "membership.closed"]), st.fixed_dictionaries({"community_id": ids})
    ),
    st.tuples(
        st.sampled_from(["session.started", "session.heartbeat"]),
        st.fixed_dictionaries({"session_id": ids}, optional={"device_id": ids}),
    ),
    st.tuples(
        st.just("session.ended"),
        st.fixed_dictionaries({"session_id": ids}, optional={"minutes": st.sampled_from([5, "2.5", "x"])}),
    ),
    st.tuples(
        st.sampled_from(["course.enrolled", "course.launched", "course.cancelled"]),
        st.fixed_dictionaries({"course_id": ids, "course_type": st.sampled_from(["wbt", "simulation"])}),
    ),
    st.tuples(
        st.just("class.attended"),
        st.fixed_dictionaries({"course_id": ids, "class_id": ids, "minutes": st.sampled_from([30, 45])}),
    ),
    st.tuples(
        st.just("contribution.created"),
        st.fixed_dictionaries(
            {"kind": st.just("post"), "object_id": ids},
            optional={"person": st.sampled_from([{"class": "test"}, {"audience": "partner"}])},
        ),
    ),
)
told = st.lists(st.tuples(shapes, st.sampled_from(["ann", "bob"]), st.integers(0, 30 * 8)), min_size=4, max_size=14)
changes = st.lists(
    st.tuples(st.integers(0, 13), st.sampled_from(["void", "replace"]), st.integers(0, 30 * 8)), max_size=3
)


@pytest.fixture(scope="module")
def home(admin_url: str) -> Iterator[World]:
    with fresh_database(admin_url) as url:
        database = Database(url)
        world = World(database)
        for key, content in (("lab.minutes", MINUTES), ("lab.open", OPEN)):
            define(world, key, content)
        yield world
        database.dispose()


def define(world: World, key: str, content: dict[str, Any]) -> None:
    with world.db.begin(TenantScope(VENDOR_ID)) as session:
        create_meter(session, VENDOR_ID, MeterInput(key, msgspec.convert(content, MeterDefinition)), ACTOR, LONG_AGO)


def events_of(drawn: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"e-{index}", "source": "suite", "type": event_type, "subject": who, "data": data,
            "time": (FIRST + timedelta(minutes=20 * steps)).isoformat(),
        }
        for index, ((event_type, data), who, steps) in enumerate(drawn)
    ]  # fmt: skip


def correct(world: World, tenant: TenantView, events: list[dict[str, Any]], drawn: list[Any]) -> None:
    """Record corrections in their order, each a second after the one before."""
    for place, (index, kind, steps) in enumerate(drawn):
        event = events[index % len(events)]
        new = None
        if kind == "replace":
            new = {name: event[name] for name in ("type", "subject", "data")}
            new["time"] = (FIRST + timedelta(minutes=20 * steps)).isoformat()
        wanted = CorrectionInput("suite", event["id"], kind, "a law", new)
        with world.db.begin(TenantScope(tenant.id)) as session:
            record_correction(session, tenant.id, wanted, ACTOR, NOW + timedelta(seconds=place))


def merge(world: World, tenant: TenantView) -> None:
    """From now on Bob is Ann."""
    with world.db.begin(TenantScope(tenant.id)) as session:
        session.execute(
            text(
                "insert into identity_link (tenant_id, identity_id, recorded_at, person_id)"
                " select :t, a.id, :at, b.home_person_id from identity a, identity b"
                " where a.tenant_id = :t and b.tenant_id = :t and a.key = 'bob' and b.key = 'ann'"
            ),
            {"t": tenant.id, "at": NOW},
        )


def race(url: str, tenant: TenantView, batches: list[list[dict[str, Any]]]) -> None:
    """Send batches at once over two lanes, as two processes would; each batch goes to both."""

    async def run() -> None:
        lanes = [IngestLane(url, Limits(linger_s=0)), IngestLane(url, Limits(linger_s=0))]
        rules = Rules(NOW, version_required=False)
        raw = [[Raw(json.dumps(event).encode()) for event in batch] for batch in batches]
        await asyncio.gather(*(lane.ingest(tenant.id, batch, rules) for batch in raw for lane in lanes))
        for lane in lanes:
            await lane.close()

    asyncio.run(run())


def usage(world: World, tenant: TenantView) -> dict[tuple[str, int], Any]:
    """Return figures and grounds of all meters of both months; pseudonymous ids differ between tenants."""
    found: dict[tuple[str, int], Any] = {}
    with world.db.begin(TenantScope(tenant.id)) as session:
        measuring = Measuring(session, tenant)
        for meter in (*METERS, "lab.minutes@1", "lab.open@1"):
            for month in (3, 4):
                one = measuring.measure(meter, month_period(2026, month, tenant.tz))
                # From columns of the stored facts, corrections and merges among them, comes the same figure.
                assert measuring.grouped(meter, one.period).quantity == one.quantity
                if month == 3:
                    assert in_columns(session, tenant, meter, one.period) == one.quantity
                counted = sorted((str(e.event_key), e.quantity, e.reason, e.keys) for e in one.entries)
                left = sorted((str(e.event_key), e.reason) for e in one.exclusions)
                found[meter, month] = (one.quantity, counted, left)
    return found


def in_columns(session: Session, tenant: TenantView, meter: str, period: Period) -> Fraction:
    """Return a figure as it is read where there are very many facts; those of days, too, are the same by it."""
    parts = [part for _, part in days_of(period, tenant.tz)][-3:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring_of, "IN_COLUMNS", 0)
        reading = Measuring(session, tenant)
        [figure] = reading.figures(meter, [period])
        days = reading.figures(meter, parts)
    assert days == Measuring(session, tenant).figures(meter, parts)
    return figure


def tenant_of(world: World) -> TenantView:
    return world.tenant(f"law-{next(numbers)}", time_zone="Europe/Berlin")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told, changes, st.randoms(use_true_random=False), st.booleans(), st.booleans(), st.booleans())
def test_any_order_split_repetition_and_race_gives_the_same_usage(
    home: World, drawn: list[Any], corrections: list[Any], random: Any, early: bool, prepared: bool, merged: bool
) -> None:
    events = events_of(drawn)
    plain, wild = tenant_of(home), tenant_of(home)
    ingest_events(home.db.database_url, plain, events, NOW)
    correct(home, plain, events, corrections)

    shuffled = random.sample(events, len(events))
    cut = random.randint(0, len(shuffled))
    batches = [shuffled[:cut], shuffled[cut:], random.sample(events, len(events) // 2)]
    if early:  # before the events that they correct
        correct(home, wild, events, corrections)
    race(home.db.database_url, wild, [batch for batch in batches if batch])
    if not early:
        correct(home, wild, events, corrections)
    if prepared:
        backfill_meters(home.db)
    if merged:
        merge(home, plain)
        merge(home, wild)

    assert usage(home, wild) == usage(home, plain)


def stored(world: World, tenant: TenantView, table: str) -> int:
    with world.db.begin(TenantScope(tenant.id)) as session:
        return int(
            session.execute(text(f"select count(*) from {table} where tenant_id = :t"), {"t": tenant.id}).scalar_one()
        )


COUNT = {"filter": {"types": ["acme.tick"]}, "aggregation": "count", "unit": "tick"}


def ticks(first: int, number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"t-{n}",
            "source": "suite",
            "type": "acme.tick",
            "subject": "ann",
            "time": FIRST.isoformat(),
            "data": {},
        }
        for n in range(first, first + number)
    ]


def test_a_meter_that_is_defined_while_facts_come_in_misses_none(db: Database, world: World) -> None:
    tenant = world.tenant()
    url, begun = db.database_url, threading.Event()

    def send() -> None:
        async def run() -> None:
            lane = IngestLane(url, Limits(linger_s=0))
            for first in range(0, 1200, 40):
                raw = [Raw(json.dumps(event).encode()) for event in ticks(first, 40)]
                await lane.ingest(tenant.id, raw, Rules(NOW, version_required=False))
                if first == 200:
                    begun.set()
            await lane.close()

        asyncio.run(run())

    sender = threading.Thread(target=send)
    sender.start()
    begun.wait(30)
    define(world, "ticks", COUNT)
    # The backfill runs while others still come in, and after it was defined by a flight or by it.
    while sender.is_alive():
        backfill_meters(db, chunk=100)
    sender.join()
    backfill_meters(db)

    assert stored(world, tenant, "fact") == stored(world, tenant, "meter_value") == 1200


BACKFILL = """
from core.db import Database
from metering.tasks import backfill_meters
import sys
backfill_meters(Database(sys.argv[1]), chunk=1)
"""


def test_a_backfill_that_is_killed_goes_on_where_it_was(db: Database, world: World) -> None:
    tenant = world.tenant()
    ingest_events(db.database_url, tenant, ticks(0, 1000), NOW)
    define(world, "ticks", COUNT)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    killed = subprocess.Popen([sys.executable, "-c", BACKFILL, db.database_url], cwd=ROOT, env=environment)
    deadline = time.monotonic() + 60
    while stored(world, tenant, "meter_value") < 20 and time.monotonic() < deadline:
        assert killed.poll() is None, "it ended before it could be killed"
    killed.kill()
    killed.wait()

    with db.begin(TenantScope(tenant.id)) as session:
        looked_at, finished = session.execute(text("select looked_at, finished_at from meter_backfill")).one()
    before = stored(world, tenant, "meter_value")
    assert (looked_at, finished) == (before, None)
    assert 20 <= before < 1000
    # The rest in chunks of 800 and what is left of 1,000: none is looked at twice.
    assert backfill_meters(db, chunk=800) == 2
    assert stored(world, tenant, "meter_value") == 1000
    assert backfill_meters(db) == 0
