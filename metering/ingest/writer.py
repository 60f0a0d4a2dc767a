"""One flight of rows into the database: all of one tenant, in one transaction, durable at its end.

Three ways, from the quickest for many rows to the surest (`Way`). The straight one copies into the
tables and lets the primary key find a duplicate, which fails the whole copy. Where duplicates are
likely (or turned up), the keys are asked for first and only what is new is copied; that fails when
another process stores one of them in between. Then a function of the database inserts what is new and
passes by the rest, which takes longer for each row. So does everything where the role may not copy under
row-level security (managed PostgreSQL). Few rows go that way at once: where nothing is to be written
beside them, that one call is the whole flight, from its locks to its commit.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, errors

from metering.errors import DatabaseUnavailable
from metering.ingest.calls import assert_sound, run
from metering.ingest.connections import Connections
from metering.ingest.extracts import Closed, Meters, record_values
from metering.ingest.hours import hours_and_commit
from metering.ingest.packing import PackedRow
from metering.ingest.profiles import record_profiles, record_traits
from metering.ingest.tables import copy_rows, insert_rows, stored_hashes

__all__ = ("Companion", "FactWriter", "MonthsArchived", "Written")

Companion = Callable[[AsyncConnection[Any]], Awaitable[None]]
"""What else is written in the flight's transaction, before the facts; it may be begun again."""

_ATTEMPTS = 4
_AGAIN = ("08", "57P", "40001", "40P01")
"""Beginnings of the SQLSTATEs after which a flight is begun again: lost connections, deadlocks."""
_SMOOTHING = 0.3
_LIKELY = 0.25
"""One flight with duplicates makes the next one ask: asking costs far less than copying in vain."""


class Way(IntEnum):
    """How rows come into the tables."""

    STRAIGHT = 0
    ASK = 1
    INSERT = 2


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a flight.

    `stored` holds the content hashes of keys that were there before; `refused` the keys whose values
    the database would not take, `archived` those whose month is. All others were accepted.
    `custom_types` are those that custom meters were about at that moment, `closed` the months that took no facts.
    """

    stored: dict[bytes, bytes]
    refused: frozenset[bytes] = frozenset()
    custom_types: frozenset[str] = frozenset()
    archived: frozenset[bytes] = frozenset()
    closed: tuple[Closed, ...] = ()

    def takes(self, row: PackedRow) -> bool:
        """Return whether the month of a row takes facts."""
        return not any(start <= row.place[1] < end for start, end in self.closed)


class MonthsArchived(Exception):
    """Some facts that were to be stored along with something else are of archived months; nothing was stored."""

    def __init__(self, keys: frozenset[bytes]) -> None:
        super().__init__(f"{len(keys)} facts of archived months")
        self.keys = keys


class _InDoubt(Exception):
    """The connection broke while committing: it may or may not have happened."""


class FactWriter:
    """Writes flights, and learns per tenant how often they hold duplicates."""

    def __init__(self, connections: Connections, few_rows: int) -> None:
        self._connections = connections
        self._few_rows = few_rows
        self._meters = Meters()
        self._repeats: dict[UUID, float] = {}
        self.fallbacks = 0
        """How often a straight copy met a duplicate and was done again."""

    async def write(self, tenant_id: UUID, rows: Sequence[PackedRow], companion: Companion | None = None) -> Written:
        """Write rows of distinct keys, sorted by key so that two flights never wait for each other in a ring.

        Args:
            tenant_id: whose.
            rows: maybe none, where there is a companion.
            companion: what is written along, or nothing of it all.

        Raises:
            DatabaseUnavailable: nothing is known to be stored; to send again is safe.
            DataError, IntegrityError: of psycopg, where the database refuses a row that has a companion.
            MonthsArchived: a row that has a companion is of a month that takes no facts.
        """
        way = Way.STRAIGHT if self._repeats.get(tenant_id, 0.0) < _LIKELY else Way.ASK
        for _ in range(_ATTEMPTS):
            try:
                written = await self._attempt(tenant_id, rows, companion, way)
            except errors.UniqueViolation:
                self.fallbacks += 1
                way = Way(min(way + 1, Way.INSERT))
            except (errors.DataError, errors.IntegrityError):
                if companion is not None:
                    raise
                return await self._without_the_bad(tenant_id, rows)
            except _InDoubt as error:
                raise DatabaseUnavailable from error
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                # Nothing was committed: after a restart or a deadlock it is simply begun again.
                if error.sqlstate is not None and not error.sqlstate.startswith(_AGAIN):
                    raise DatabaseUnavailable from error
            else:
                self._learn(tenant_id, repeated=bool(written.stored))
                return written
        raise DatabaseUnavailable

    def _learn(self, tenant_id: UUID, *, repeated: bool) -> None:
        if len(self._repeats) > 10_000:
            self._repeats.clear()
        before = self._repeats.get(tenant_id, 0.0)
        self._repeats[tenant_id] = before + _SMOOTHING * (repeated - before)

    async def _without_the_bad(self, tenant_id: UUID, rows: Sequence[PackedRow]) -> Written:
        """Find the rows that the database refuses by halves, and write the others."""
        if len(rows) == 1:
            return Written({}, frozenset({rows[0].event_key}))
        middle = len(rows) // 2
        left = await self.write(tenant_id, rows[:middle])
        right = await self.write(tenant_id, rows[middle:])
        return Written(
            left.stored | right.stored,
            left.refused | right.refused,
            left.custom_types | right.custom_types,
            left.archived | right.archived,
            left.closed or right.closed,
        )

    async def _attempt(
        self, tenant_id: UUID, rows: Sequence[PackedRow], companion: Companion | None, way: Way
    ) -> Written:
        async with self._connections.link() as link:
            connection = link.connection
            if companion is None and len(rows) <= self._few_rows:
                written = await self._at_once(connection, tenant_id, rows)
                if written is not None:
                    return written
            meters, closed = await self._meters.begin(connection, tenant_id)
            rows, early = await _apart(connection, tenant_id, rows, closed)
            if companion is not None:
                if early.archived:
                    raise MonthsArchived(early.archived)
                await companion(connection)
            stored: dict[bytes, bytes] = {}
            inserts = way is Way.INSERT or len(rows) <= self._few_rows or not link.copies
            if rows and inserts:
                stored = await insert_rows(connection, tenant_id, rows) or {}
            elif rows and way is Way.ASK:
                stored = await stored_hashes(connection, tenant_id, [row.event_key for row in rows])
            fresh = [row for row in rows if row.event_key not in stored] if stored else rows
            if fresh:
                if not inserts:
                    await copy_rows(connection, fresh)
                await record_traits(connection, tenant_id, fresh)
                await record_profiles(connection, tenant_id, fresh)
                await record_values(connection, tenant_id, meters, fresh)
            with _doubting():
                await run(connection, hours_and_commit(tenant_id, fresh).encode())
            return Written(
                stored | early.stored, custom_types=meters.types, archived=early.archived, closed=tuple(closed)
            )

    async def _at_once(
        self, connection: AsyncConnection[Any], tenant_id: UUID, rows: Sequence[PackedRow]
    ) -> Written | None:
        """Write rows in one call, or return None where there is more to be written or looked at."""
        meters = self._meters.last(tenant_id)
        if meters is None or meters.about(rows) or any(row.traits or row.profile is not None for row in rows):
            return None
        assert_sound(connection)
        with _doubting():
            stored = await insert_rows(connection, tenant_id, rows, meters.ids)
        return None if stored is None else Written(stored, custom_types=meters.types)


@contextmanager
def _doubting() -> Iterator[None]:
    """Tell apart a failure of what commits after which it is unknown whether it did."""
    try:
        yield
    except psycopg.OperationalError as error:
        if error.sqlstate is not None and error.sqlstate.startswith("40"):
            raise  # the database itself took it back
        raise _InDoubt from error


async def _apart(
    connection: AsyncConnection[Any], tenant_id: UUID, rows: Sequence[PackedRow], closed: Sequence[Closed]
) -> tuple[Sequence[PackedRow], Written]:
    """Return the rows of months that take facts, and what became of the others: known ones, and refused ones."""
    late = _of_closed(rows, closed) if closed else []
    if not late:
        return rows, Written({})
    known = await stored_hashes(connection, tenant_id, [row.event_key for row in late])
    refused = frozenset(row.event_key for row in late) - known.keys()
    apart = refused | known.keys()
    return [row for row in rows if row.event_key not in apart], Written(known, archived=refused)


def _of_closed(rows: Sequence[PackedRow], closed: Sequence[Closed]) -> list[PackedRow]:
    """Return the rows of closed months. Nearly all are later than the last of them and are not asked about each."""
    until = max(end for _, end in closed)
    placed = ((row, row.place[1]) for row in rows)
    return [row for row, at in placed if at < until and any(start <= at < end for start, end in closed)]
