"""What was asked to be done about archives, and how far it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from core.errors import NotFound
from metering.models import ArchiveJob

__all__ = (
    "ArchiveJobView",
    "archive_jobs",
    "get_archive_job",
    "hold_archive_job",
    "waiting_archive_job",
    "waiting_archive_jobs",
)

WAITING = ("queued", "running")


@dataclass(frozen=True, slots=True)
class ArchiveJobView:
    """A job: `archive`, `verify` or `restore`, of the month that begins at `starts_at` (None: all that is due).

    `done` of `total` steps are behind: months, facts, or figures and lists; `total` is 0 until it is known.
    """

    id: UUID
    kind: str
    starts_at: datetime | None
    reason: str
    status: str
    done: int
    total: int
    error_code: str
    error_detail: str
    created_by: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in WAITING


_VIEW = (
    ArchiveJob.id, ArchiveJob.kind, ArchiveJob.starts_at, ArchiveJob.reason, ArchiveJob.status, ArchiveJob.done,
    ArchiveJob.total, ArchiveJob.error_code, ArchiveJob.error_detail, ArchiveJob.created_by, ArchiveJob.created_at,
    ArchiveJob.finished_at,
)  # fmt: skip


def _jobs(tenant_id: UUID) -> Select[Any]:
    columns: tuple[Any, ...] = _VIEW
    return select(*columns).where(ArchiveJob.tenant_id == tenant_id)


def get_archive_job(session: Session, tenant_id: UUID, job_id: UUID) -> ArchiveJobView:
    """Return one job.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    row = session.execute(_jobs(tenant_id).where(ArchiveJob.id == job_id)).first()
    if row is None:
        raise NotFound("archive job", job_id)
    return ArchiveJobView(*row)


def archive_jobs(
    session: Session, tenant_id: UUID, *, starts_at: datetime | None = None, limit: int = 20
) -> tuple[ArchiveJobView, ...]:
    """Return jobs, newest first; those of one month only where `starts_at` names it."""
    query = _jobs(tenant_id).order_by(ArchiveJob.created_at.desc(), ArchiveJob.id.desc()).limit(limit)
    if starts_at is not None:
        query = query.where(ArchiveJob.starts_at == starts_at)
    return tuple(ArchiveJobView(*row) for row in session.execute(query))


def waiting_archive_job(
    session: Session, tenant_id: UUID, kind: str, starts_at: datetime | None
) -> ArchiveJobView | None:
    """Return the job of this kind and month that is not over, if there is one."""
    query = _jobs(tenant_id).where(
        ArchiveJob.kind == kind, ArchiveJob.starts_at.is_not_distinct_from(starts_at), ArchiveJob.status.in_(WAITING)
    )
    row = session.execute(query.order_by(ArchiveJob.created_at).limit(1)).first()
    return None if row is None else ArchiveJobView(*row)


def waiting_archive_jobs(session: Session) -> tuple[tuple[UUID, UUID], ...]:
    """Return (tenant, job) of all that wait or run, oldest first; needs the steward's scope."""
    rows = session.execute(
        select(ArchiveJob.tenant_id, ArchiveJob.id)
        .where(ArchiveJob.status.in_(WAITING))
        .order_by(ArchiveJob.created_at)
        .limit(1_000)
    )
    return tuple((tenant_id, job_id) for tenant_id, job_id in rows)


def hold_archive_job(session: Session, job_id: UUID) -> bool:
    """Return whether no other worker has the job, and keep others off it until this transaction ends."""
    lock = text("select pg_try_advisory_xact_lock(hashtextextended(:job, 6))")
    return bool(session.execute(lock, {"job": str(job_id)}).scalar_one())
