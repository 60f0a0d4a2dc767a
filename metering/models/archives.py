"""Tables of what has left the database: how long facts stay, and which months are in files."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("FactArchive", "FactRetention")


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
    the facts are away. `measured_at` is the cut-off that they were measured with.
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
