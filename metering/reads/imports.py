"""Imports as they stand, their files' pieces, their bad rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import zstandard
from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from core.db import Database
from core.lists import any_of
from core.scope import TenantScope
from metering.errors import ImportNotFound
from metering.models import FactKey, ImportFault, ImportJob, ImportPart

__all__ = (
    "FaultView",
    "ImportView",
    "get_import",
    "hold_import",
    "import_faults",
    "import_pieces",
    "import_plan",
    "imports",
    "imports_by_place",
    "same_import",
    "stored_at",
    "waiting_imports",
)

_FAULTS = 2_000


@dataclass(frozen=True, slots=True)
class ImportView:
    """An import. `accepted`, `duplicate`, `conflict` and `rejected` count events; a row that could not be
    read is one rejected event. `seconds_left` is an estimate, None where there is none.
    """  # noqa: D205

    id: UUID
    file_name: str
    size_bytes: int
    content_hash: bytes
    preset: str
    dry_run: bool
    format: str
    source: str
    assumed: tuple[str, ...]
    preview: Sequence[Any]
    status: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    rows_expected: int
    rows_read: int
    rows_skipped: int
    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    unmetered: int
    pending_at: datetime | None
    error_code: str
    error_detail: str

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in ("queued", "running")

    def seconds_left(self, now: datetime) -> int | None:
        """Return how long the rest takes at the speed so far."""
        if self.is_over or self.started_at is None or not self.rows_read:
            return None
        elapsed = max((now - self.started_at).total_seconds(), 0.0)
        return round(elapsed * max(self.rows_expected - self.rows_read, 0) / self.rows_read)


@dataclass(frozen=True, slots=True)
class FaultView:
    """A bad row: its number in the file, the column ('' where there is none to name), why, what to do."""

    row_number: int
    column: str
    code: str
    detail: str


_COLUMNS = (
    ImportJob.id, ImportJob.file_name, ImportJob.size_bytes, ImportJob.content_hash, ImportJob.preset,
    ImportJob.dry_run, ImportJob.plan, ImportJob.preview, ImportJob.status, ImportJob.created_by,
    ImportJob.created_at, ImportJob.started_at, ImportJob.finished_at, ImportJob.rows_expected,
    ImportJob.rows_read, ImportJob.rows_skipped, ImportJob.accepted, ImportJob.duplicate, ImportJob.conflict,
    ImportJob.rejected, ImportJob.unmetered, ImportJob.pending_at, ImportJob.error_code, ImportJob.error_detail,
)  # fmt: skip


def _jobs(tenant_id: UUID) -> Select[Any]:
    return select(*_COLUMNS).where(ImportJob.tenant_id == tenant_id)


def _view(row: Any) -> ImportView:
    given = row._asdict()
    plan = given.pop("plan")
    return ImportView(**given, format=plan["format"], source=plan["source"], assumed=tuple(plan["assumed"]))


def get_import(session: Session, tenant_id: UUID, job_id: UUID) -> ImportView:
    """Return one import.

    Raises:
        ImportNotFound: there is none of that id (`import_not_found`).
    """
    row = session.execute(_jobs(tenant_id).where(ImportJob.id == job_id)).first()
    if row is None:
        raise ImportNotFound(job_id)
    return _view(row)


def same_import(session: Session, tenant_id: UUID, hashes: tuple[bytes, bytes], *, dry_run: bool) -> ImportView:
    """Return the import of the same file (content, then plan), read the same way, which is there."""
    content, plan = hashes
    query = _jobs(tenant_id).where(
        ImportJob.content_hash == content, ImportJob.plan_hash == plan, ImportJob.dry_run == dry_run
    )
    return _view(session.execute(query).one())


def imports(
    session: Session, tenant_id: UUID, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> tuple[ImportView, ...]:
    """Return imports, newest first, those before the cursor (time, id) only."""
    query = _jobs(tenant_id)
    if before is not None:
        query = query.where(tuple_(ImportJob.created_at, ImportJob.id) < tuple_(*before))
    rows = session.execute(query.order_by(ImportJob.created_at.desc(), ImportJob.id.desc()).limit(limit))
    return tuple(_view(row) for row in rows)


def imports_by_place(session: Session, tenant_id: UUID, first: int, limit: int) -> tuple[ImportView, ...]:
    """Return imports, newest first, from the `first` one (0 is the newest) on: for pages that leaf through."""
    newest = _jobs(tenant_id).order_by(ImportJob.created_at.desc(), ImportJob.id.desc())
    return tuple(_view(row) for row in session.execute(newest.offset(first).limit(limit)))


def waiting_imports(session: Session) -> tuple[tuple[UUID, UUID], ...]:
    """Return (tenant, import) of all that wait or run, oldest first; needs the steward's scope."""
    rows = session.execute(
        select(ImportJob.tenant_id, ImportJob.id)
        .where(ImportJob.status.in_(("queued", "running")))
        .order_by(ImportJob.created_at)
        .limit(1_000)
    )
    return tuple((tenant_id, job_id) for tenant_id, job_id in rows)


def import_plan(session: Session, tenant_id: UUID, job_id: UUID) -> Any:
    """Return the stored plan, JSON-ready."""
    wanted = select(ImportJob.plan).where(ImportJob.tenant_id == tenant_id, ImportJob.id == job_id)
    return session.execute(wanted).scalar_one()


def hold_import(session: Session, tenant_id: UUID, job_id: UUID) -> bool:
    """Lock a file's first piece until the transaction ends; False if another worker has it or it is gone."""
    wanted = select(ImportPart.number).where(
        ImportPart.tenant_id == tenant_id, ImportPart.job_id == job_id, ImportPart.number == 0
    )
    return session.execute(wanted.with_for_update(skip_locked=True)).first() is not None


def import_pieces(database: Database, tenant_id: UUID, job_id: UUID) -> Iterator[bytes]:
    """Yield a file's bytes piece by piece, each read in a transaction of its own."""
    number = 0
    while True:
        with database.begin(TenantScope(tenant_id)) as session:
            found = session.execute(
                select(ImportPart.content).where(
                    ImportPart.tenant_id == tenant_id, ImportPart.job_id == job_id, ImportPart.number == number
                )
            ).scalar()
        if found is None:
            return
        yield zstandard.ZstdDecompressor().decompress(found)
        number += 1


def import_faults(
    session: Session, tenant_id: UUID, job_id: UUID, after: tuple[int, int] = (0, -1), limit: int = _FAULTS
) -> tuple[tuple[tuple[int, int], FaultView], ...]:
    """Return bad rows in the file's order with their cursors, those after the cursor only."""
    rows = session.execute(
        select(
            ImportFault.row_number, ImportFault.position, ImportFault.column_name, ImportFault.code, ImportFault.detail
        )
        .where(
            ImportFault.tenant_id == tenant_id,
            ImportFault.job_id == job_id,
            tuple_(ImportFault.row_number, ImportFault.position) > tuple_(*after),
        )
        .order_by(ImportFault.row_number, ImportFault.position)
        .limit(limit)
    )
    return tuple(
        ((number, position), FaultView(number, column, code, detail)) for number, position, column, code, detail in rows
    )


def stored_at(session: Session, tenant_id: UUID, keys: Sequence[UUID], accepted_at: datetime) -> int:
    """Return how many of these events were accepted at exactly that instant."""
    rows = session.execute(
        select(FactKey.event_key).where(
            FactKey.tenant_id == tenant_id, any_of(FactKey.event_key, keys), FactKey.accepted_at == accepted_at
        )
    )
    return len(rows.all())
