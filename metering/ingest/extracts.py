"""What custom meters take of new facts, in the transaction that stores them.

A tenant without custom meters pays for two shared locks and an empty answer, within the round trip
that begins the flight. What is remembered of which meters there are is asked for again under those
locks: what a flight sees is what holds until it ends, because defining a meter waits for the flights
(`store.hold_ingestion`).
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from core.scope import VENDOR_ID
from metering.bodies import unpacked_body
from metering.custom.definition import MeterDefinition
from metering.custom.extraction import Extractor, body_data
from metering.ingest.calls import run
from metering.ingest.packing import PackedRow

__all__ = ("Closed", "Meter", "Meters", "MetersInForce", "record_values")

_BEGIN = (
    "begin; set local app.tenant_id = '{tenant}';"
    " select pg_advisory_xact_lock_shared(hashtextextended('{tenant}', 2)),"
    " pg_advisory_xact_lock_shared(hashtextextended('{vendor}', 2));"
    " select id, null, null from meter_version where tenant_id in ('{tenant}', '{vendor}') union all"
    " select null, {starts_at}, {ends_at} from fact_archive where tenant_id = '{tenant}' and status <> 'restored'"
)
_MICROSECONDS = "(extract(epoch from {} - timestamptz '2000-01-01 00:00+00') * 1000000)::bigint"
_SPAN = {name: _MICROSECONDS.format(name) for name in ("starts_at", "ends_at")}
_DEFINITIONS = "select id, definition from meter_version where tenant_id in (%s, %s) and id = any(%s)"
_INSERT = """
    insert into meter_value (tenant_id, meter_id, event_key, value, item, dimensions)
    select %s, unnest(%s::uuid[]), unnest(%s::uuid[]), unnest(%s::numeric[]), unnest(%s::text[]), unnest(%s::jsonb[])
"""
_SLICE = 250
_REMEMBERED = 10_000
"""Tenants whose custom meters a process remembers before it begins again."""

Meter = tuple[UUID, Extractor]
Closed = tuple[int, int]
"""The start and end of a month that takes no facts, as PostgreSQL counts time."""


class Meters:
    """The definitions that were seen; they never change."""

    def __init__(self) -> None:
        self._known: dict[UUID, Extractor] = {}
        self._last: dict[UUID, MetersInForce] = {}

    def last(self, tenant_id: UUID) -> "MetersInForce | None":
        """Return what held in the tenant's last flight that asked; it may have changed since."""
        return self._last.get(tenant_id)

    async def begin(
        self, connection: AsyncConnection[Any], tenant_id: UUID
    ) -> tuple["MetersInForce", Sequence[Closed]]:
        """Begin a flight's transaction, in one round trip.

        Returns:
            The custom meters that hold in it, and the months that take no facts because they are archived.
        """
        # A UUID's text cannot carry anything else along.
        told = await run(connection, _BEGIN.format(tenant=tenant_id, vendor=VENDOR_ID, **_SPAN).encode())
        closed = [(int(starts_at), int(ends_at)) for _, starts_at, ends_at in told if starts_at and ends_at]
        ids = [UUID(meter_id.decode()) for meter_id, *_ in told if meter_id]
        unknown = [meter_id for meter_id in ids if meter_id not in self._known]
        if unknown:
            rows = await connection.execute(_DEFINITIONS, (tenant_id, VENDOR_ID, unknown))
            for meter_id, definition in await rows.fetchall():
                self._known[meter_id] = Extractor(msgspec.convert(definition, MeterDefinition))
        if len(self._last) > _REMEMBERED:
            self._last.clear()
        held = self._last[tenant_id] = MetersInForce([(meter_id, self._known[meter_id]) for meter_id in sorted(ids)])
        return held, closed


class MetersInForce:
    """The custom meters that a flight feeds, and the types that they are about."""

    __slots__ = ("ids", "meters", "types")

    def __init__(self, meters: Sequence[Meter]) -> None:
        self.ids = [meter_id for meter_id, _ in meters]
        self.meters = meters
        self.types: frozenset[str] = frozenset().union(*(extractor.types for _, extractor in meters))

    def about(self, rows: Sequence[PackedRow]) -> bool:
        """Return whether one of them may take something of one of the events."""
        return bool(self.types) and any(row.type in self.types for row in rows)


async def record_values(
    connection: AsyncConnection[Any], tenant_id: UUID, found: MetersInForce, rows: Sequence[PackedRow]
) -> None:
    """Insert what the meters take of the events."""
    if not found.types:
        return
    taken: tuple[list[Any], ...] = ([], [], [], [], [])
    for index, row in enumerate(row for row in rows if row.type in found.types):
        if index % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        data = body_data(unpacked_body(row.body))
        for meter_id, extractor in found.meters:
            extract = extractor.extract(row.type, data)
            if extract is None:
                continue
            dimensions = Jsonb(extract.dimensions) if extract.dimensions else None
            values = (meter_id, UUID(bytes=row.event_key), extract.value, extract.item, dimensions)
            for column, value in zip(taken, values, strict=True):
                column.append(value)
    if taken[0]:
        await connection.execute(_INSERT, (tenant_id, *taken))
