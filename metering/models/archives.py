"""Tables of what has left the database: how long facts stay, and which months are in files."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("ArchiveJob", "FactArchive", "FactRetention")


class FactRetention(Base):
    """How long a tenant's facts stay on line; no row, or NULL: for ever."""

    __tablename__ = "fact_retention"
    __table_args__ = (CheckConstraint("keep_months >= 26", name="least_months"),)
    tenant_id: Mapped[TenantId]
    keep_months: Mapped[int | None] = mapped_column(SmallInteger)
    changed_at: Mapped[Instant]


class FactArchive(Base):
    """A local month whose facts are, or were, in a file instead of here; keys stay in `fact_key`.

    The file holds what occurred in `[facts_from, facts_until)` of the `types` in it. `figures` are
    those of the month and its days by meter, exact fractions under `start/end`: they are told while
    the facts are away. `measured_at` is the cut-off that they were measured with. `checked_at` is when
    the month was last measured from its files, `differences` what came out otherwise then, as sentences.
    """

    __tablename__ = "fact_archive"
    __table_args__ = (
        CheckConstraint("status in ('writing', 'written', 'archived', 'restoring', 'restored')", name="status"),
        CheckConstraint("starts_at < ends_at and facts_from < facts_until and facts_until <= ends_at", name="spans"),
    )
    tenant_id: Mapped[TenantId]
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[Instant]
    facts_from: Mapped[Instant]
    facts_until: Mapped[Instant]
    status: Mapped[str]
    folder: Mapped[str]
    row_count: Mapped[int]
    file_sha256: Mapped[str]
    manifest_sha256: Mapped[str]
    types: Mapped[Any] = json_column()
    figures: Mapped[Any] = json_column()
    measured_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    checked_at: Mapped[datetime | None]
    differences: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))


class ArchiveJob(Base):
    """What somebody asked to be done about archives; a worker does it.

    `starts_at` names the month; none with `archive` means all that retention lets leave. `done` of
    `total` steps are behind (months, facts, or figures and lists); a job that was killed begins again.
    """

    __tablename__ = "archive_job"
    __table_args__ = (
        CheckConstraint("kind in ('archive', 'verify', 'restore')", name="kind"),
        CheckConstraint("kind = 'archive' or starts_at is not null", name="names_its_month"),
        CheckConstraint("status in ('queued', 'running', 'done', 'failed')", name="status"),
        CheckConstraint("(status = 'failed') = (error_code <> '')", name="failed_says_why"),
        Index("ix_archive_job_waiting", "tenant_id", "created_at", postgresql_where="status in ('queued', 'running')"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    starts_at: Mapped[datetime | None]
    reason: Mapped[str]
    status: Mapped[str]
    done: Mapped[int]
    total: Mapped[int]
    error_code: Mapped[str]
    error_detail: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    finished_at: Mapped[datetime | None]
