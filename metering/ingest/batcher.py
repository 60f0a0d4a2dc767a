"""Group commit: requests that wait at the same moment are written together.

Flights are of one tenant each, so that no tenant's rows or errors reach another's. A flight costs
the process about as much as reading some requests, so that they should be full: as many requests as
flew last time are waited for, because those senders are likely to send again, but no longer than
flights take of late. A sender who is alone never waits; the busier it is, the fuller flights get.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from metering.errors import IngestBusy
from metering.ingest.packing import PackedRow
from metering.ingest.writer import Written

__all__ = ("Batcher", "Limits", "Outcome", "Verdict")

Write = Callable[[UUID, Sequence[PackedRow]], Awaitable[Written]]


_SMOOTHING = 0.1


class Verdict(Enum):
    """What became of one event."""

    ACCEPTED = "accepted"
    """It is stored."""
    DUPLICATE = "duplicate"
    """It was stored before, with the same content."""
    CONFLICT = "conflict"
    """Its identity was stored before, with other content."""
    REFUSED = "refused"
    """The database would not take its values."""
    ARCHIVED = "archived"
    """Its month is archived and takes no facts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request's rows, in their order, and the types that custom meters were about by then."""

    verdicts: list[Verdict]
    custom_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """How flights are formed."""

    linger_s: float = 0.02
    """How long the first to come waits for others at most, where there is room for a flight."""
    flight_rows: int = 5_000
    """Rows of a flight; a single request may have more."""
    few_rows: int = 250
    """Up to so many rows of a flight go in by one call; more are copied (docs/performance.md)."""
    flights: int = 2
    """Flights at the same time, each on a connection of its own."""
    waiting_rows: int = 100_000
    """Rows that may wait or fly; more are turned away. (What requests of the API hold is counted before.)"""


class _Request:
    """The rows of one request, and who waits for them."""

    __slots__ = ("came_at", "done", "rows")

    def __init__(self, rows: Sequence[PackedRow]) -> None:
        loop = asyncio.get_running_loop()
        self.rows = rows
        self.came_at = loop.time()
        self.done: asyncio.Future[Outcome] = loop.create_future()


class _Aloft:
    """A flight that is being written: whose, its keys, and when it has landed."""

    __slots__ = ("keys", "landed", "tenant_id")

    def __init__(self, tenant_id: UUID, keys: Collection[bytes]) -> None:
        self.tenant_id = tenant_id
        self.keys = frozenset(keys)
        self.landed = asyncio.Event()


class Batcher:
    """Gathers requests into flights and tells each what became of its rows."""

    def __init__(self, write: Write, limits: Limits | None = None) -> None:
        self._write = write
        self._limits = limits or Limits()
        self._waiting: dict[UUID, deque[_Request]] = {}
        self._rows = self._waiting_rows = 0
        self._waiting_requests = self._flew_last = 0
        self._flight_s = 0.0
        self._next: asyncio.Handle | None = None
        self._flights: set[asyncio.Task[None]] = set()
        self._aloft: list[_Aloft] = []

    async def submit(self, tenant_id: UUID, rows: Sequence[PackedRow]) -> Outcome:
        """Write rows and return their verdicts in the same order, once they are durable.

        Of rows with one key the first wins.

        Raises:
            IngestBusy: too much waits already; nothing was taken (`ingest_busy`).
            DatabaseUnavailable: the database did not confirm (`database_unavailable`).
        """
        if not rows:
            return Outcome([])
        if self._rows and self._rows + len(rows) > self._limits.waiting_rows:
            raise IngestBusy("waiting-events", self._limits.waiting_rows, self._limits.waiting_rows - self._rows)
        request = _Request(rows)
        self._rows += len(rows)
        self._waiting_rows += len(rows)
        self._waiting_requests += 1
        self._waiting.setdefault(tenant_id, deque()).append(request)
        self._plan()
        return await request.done

    def _plan(self) -> None:
        """Launch at once where a flight is full or all have come, else when whoever is next has lingered."""
        if not self._waiting or len(self._flights) >= self._limits.flights:
            return
        loop = asyncio.get_running_loop()
        all_here = not self._flights and self._waiting_requests >= self._flew_last
        if all_here or self._waiting_rows >= self._limits.flight_rows:
            if self._next is not None:
                self._next.cancel()
            self._next = loop.call_soon(self._launch)
        elif self._next is None:
            first = next(iter(self._waiting.values()))[0]
            self._next = loop.call_at(first.came_at + min(self._flight_s, self._limits.linger_s), self._launch)

    def _launch(self) -> None:
        """Send out flights while there is room; tenants take turns."""
        self._next, self._flew_last = None, 0
        while self._waiting and len(self._flights) < self._limits.flights:
            tenant_id = next(iter(self._waiting))
            queue = self._waiting.pop(tenant_id)
            requests = [queue.popleft()]
            size = len(requests[0].rows)
            while queue and size + len(queue[0].rows) <= self._limits.flight_rows:
                requests.append(queue.popleft())
                size += len(requests[-1].rows)
            if queue:
                self._waiting[tenant_id] = queue  # behind the others
            self._flew_last += len(requests)
            self._waiting_requests -= len(requests)
            self._waiting_rows -= size
            flight = asyncio.get_running_loop().create_task(self._fly(tenant_id, requests))
            self._flights.add(flight)
            flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        self._plan()

    async def _fly(self, tenant_id: UUID, requests: list[_Request]) -> None:
        begun = asyncio.get_running_loop().time()
        try:
            rows = [row for request in requests for row in request.rows]
            verdicts, custom_types = await self._judged(tenant_id, rows)
            at = 0
            for request in requests:
                mine, at = verdicts[at : at + len(request.rows)], at + len(request.rows)
                if not request.done.done():  # the client may have gone
                    request.done.set_result(Outcome(mine, custom_types))
        except BaseException as error:
            for request in requests:
                if not request.done.done():
                    request.done.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._rows -= sum(len(request.rows) for request in requests)
            self._flight_s += _SMOOTHING * (asyncio.get_running_loop().time() - begun - self._flight_s)

    async def _judged(self, tenant_id: UUID, rows: Sequence[PackedRow]) -> tuple[list[Verdict], frozenset[str]]:
        """Write rows and return their verdicts; of rows with one key, the first that can be stored wins."""
        verdicts, custom_types = [Verdict.ACCEPTED] * len(rows), frozenset[str]()
        left: Sequence[int] = range(len(rows))
        while left:
            firsts = {rows[at].event_key: at for at in reversed(left)}
            async with self._apart(tenant_id, firsts):
                written = await self._write(tenant_id, [rows[firsts[key]] for key in sorted(firsts)])
            custom_types |= written.custom_types
            known = written.stored.keys() | written.refused | written.archived
            if not known and len(firsts) == len(left):
                break
            again, beginning = [], set[bytes]()
            for at in left:
                row, first = rows[at], firsts[rows[at].event_key]
                if at != first and (row.event_key in written.refused or row.event_key in written.archived):
                    # The first one did not get in: the next one whose month takes facts may, on its own.
                    if row.event_key in beginning or written.takes(row):
                        beginning.add(row.event_key)
                        again.append(at)
                    else:
                        verdicts[at] = Verdict.ARCHIVED
                elif at != first or row.event_key in known:
                    verdicts[at] = _verdict(row, rows[first], written)
            left = again
        return verdicts, custom_types

    @asynccontextmanager
    async def _apart(self, tenant_id: UUID, keys: Collection[bytes]) -> AsyncIterator[None]:
        """Wait for flights that hold one of these keys: written beside them, a copy would fail and be done again."""
        flight = _Aloft(tenant_id, keys)
        while others := [
            one for one in self._aloft if one.tenant_id == tenant_id and not one.keys.isdisjoint(flight.keys)
        ]:
            await others[0].landed.wait()
        self._aloft.append(flight)  # who waits is not aloft, so that no two wait for each other
        try:
            yield
        finally:
            self._aloft.remove(flight)
            flight.landed.set()

    async def close(self) -> None:
        """Let everything that waits land."""
        while self._waiting or self._flights:
            self._launch()
            await asyncio.gather(*self._flights, return_exceptions=True)
            await asyncio.sleep(0)


def _verdict(row: PackedRow, first: PackedRow, written: Written) -> Verdict:
    """Tell what became of a row, given the first one of its key in the flight."""
    if row.event_key in written.refused:
        return Verdict.REFUSED
    if row.event_key in written.archived:
        return Verdict.ARCHIVED
    stored = written.stored.get(row.event_key)
    if stored is None:
        if row is first:
            return Verdict.ACCEPTED
        stored = first.content_hash
    return Verdict.DUPLICATE if stored == row.content_hash else Verdict.CONFLICT
