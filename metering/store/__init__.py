"""Writes of corrections, policies, imports, meters, mappings and archives.

New facts of senders are written by `metering.ingest`, the product's own in `facts.py`; archived ones go and
come back in `archives.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from core.lists import any_of
from metering.models import (
    Correction,
    ImportFault,
    ImportJob,
    ImportPart,
    LeasedPool,
    LeasedSession,
    MeterBackfill,
    MeterValue,
    MeterVersion,
    PolicyBinding,
    XapiActorKey,
    XapiDirectory,
    XapiMark,
    XapiRule,
)
from metering.store.archives import (
    add_archive_job,
    begin_archive,
    delete_facts,
    mark_checked,
    move_archive,
    move_archive_job,
    put_facts,
    put_retention,
)

__all__ = (
    "add_archive_job",
    "add_correction",
    "add_import",
    "add_import_faults",
    "add_import_part",
    "add_leased_pool",
    "add_meter_values",
    "add_meter_version",
    "add_policy_binding",
    "advance_import",
    "begin_archive",
    "begin_backfill",
    "delete_facts",
    "delete_xapi_directory",
    "delete_xapi_rule",
    "drop_actor_key",
    "drop_import_faults",
    "drop_import_parts",
    "drop_marks",
    "drop_meter_values",
    "end_import",
    "end_stretches",
    "hold_ingestion",
    "lock_meter_key",
    "mark_checked",
    "move_archive",
    "move_archive_job",
    "move_backfill",
    "put_actor_key",
    "put_facts",
    "put_retention",
    "put_xapi_directory",
    "put_xapi_rule",
    "reopen_import",
    "retire_meter_version",
    "share_ingestion",
)

_VALUES_AT_ONCE = 5_000


def add_correction(session: Session, row: Mapping[str, Any]) -> None:
    """Append a correction; its columns are those of `Correction`."""
    session.execute(insert(Correction).values(dict(row)))


def add_leased_pool(session: Session, row: Mapping[str, Any]) -> None:
    """Insert which pool leases from when on."""
    session.execute(insert(LeasedPool).values(**row))


def end_stretches(session: Session, tenant_id: UUID, identities: Collection[int], at: datetime) -> set[str]:
    """End what identities hold in pools, without lingering; return the pools whose counters have less now.

    What ran out before comes off the counter as well, but it stays one that ran out: whether somebody
    had looked at it decides nothing.
    """
    lingered = LeasedSession.ends_at + func.make_interval(0, 0, 0, 0, 0, 0, LeasedSession.lingers_s)
    query = (
        update(LeasedSession)
        .where(LeasedSession.tenant_id == tenant_id, LeasedSession.held, any_of(LeasedSession.identity_id, identities))
        .values(
            ends_at=func.greatest(LeasedSession.starts_at, func.least(LeasedSession.ends_at, at)),
            released=LeasedSession.released | (lingered > at),
            held=False,
        )
        .returning(LeasedSession.pool)
    )
    return set(session.execute(query).scalars())


def add_policy_binding(session: Session, row: Mapping[str, Any]) -> None:
    """Append a binding of counting policies; its columns are those of `PolicyBinding`."""
    session.execute(insert(PolicyBinding).values(dict(row)))


def add_import(session: Session, row: Mapping[str, Any]) -> bool:
    """Insert an import unless the same file is known, read the same way; return whether it was new."""
    made = session.execute(insert_or(ImportJob).values(dict(row)).on_conflict_do_nothing().returning(ImportJob.id))
    return made.first() is not None


def reopen_import(session: Session, tenant_id: UUID, job_id: UUID, changes: Mapping[str, Any]) -> None:
    """Let an import that is over go on; its columns are those of `ImportJob`."""
    wanted = update(ImportJob).where(ImportJob.tenant_id == tenant_id, ImportJob.id == job_id)
    session.execute(wanted.values(dict(changes)))


def add_import_part(session: Session, tenant_id: UUID, job_id: UUID, number: int, content: bytes) -> None:
    """Store a piece of a file."""
    session.execute(insert(ImportPart).values(tenant_id=tenant_id, job_id=job_id, number=number, content=content))


def drop_import_parts(session: Session, tenant_id: UUID, job_id: UUID) -> None:
    """Delete a file's pieces: nobody needs them any more."""
    session.execute(delete(ImportPart).where(ImportPart.tenant_id == tenant_id, ImportPart.job_id == job_id))


def drop_import_faults(session: Session, tenant_id: UUID, job_id: UUID) -> None:
    """Delete the list of bad rows of a dry run that begins again."""
    session.execute(delete(ImportFault).where(ImportFault.tenant_id == tenant_id, ImportFault.job_id == job_id))


_ADD_FAULTS = text("""
    insert into import_fault (tenant_id, job_id, row_number, position, column_name, code, detail)
    select :tenant_id, :job_id, f.* from unnest(
        cast(:rows as bigint[]), cast(:positions as smallint[]), cast(:columns as text[]), cast(:codes as text[]),
        cast(:details as text[])) as f
    on conflict do nothing
""")


def add_import_faults(
    session: Session, tenant_id: UUID, job_id: UUID, faults: Sequence[tuple[int, int, str, str, str]]
) -> None:
    """Append bad rows: row, position, column, code, detail. One that is told again stays as it was."""
    if faults:
        rows, positions, columns, codes, details = (list(part) for part in zip(*faults, strict=True))
        session.execute(
            _ADD_FAULTS,
            {
                "tenant_id": tenant_id, "job_id": job_id, "rows": rows, "positions": positions, "columns": columns,
                "codes": codes, "details": details,
            },
        )  # fmt: skip


def advance_import(
    session: Session, tenant_id: UUID, job_id: UUID, rows_read: int, gained: Mapping[str, int], **changes: Any
) -> bool:
    """Add to an import's counts if it is running and stands at `rows_read`; return whether it did."""
    columns = ImportJob.__table__.c
    done = session.execute(
        update(ImportJob)
        .where(
            ImportJob.tenant_id == tenant_id,
            ImportJob.id == job_id,
            ImportJob.status == "running",
            ImportJob.rows_read == rows_read,
        )
        .values({**{name: columns[name] + count for name, count in gained.items()}, **changes})
        .returning(ImportJob.id)
    )
    return done.first() is not None


def end_import(
    session: Session, tenant_id: UUID, job_id: UUID, status: str, at: datetime, error: tuple[str, str] = ("", "")
) -> bool:
    """End an import that waits or runs (with code and sentence, where it failed); return whether it did."""
    done = session.execute(
        update(ImportJob)
        .where(ImportJob.tenant_id == tenant_id, ImportJob.id == job_id, ImportJob.status.in_(("queued", "running")))
        .values(status=status, finished_at=at, error_code=error[0], error_detail=error[1])
        .returning(ImportJob.id)
    )
    return done.first() is not None


def hold_ingestion(session: Session, owner: UUID) -> None:
    """Let no flight of facts begin or be under way until this transaction ends.

    Flights hold the same lock, shared (`metering.ingest.writer`): of their own tenant, and the
    vendor's (nil) for meters that are everybody's.
    """
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:owner, 2))"), {"owner": str(owner)})


def share_ingestion(session: Session, owner: UUID) -> None:
    """Be one of those that `hold_ingestion` waits for, until this transaction ends."""
    session.execute(text("select pg_advisory_xact_lock_shared(hashtextextended(:owner, 2))"), {"owner": str(owner)})


def lock_meter_key(session: Session, key: str) -> None:
    """Let nobody else define a meter of this key until this transaction ends."""
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 3))"), {"key": key})


def add_meter_version(session: Session, row: Mapping[str, Any]) -> None:
    """Append a version of a custom meter; its columns are those of `MeterVersion`."""
    session.execute(insert(MeterVersion).values(dict(row)))


def retire_meter_version(session: Session, owner: UUID, meter_id: UUID, now: datetime) -> None:
    """Note when a version was taken off offer."""
    session.execute(
        update(MeterVersion)
        .where(MeterVersion.tenant_id == owner, MeterVersion.id == meter_id, MeterVersion.retired_at.is_(None))
        .values(retired_at=now)
    )


def add_meter_values(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add extracted values; those that are there stay: they are the same."""
    for first in range(0, len(rows), _VALUES_AT_ONCE):
        part = [dict(row) for row in rows[first : first + _VALUES_AT_ONCE]]
        session.execute(insert_or(MeterValue).on_conflict_do_nothing(), part)


def drop_meter_values(session: Session, tenant_id: UUID, meter_id: UUID, keys: Collection[UUID]) -> None:
    """Delete what a meter took of these events; a steward's write."""
    where = (MeterValue.tenant_id == tenant_id, MeterValue.meter_id == meter_id, any_of(MeterValue.event_key, keys))
    session.execute(delete(MeterValue).where(*where))


def begin_backfill(session: Session, row: Mapping[str, Any]) -> None:
    """Begin a backfill, unless somebody did before; its columns are those of `MeterBackfill`."""
    session.execute(insert_or(MeterBackfill).values(dict(row)).on_conflict_do_nothing())


def move_backfill(session: Session, tenant_id: UUID, meter_id: UUID, changes: Mapping[str, Any]) -> None:
    """Note how far a backfill is."""
    session.execute(
        update(MeterBackfill)
        .where(MeterBackfill.tenant_id == tenant_id, MeterBackfill.meter_id == meter_id)
        .values(dict(changes))
    )


def put_xapi_rule(session: Session, row: Mapping[str, Any]) -> None:
    """Insert a row of the mapping, or replace the one of its verb and activity type."""
    statement = insert_or(XapiRule).values(dict(row))
    changed = {name: statement.excluded[name] for name in ("event_type", "data", "changed_at")}
    key = (XapiRule.tenant_id, XapiRule.verb, XapiRule.activity_type)
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def delete_xapi_rule(session: Session, tenant_id: UUID, verb: str, activity_type: str) -> bool:
    """Delete a row of the mapping; return whether there was one."""
    query = delete(XapiRule).where(
        XapiRule.tenant_id == tenant_id, XapiRule.verb == verb, XapiRule.activity_type == activity_type
    )
    return session.execute(query.returning(XapiRule.verb)).first() is not None


def put_xapi_directory(session: Session, row: Mapping[str, Any]) -> None:
    """Insert a home page; one that is known stays."""
    session.execute(insert_or(XapiDirectory).values(dict(row)).on_conflict_do_nothing())


def delete_xapi_directory(session: Session, tenant_id: UUID, home_page: str) -> bool:
    """Delete a home page; return whether there was one."""
    query = delete(XapiDirectory).where(XapiDirectory.tenant_id == tenant_id, XapiDirectory.home_page == home_page)
    return session.execute(query.returning(XapiDirectory.home_page)).first() is not None


def drop_actor_key(session: Session, tenant_id: UUID, actor: UUID) -> bool:
    """Delete the key of an actor's originals; return whether there was one."""
    query = delete(XapiActorKey).where(XapiActorKey.tenant_id == tenant_id, XapiActorKey.actor == actor)
    return session.execute(query.returning(XapiActorKey.actor)).first() is not None


def put_actor_key(session: Session, tenant_id: UUID, actor: UUID, wrapped: tuple[bytes, bytes]) -> None:
    """Replace a wrapped key (before, after); one that changed or was deleted meanwhile stays so."""
    before, after = wrapped
    query = update(XapiActorKey).where(
        XapiActorKey.tenant_id == tenant_id, XapiActorKey.actor == actor, XapiActorKey.wrapped == before
    )
    session.execute(query.values(wrapped=after))


def drop_marks(session: Session, tenant_id: UUID, marks: Sequence[UUID]) -> None:
    """Delete everything that is found by these marks from the index; statements stay."""
    session.execute(delete(XapiMark).where(XapiMark.tenant_id == tenant_id, any_of(XapiMark.mark, marks)))
