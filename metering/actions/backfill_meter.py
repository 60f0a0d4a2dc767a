"""Look at the facts that were there before a custom meter, chunk by chunk."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.bodies import unpacked_body
from metering.custom.extraction import Extractor, body_data, value_row
from metering.reads.backfilling import StoredBody, bodies_after
from metering.reads.custom_meters import backfill_of, facts_of_types
from metering.registry import CustomMeter
from metering.store import add_meter_values, begin_backfill, move_backfill

__all__ = ("CHUNK", "backfill_chunk")

CHUNK = 5_000
"""Facts a transaction."""


def backfill_chunk(session: Session, tenant_id: UUID, meter: CustomMeter, now: datetime, *, chunk: int = CHUNK) -> bool:
    """Take the next facts of a tenant into a meter's values; where it stopped is kept with them.

    One transaction: killed at any moment it leaves whole chunks, and goes on after the last of
    them. Run twice at once, the second waits and then does the next chunk.

    Args:
        session: scoped to the tenant.
        tenant_id: whose facts.
        meter: what is taken of them.
        now: when.
        chunk: how many facts.

    Returns:
        Whether nothing is left to do.
    """
    extractor = Extractor(meter.definition)
    progress = backfill_of(session, tenant_id, meter.id, lock=True)
    if progress is None:
        total = facts_of_types(session, tenant_id, extractor.types)
        begin_backfill(session, {
            "tenant_id": tenant_id, "meter_id": meter.id, "after_key": None, "looked_at": 0, "found": 0,
            "total": total, "started_at": now, "updated_at": now,
        })  # fmt: skip
        progress = backfill_of(session, tenant_id, meter.id, lock=True)
        assert progress is not None
    if progress.finished_at is not None:
        return True
    bodies = bodies_after(session, tenant_id, extractor.types, progress.after_key, chunk)
    rows = [row for body in bodies if (row := _row(tenant_id, meter, extractor, body)) is not None]
    add_meter_values(session, rows)
    finished = len(bodies) < chunk
    move_backfill(session, tenant_id, meter.id, {
        "after_key": bodies[-1].event_key if bodies else progress.after_key,
        "looked_at": progress.looked_at + len(bodies),
        "found": progress.found + len(rows),
        "updated_at": now,
        "finished_at": now if finished else None,
    })  # fmt: skip
    return finished


def _row(tenant_id: UUID, meter: CustomMeter, extractor: Extractor, stored: StoredBody) -> dict[str, object] | None:
    extract = extractor.extract(stored.type, body_data(unpacked_body(stored.body)))
    return None if extract is None else value_row((tenant_id, meter.id, stored.event_key), extract)
