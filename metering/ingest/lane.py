"""The hot lane: a request's body in, the answer out, everything in between durable.

body → split → draft (each event by itself) → ids → pack → group commit → answer. Slice by slice where a
request has many, so that no flight waits for long to hear of the database.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import psycopg
from msgspec import Raw, Struct

from core.clock import utc_now
from core.db import INGEST
from metering.errors import DatabaseUnavailable, EventFault
from metering.events.registry import PRESENCE
from metering.ingest.admission import Admission, Budget
from metering.ingest.batcher import Batcher, Limits, Outcome, Verdict
from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.connections import Connections
from metering.ingest.identities import Resolver
from metering.ingest.packing import PackedRow, Packer
from metering.ingest.turns import Turns
from metering.ingest.validation import Draft, Rules, draft_event, draft_plain
from metering.ingest.writer import Companion, FactWriter
from tenants.reads import TenantView

__all__ = ("IngestAnswer", "IngestLane", "ItemFault", "Prepared", "answer_of")

Follow = Callable[[UUID], Awaitable[None]]
"""Lets out who left, and in who is back, as the tenant's stored events say. It never fails: time does it again."""

_SLICE = 250
"""Events handled in one turn of the loop. A request's only event is too little to wait for one."""
_SLICE_BYTES = 65_536
"""And their bytes at most: events of a door for files or jobs may be large, and nobody divided them before."""
_TOO_LONG = 128
"""An id in the answer is cut to this many characters."""


class ItemFault(Struct, frozen=True, omit_defaults=True):
    """Why the event at this index of the request was not taken; `id` is null where none could be read.

    `pointer` leads to the field within the event (RFC 6901); it is left out where it is no single one.
    """

    index: int
    id: str | None
    code: str
    detail: str
    pointer: str = ""


class IngestAnswer(Struct, frozen=True):
    """What became of a request's events; every one of them is in exactly one of the first four.

    `unmetered` tells how many of the accepted ones have a type that no meter knows, built-in or custom.
    """

    accepted: int
    duplicate: int
    conflicts: list[ItemFault]
    rejected: list[ItemFault]
    unmetered: int

    @property
    def nothing_taken(self) -> bool:
        """Whether there were events and every one was rejected or conflicting."""
        return not self.accepted and not self.duplicate and bool(self.conflicts or self.rejected)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request's events: the valid ones, as drafts and rows of the same order, and the others."""

    drafts: list[Draft]
    rejected: list[ItemFault]
    rows: list[PackedRow]

    @property
    def speaks_of_presence(self) -> bool:
        """Whether one of them says that somebody left or is back."""
        return not PRESENCE.keys().isdisjoint([draft.type for draft in self.drafts])

    def without(self, keys: Collection[bytes]) -> "Prepared":
        """Return the same without the events of these keys."""
        kept = [at for at, row in enumerate(self.rows) if row.event_key not in keys]
        return replace(self, drafts=[self.drafts[at] for at in kept], rows=[self.rows[at] for at in kept])


class IngestLane:
    """One per process and event loop: its connections, what it remembers, and its group commit."""

    def __init__(
        self, database_url: str, limits: Limits | None = None, role: str = INGEST, budget: Budget | None = None,
        follow: Follow | None = None,
    ) -> None:  # fmt: skip
        limits = limits or Limits()
        self._follow = follow
        self.admission = Admission(budget)
        self._turns = Turns()
        self._connections = Connections(database_url, limits.flights + 1, role)
        self._resolver = Resolver(self._connections)
        self._writer = FactWriter(self._connections, limits.few_rows)
        self._batcher = Batcher(self._writer.write, limits)

    @property
    def fallbacks(self) -> int:
        """How often a flight met a duplicate on the straight way and was flown again."""
        return self._writer.fallbacks

    async def now(self, tenant: TenantView) -> datetime:
        """Return what time it is for the tenant: its test clock's, else the service's.

        Raises:
            DatabaseUnavailable: the clock could not be read (`database_unavailable`).
        """
        if tenant.test_clock_id is None:
            return utc_now()
        try:
            async with self._connections.link() as link:
                cursor = await link.connection.execute(
                    "select now_at from test_clock where id = %s", (tenant.test_clock_id,)
                )
                row = await cursor.fetchone()
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable from error
        assert row is not None, "a tenant's clock is there by foreign key"
        now: datetime = row[0]
        return now

    async def identity(self, tenant: TenantView, person: str) -> int:
        """Return the identity of a person's key, as the subject of events; who is new is made.

        Raises:
            DatabaseUnavailable: to ask again is safe (`database_unavailable`).
        """
        known = self._resolver.known(tenant.id, person)
        if known is None:
            known = (await self._resolver.identities(tenant.id, [person], await self.now(tenant)))[person]
        return known

    async def ingest(self, tenant_id: UUID, events: Sequence[Raw], rules: Rules) -> IngestAnswer:
        """Take raw events accepted at `rules.now`; they are durable when this returns.

        Raises:
            IngestBusy, DatabaseUnavailable: to send the same again is safe.
        """
        return await self.store(tenant_id, await self.prepare(tenant_id, events, rules))

    async def prepare(self, tenant_id: UUID, events: Sequence[Raw], rules: Rules) -> Prepared:
        """Validate and pack events; people and symbols that are new are made, facts are not stored yet.

        Raises:
            DatabaseUnavailable: nothing was stored (`database_unavailable`).
        """
        drafts: list[Draft] = []
        rejected: list[ItemFault] = []
        rows: list[PackedRow] = []
        for first, some in _slices(events):
            if len(events) > 1:
                await self._turns.take()
            drafts += _drafted(some, first, rules, rejected)
            fresh = drafts[len(rows) :]
            ids = self._resolver.at_hand(tenant_id, fresh)
            if ids is not None:
                rows += map(Packer(tenant_id, rules.now, ids).pack, fresh)
        if left := drafts[len(rows) :]:  # somebody among them is new
            packer = Packer(tenant_id, rules.now, await self._resolver.resolve(tenant_id, left))
            for start in range(0, len(left), _SLICE):
                await self._turns.take()
                rows += map(packer.pack, left[start : start + _SLICE])
        return Prepared(drafts, rejected, rows)

    async def store(self, tenant_id: UUID, prepared: Prepared) -> IngestAnswer:
        """Store what was prepared for this tenant, and say what became of each event.

        Who left or is back is out or in when this returns, where somebody follows; else soon after.

        Raises:
            IngestBusy, DatabaseUnavailable: to send the same again is safe.
        """
        outcome = await self._batcher.submit(tenant_id, prepared.rows)
        if prepared.speaks_of_presence and self._follow is not None:
            await self._follow(tenant_id)
        return answer_of(prepared, outcome)

    async def store_along(self, tenant_id: UUID, prepared: Prepared, companion: Companion) -> None:
        """Store what was prepared and what the companion writes in one transaction, or nothing.

        Raises:
            DatabaseUnavailable: to send the same again is safe (`database_unavailable`).
            DataError, IntegrityError: of psycopg; the database refused a value, nothing was stored.
            MonthsArchived: a fact's month takes none; nothing was stored.
        """
        firsts: dict[bytes, PackedRow] = {}
        for row in prepared.rows:
            firsts.setdefault(row.event_key, row)
        await self._writer.write(tenant_id, [firsts[key] for key in sorted(firsts)], companion)

    async def close(self) -> None:
        """Let everything land and close the connections."""
        await self._batcher.close()
        await self._connections.close()


def _slices(events: Sequence[Raw]) -> Iterator[tuple[int, Sequence[Raw]]]:
    """Yield runs of events, each with the index of its first, that are no more work than others may wait for.

    At most `_SLICE` events and, but for an event that has more by itself, `_SLICE_BYTES` bytes.
    """
    first, size = 0, 0
    for index, raw in enumerate(events):
        size += len(raw)
        if index > first and (index - first == _SLICE or size > _SLICE_BYTES):
            yield first, events[first:index]
            first, size = index, len(raw)
    if first < len(events):
        yield first, events[first:]


def _drafted(some: Sequence[Raw], first: int, rules: Rules, rejected: list[ItemFault]) -> list[Draft]:
    """Return the drafts of the events that are valid; what is wrong with the others is added to `rejected`."""
    plain = draft_plain(some, first, rules) if len(some) > 1 else None
    if plain is not None:
        return plain
    drafts: list[Draft] = []
    for index, raw in enumerate(some, first):
        try:
            drafts.append(draft_event(raw, index, rules))
        except FaultyEvent as fault:
            event_id = fault.event_id[:_TOO_LONG] if fault.event_id is not None else None
            rejected.append(ItemFault(index, event_id, fault.code, fault.detail, fault.pointer))
    return drafts


_CONFLICT = (
    "An event of this source and id but with other type, subject or data was accepted before; it stays."
    " Send a correction to change it, or give a new event a new id."
)
_ARCHIVED = (
    "The month of this event's time is archived and takes no new events. Have the operator restore it"
    " (python -m app.cli archive restore), then send the event again."
)
_REFUSED = "The database does not take the values of this event. Report it with the event."


def answer_of(found: Prepared, outcome: Outcome) -> IngestAnswer:
    """Return the answer to a request whose rows, in their order, came to this."""
    verdicts, custom = outcome.verdicts, outcome.custom_types
    if verdicts.count(Verdict.ACCEPTED) == len(verdicts):
        unmetered = sum(not draft.metered and draft.type not in custom for draft in found.drafts)
        return IngestAnswer(len(verdicts), 0, [], found.rejected, unmetered)
    conflicts, rejected, unmetered = [], list(found.rejected), 0
    for draft, verdict in zip(found.drafts, verdicts, strict=True):
        if verdict is Verdict.ACCEPTED:
            unmetered += not draft.metered and draft.type not in custom
        elif verdict is Verdict.CONFLICT:
            conflicts.append(ItemFault(draft.index, draft.id, EventFault.CONFLICT, _CONFLICT))
        elif verdict is Verdict.REFUSED:
            rejected.append(ItemFault(draft.index, draft.id, EventFault.NOT_STORABLE, _REFUSED))
        elif verdict is Verdict.ARCHIVED:
            rejected.append(ItemFault(draft.index, draft.id, EventFault.PERIOD_ARCHIVED, _ARCHIVED))
    rejected.sort(key=lambda fault: fault.index)
    accepted, duplicate = verdicts.count(Verdict.ACCEPTED), verdicts.count(Verdict.DUPLICATE)
    return IngestAnswer(accepted, duplicate, conflicts, rejected, unmetered)
