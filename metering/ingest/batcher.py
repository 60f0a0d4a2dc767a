"""Group commit: requests that wait at the same moment are written together.

Flights are of one tenant each, so that no tenant's rows or errors reach another's. While the
flights are out, what comes in gathers; the busier it is, the fuller they get.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from metering.errors import IngestBusy
from metering.ingest.packing import PackedRow
from metering.ingest.writer import Written

__all__ = ("Batcher", "Limits", "Outcome", "Verdict")

Write = Callable[[UUID, Sequence[PackedRow]], Awaitable[Written]]


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

    linger_s: float = 0.002
    """How long the first to come waits for others."""
    flight_rows: int = 5_000
    """Rows of a flight; a single request may have more."""
    flights: int = 2
    """Flights at the same time, each on a connection of its own."""
    waiting_rows: int = 100_000
    """Rows that may wait or fly; more are turned away. (What requests of the API hold is counted before.)"""


class _Request:
    """The rows of one request, and who waits for them."""

    __slots__ = ("done", "rows")

    def __init__(self, rows: Sequence[PackedRow]) -> None:
        self.rows = rows
        self.done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()


class Batcher:
    """Gathers requests into flights and tells each what became of its rows."""

    def __init__(self, write: Write, limits: Limits | None = None) -> None:
        self._write = write
        self._limits = limits or Limits()
        self._waiting: dict[UUID, deque[_Request]] = {}
        self._rows = 0
        self._lingering: asyncio.TimerHandle | None = None
        self._flights: set[asyncio.Task[None]] = set()

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
        self._waiting.setdefault(tenant_id, deque()).append(request)
        if len(self._flights) < self._limits.flights and self._lingering is None:
            full = len(rows) >= self._limits.flight_rows
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(0 if full else self._limits.linger_s, self._launch)
        return await request.done

    def _launch(self) -> None:
        """Send out flights while there is room; tenants take turns."""
        self._lingering = None
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
            flight = asyncio.get_running_loop().create_task(self._fly(tenant_id, requests))
            self._flights.add(flight)
            flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        self._launch()

    async def _fly(self, tenant_id: UUID, requests: list[_Request]) -> None:
        try:
            rows = [row for request in requests for row in request.rows]
            firsts = {row.event_key: row for row in reversed(rows)}
            written = await self._write(tenant_id, [firsts[key] for key in sorted(firsts)])
            all_new = len(firsts) == len(rows) and not (written.stored or written.refused or written.archived)
            for request in requests:
                if all_new:
                    verdicts = [Verdict.ACCEPTED] * len(request.rows)
                else:
                    verdicts = [_verdict(row, firsts[row.event_key], written) for row in request.rows]
                if not request.done.done():  # the client may have gone
                    request.done.set_result(Outcome(verdicts, written.custom_types))
        except BaseException as error:
            for request in requests:
                if not request.done.done():
                    request.done.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._rows -= sum(len(request.rows) for request in requests)

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
