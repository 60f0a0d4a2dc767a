"""Pages of events: in order of time over all types, without a gap."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from core.scope import TenantScope
from metering.actions.ingest_events import ingest_events
from metering.reads.event_log import EventFilter, list_events
from tests.builders.bill import Books

SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def acme(db, world):
    """Six hundred events of two types on three days; many are of one instant."""
    acme, books = world.tenant(), Books(db, world)
    days = [f"2026-10-{5 + number % 3:02}" for number in range(300)]
    events = [event for day in days for event in (*books.active(day, "ann"), *books.starts(day, "bob"))]
    for first in range(0, len(events), 200):
        ingest_events(db.database_url, acme, events[first : first + 200], NOW)
    return acme


def pages(session, acme, size):
    found, after = [], None
    while page := list_events(session, acme.id, EventFilter(SINCE, UNTIL, after=after, limit=size), named=False):
        found += page
        after = (page[-1].time, page[-1].event_key)
    return found


def test_pages_are_everything_once_in_order_of_time_and_key(db, acme):
    with db.begin(TenantScope(acme.id)) as session:
        found = pages(session, acme, 70)

    assert len(found) == 600
    assert {one.type for one in found} == {"activity.performed", "course.launched"}
    assert all((a.time, a.event_key) < (b.time, b.event_key) for a, b in pairwise(found))
