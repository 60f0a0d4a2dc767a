"""Evidence with the sender's own event ids, so that both sides can look an event up."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy.orm import Session

from metering.measurement import Entry, Exclusion
from metering.reads.bodies import event_ids

__all__ = ("with_event_ids",)

R = TypeVar("R", bound=Entry | Exclusion)


def with_event_ids(session: Session, tenant_id: UUID, rows: Sequence[R]) -> tuple[R, ...]:
    """Return entries or exclusions with `event_id` read from the bodies, in the same order."""
    keys = {row.event_key for row in rows if row.event_key is not None and row.event_id is None}
    ids = event_ids(session, tenant_id, keys)
    return tuple(
        replace(row, event_id=ids.get(row.event_key)) if row.event_key in keys and row.event_key else row
        for row in rows
    )
