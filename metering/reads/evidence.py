"""Evidence with the sender's own event ids, so that both sides can look an event up."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy.orm import Session

from metering.measurement import Entry, Exclusion, Measurement
from metering.reads.bodies import event_ids

__all__ = ("measurements_with_event_ids", "with_event_ids")

R = TypeVar("R", bound=Entry | Exclusion)


def with_event_ids(session: Session, tenant_id: UUID, rows: Sequence[R]) -> tuple[R, ...]:
    """Return entries or exclusions with `event_id` read from the bodies, in the same order."""
    return _named(rows, event_ids(session, tenant_id, _unnamed(rows)))


def measurements_with_event_ids(
    session: Session, tenant_id: UUID, measurements: Iterable[Measurement]
) -> list[Measurement]:
    """Return measurements whose entries and exclusions have their ids, read in one go for all of them."""
    listed = list(measurements)
    keys = {key for one in listed for rows in (one.entries, one.exclusions) for key in _unnamed(rows)}
    ids = event_ids(session, tenant_id, keys)
    return [
        dataclasses.replace(one, entries=_named(one.entries, ids), exclusions=_named(one.exclusions, ids))
        for one in listed
    ]


def _unnamed(rows: Iterable[Entry | Exclusion]) -> set[UUID]:
    return {row.event_key for row in rows if row.event_key is not None and row.event_id is None}


def _named(rows: Sequence[R], ids: Mapping[UUID, str]) -> tuple[R, ...]:
    keys = _unnamed(rows)
    return tuple(
        replace(row, event_id=ids.get(row.event_key)) if row.event_key in keys and row.event_key else row
        for row in rows
    )
