"""A flight of few facts is one call: it must see what a flight of several messages sees, on any connection."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import psycopg
import pytest

from core.db import conninfo
from metering.ingest.connections import Connections
from metering.ingest.packing import PackedRow
from metering.ingest.writer import FactWriter, Written
from tests.integration.metering.test_events_flights import COUNTS, packed, poisoned
from tests.integration.metering.test_events_laws import rows

HOURS = "select hour, sum(facts)::int from usage_hour where tenant_id = %s group by hour"
ARCHIVED = """
    insert into fact_archive (tenant_id, starts_at, ends_at, facts_from, facts_until, status, folder, row_count,
                              file_sha256, manifest_sha256, types, figures, measured_at, changed_at)
    values (%s, '2026-01-01Z', '2026-02-01Z', '2026-01-01Z', '2026-02-01Z', 'archived', 'f', 0, '', '', '[]', '{}',
            now(), now())
"""
METER = """
    insert into meter_version (tenant_id, key, version, id, definition, content_hash, created_at, created_by)
    values (%s, 'launches', 1, %s, '{"filter": {"types": ["course.launched"]}, "aggregation": "count", "unit": "1"}',
            sha256('x'), now(), 'test')
"""
END = """
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query like '%facts_put(%'
"""

Write = Callable[[list[PackedRow]], Awaitable[Written]]


def change(url: str, statement: str, *values: object) -> None:
    with psycopg.connect(conninfo(url, None)) as connection:
        connection.execute(statement, values or None)  # type: ignore[arg-type]


def flown(url: str, tenant: UUID, story: Callable[[Write], Awaitable[None]], few_rows: int = 400) -> int:
    """Let a story write on one connection; return how many server processes served it."""
    served: set[int] = set()

    async def whole() -> None:
        connections = Connections(url, 1)
        writer = FactWriter(connections, few_rows)

        async def write(given: list[PackedRow]) -> Written:
            written = await writer.write(tenant, sorted(given, key=lambda row: row.event_key))
            async with connections.link() as link:
                served.add(link.connection.info.backend_pid)
            return written

        await story(write)
        await connections.close()

    asyncio.run(whole())
    return len(served)


@pytest.mark.parametrize("few_rows", [0, 400], ids=["copies", "calls"])
def test_after_flights_that_were_rolled_back_the_connection_flies_on_and_counts(
    database_url: str, few_rows: int
) -> None:
    tenant = uuid4()

    async def story(write: Write) -> None:
        for turn in range(8):  # psycopg prepares what it has seen five times
            first, second, bad = packed(tenant, f"{turn}-a", f"{turn}-b", f"{turn}-bad")
            assert (await write([first])).stored == {}
            assert (await write([poisoned(bad)])).refused == {bad.event_key}
            assert (await write([first, second])).stored == {first.event_key: first.content_hash}
            assert (await write([first, second, poisoned(bad)])).refused == {bad.event_key}

    assert flown(database_url, tenant, story, few_rows) == 1

    assert rows(database_url, COUNTS, tenant, tenant) == [(16,), (16,)]
    ((_, counted),) = rows(database_url, HOURS, tenant)
    assert counted == 16


def test_what_is_new_and_what_is_known_are_told_apart_in_one_call(database_url: str) -> None:
    tenant = uuid4()
    sent = packed(tenant, *(str(n) for n in range(300)))

    async def story(write: Write) -> None:
        assert (await write(sent[:1])).stored == {}
        assert (await write(sent[:200])).stored.keys() == {sent[0].event_key}
        known = await write(sent[100:])
        assert known.stored == {row.event_key: row.content_hash for row in sent[100:200]}
        assert (await write(sent)).stored == {row.event_key: row.content_hash for row in sent}

    flown(database_url, tenant, story)

    assert rows(database_url, COUNTS, tenant, tenant) == [(300,), (300,)]
    ((hour, counted),) = rows(database_url, HOURS, tenant)
    assert (hour.isoformat(), counted) == ("2026-01-10T10:00:00+00:00", 300)


def test_a_month_that_was_archived_in_between_takes_nothing(database_url: str) -> None:
    tenant = uuid4()
    before, known, after = packed(tenant, "before", "known", "after")

    async def story(write: Write) -> None:
        await write([before])
        await write([known])
        change(database_url, ARCHIVED, tenant)
        written = await write([known, after])
        assert (written.archived, written.stored.keys()) == ({after.event_key}, {known.event_key})

    flown(database_url, tenant, story)

    assert rows(database_url, COUNTS, tenant, tenant) == [(2,), (2,)]


def test_a_meter_that_was_defined_in_between_takes_its_values(database_url: str) -> None:
    tenant, meter = uuid4(), uuid4()
    first, second, third, fourth = packed(tenant, "1", "2", "3", "4")

    async def story(write: Write) -> None:
        for row in (first, second):
            assert (await write([row])).custom_types == frozenset()
        change(database_url, METER, tenant, meter)
        for row in (third, fourth):
            assert (await write([row])).custom_types == {"course.launched"}

    flown(database_url, tenant, story)

    told = rows(database_url, "select event_key from meter_value where tenant_id = %s and meter_id = %s", tenant, meter)
    assert {key.bytes for (key,) in told} == {third.event_key, fourth.event_key}


def test_a_connection_that_was_ended_while_idle_leaves_no_doubt(database_url: str) -> None:
    tenant = uuid4()
    sent = packed(tenant, "1", "2", "3")

    async def story(write: Write) -> None:
        await write(sent[:1])
        await write(sent[1:2])
        await asyncio.to_thread(change, database_url, END)
        assert (await write(sent[2:])).stored == {}

    assert flown(database_url, tenant, story) == 2

    assert rows(database_url, COUNTS, tenant, tenant) == [(3,), (3,)]
