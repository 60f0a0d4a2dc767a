"""Writes of archives: how long facts stay, how far a month has moved, and facts that go and come back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, delete, insert, literal, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from metering.models import ArchiveJob, FactArchive, FactRetention, MeterValue

__all__ = (
    "add_archive_job",
    "begin_archive",
    "delete_facts",
    "mark_checked",
    "move_archive",
    "move_archive_job",
    "put_facts",
    "put_retention",
)


def put_retention(session: Session, row: Mapping[str, Any]) -> None:
    """Set how long a tenant's facts stay; its columns are those of `FactRetention`."""
    put = insert_or(FactRetention).values(dict(row))
    changed = {name: put.excluded[name] for name in ("keep_months", "changed_at")}
    session.execute(put.on_conflict_do_update(index_elements=["tenant_id"], set_=changed))


def begin_archive(session: Session, row: Mapping[str, Any]) -> bool:
    """Insert a month that is to be archived; return whether it was not there. Columns are `FactArchive`'s."""
    made = session.execute(
        insert_or(FactArchive).values(dict(row)).on_conflict_do_nothing().returning(FactArchive.starts_at)
    )
    return made.first() is not None


def move_archive(
    session: Session, place: tuple[UUID, datetime], states: tuple[Sequence[str], str], **changes: Any
) -> bool:
    """Take a month from one of the states to another; return whether it was in one of them.

    Args:
        session: the steward's.
        place: tenant, and start of the month.
        states: those it may be in, and the one that it comes to.
        changes: columns of `FactArchive`.
    """
    (tenant_id, starts_at), (before, after) = place, states
    moved = session.execute(
        update(FactArchive)
        .where(FactArchive.tenant_id == tenant_id, FactArchive.starts_at == starts_at, FactArchive.status.in_(before))
        .values(status=after, **changes)
        .returning(FactArchive.starts_at)
    )
    return moved.first() is not None


def mark_checked(session: Session, place: tuple[UUID, datetime], at: datetime, differences: Sequence[str]) -> None:
    """Keep what measuring a month (tenant, start) from its files found; a steward's write."""
    tenant_id, starts_at = place
    session.execute(
        update(FactArchive)
        .where(FactArchive.tenant_id == tenant_id, FactArchive.starts_at == starts_at)
        .values(checked_at=at, differences=list(differences))
    )


def add_archive_job(session: Session, row: Mapping[str, Any]) -> None:
    """Insert a job; columns are those of `ArchiveJob`."""
    session.execute(insert(ArchiveJob).values(dict(row)))


def move_archive_job(session: Session, tenant_id: UUID, job_id: UUID, **changes: Any) -> None:
    """Change columns of a job that is not over; a steward's write."""
    session.execute(
        update(ArchiveJob)
        .where(ArchiveJob.tenant_id == tenant_id, ArchiveJob.id == job_id, ArchiveJob.status.in_(("queued", "running")))
        .values(**changes)
    )


# The key table knows when each was accepted, which the other keys begin with.
_DELETE = """
    delete from {0} f using fact_key k
    where k.tenant_id = :tenant_id and k.event_key = any(cast(:keys as uuid[]))
      and f.tenant_id = k.tenant_id and f.accepted_at = k.accepted_at and f.event_key = k.event_key
    returning f.event_key
"""


def delete_facts(session: Session, tenant_id: UUID, keys: Sequence[UUID]) -> int:
    """Delete facts with their bodies and values; their keys stay. Return how many there were."""
    wanted = any_(literal(list(keys), ARRAY(PG_UUID)))
    session.execute(delete(MeterValue).where(MeterValue.tenant_id == tenant_id, MeterValue.event_key == wanted))
    for table in ("fact_body", "fact"):
        gone = session.execute(text(_DELETE.format(table)), {"tenant_id": tenant_id, "keys": list(keys)})
    return len(gone.all())


_PUT_FACTS = """
    insert into {fact} (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
    select :tenant_id, f.key, f.occurred_at, f.accepted_at, f.type_id, f.source_id, f.identity_id, f.attributes::jsonb
    from unnest(cast(:keys as uuid[]), cast(:occurred as timestamptz[]), cast(:accepted as timestamptz[]),
                cast(:types as int[]), cast(:sources as int[]), cast(:identities as bigint[]),
                cast(:attributes as text[]))
         as f (key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
    on conflict do nothing
"""
_PUT_BODIES = """
    insert into {body} (tenant_id, accepted_at, event_key, body)
    select :tenant_id, b.accepted_at, b.key, b.body
    from unnest(cast(:accepted as timestamptz[]), cast(:keys as uuid[]), cast(:bodies as bytea[]))
         as b (accepted_at, key, body)
    where b.body is not null
    on conflict do nothing
"""
_PUT_VALUES = """
    insert into {value} (tenant_id, meter_id, event_key, value, item, dimensions)
    select :tenant_id, v.meter_id, v.key, v.value, v.item, v.dimensions::jsonb
    from unnest(cast(:meters as uuid[]), cast(:keys as uuid[]), cast(:values as numeric[]), cast(:items as text[]),
                cast(:dimensions as text[])) as v (meter_id, key, value, item, dimensions)
    on conflict do nothing
"""


def put_facts(session: Session, tenant_id: UUID, facts: Mapping[str, Any], values: Mapping[str, Any], *,
              into: str = "") -> None:  # fmt: skip
    """Put archived facts back with bodies and custom meters' values; those that are there stay.

    Args:
        session: the steward's; or anybody's, into tables of their own.
        tenant_id: whose.
        facts: columns as lists: keys, occurred, accepted, types, sources, identities, attributes (JSON), bodies.
        values: columns as lists: meters, keys, values, items, dimensions (JSON).
        into: what stands before the names of the tables, of the caller's own only.
    """
    names = {"fact": f"{into}fact", "body": f"{into}fact_body", "value": f"{into}meter_value"}
    bodies = {name: facts[name] for name in ("accepted", "keys", "bodies")}
    rows = {name: column for name, column in facts.items() if name != "bodies"}
    session.execute(text(_PUT_FACTS.format(**names)), {"tenant_id": tenant_id, **rows})
    session.execute(text(_PUT_BODIES.format(**names)), {"tenant_id": tenant_id, **bodies})
    if values["keys"]:
        session.execute(text(_PUT_VALUES.format(**names)), {"tenant_id": tenant_id, **values})
