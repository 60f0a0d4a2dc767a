"""Take many events at once, from a job: by the very code of the hot lane."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from metering.ingest.lane import IngestAnswer, IngestLane, ItemFault
from metering.ingest.validation import Rules
from tenants.reads import TenantView

__all__ = ("ingest_events",)

_CHUNK = 5_000


def ingest_events(
    database_url: str, tenant: TenantView, events: Iterable[Mapping[str, Any]], now: datetime
) -> IngestAnswer:
    """Validate and store events in their order; they are durable when this returns.

    It opens connections and transactions of its own: what it stored stays, chunk by chunk. While
    one chunk is written the next one is prepared. Not to be called from within an event loop.

    Args:
        database_url: as in the settings.
        tenant: whose facts.
        events: CloudEvents as JSON-ready mappings (`specversion` may be left out); any iterable, so
            that they need not all be in memory.
        now: the tenant's time: when they are accepted, and what is the future.

    Returns:
        One answer over all; its indexes count from 0 over all events.

    Raises:
        DatabaseUnavailable: the database went away; to begin again is safe (`database_unavailable`).
    """
    return asyncio.run(_ingest(database_url, tenant.id, iter(events), Rules(now, version_required=False)))


def _chunks(events: Iterator[Mapping[str, Any]]) -> Iterator[list[Raw]]:
    while chunk := [Raw(msgspec.json.encode(event)) for event in islice(events, _CHUNK)]:
        yield chunk


async def _ingest(
    database_url: str, tenant_id: UUID, events: Iterator[Mapping[str, Any]], rules: Rules
) -> IngestAnswer:
    lane = IngestLane(database_url)
    total, sent = IngestAnswer(0, 0, [], [], 0), 0
    writing: asyncio.Task[IngestAnswer] | None = None
    try:
        for chunk in _chunks(events):
            prepared = await lane.prepare(tenant_id, chunk, rules)
            if writing is not None:
                total, sent = _joined(total, await writing, sent), sent + _CHUNK
            writing = asyncio.create_task(lane.store(tenant_id, prepared))
        return total if writing is None else _joined(total, await writing, sent)
    finally:
        await lane.close()


def _joined(total: IngestAnswer, more: IngestAnswer, offset: int) -> IngestAnswer:
    """Return both answers as one; the second one's indexes begin at `offset`."""
    return IngestAnswer(
        total.accepted + more.accepted,
        total.duplicate + more.duplicate,
        total.conflicts + _shifted(more.conflicts, offset),
        total.rejected + _shifted(more.rejected, offset),
        total.unmetered + more.unmetered,
    )


def _shifted(faults: list[ItemFault], offset: int) -> list[ItemFault]:
    return [replace(fault, index=fault.index + offset) for fault in faults]
