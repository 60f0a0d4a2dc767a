"""Questions that were asked, how far their answer is, and the answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("Answer",)


class Answer(Base):
    """The vendor's own row: a question about customers is no business of theirs.

    `touched_at` moves while somebody works on it; one that was left alone is taken up again.
    """

    __tablename__ = "answer"
    __table_args__ = (
        CheckConstraint("status in ('queued', 'running', 'done', 'cancelled', 'failed')", name="status"),
        CheckConstraint("(status = 'failed') = (error_code <> '')", name="failed_says_why"),
        CheckConstraint("(status = 'done') = (result is not null)", name="done_has_result"),
        Index("ix_answer_waiting", "tenant_id", "created_at", postgresql_where="status in ('queued', 'running')"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    question: Mapped[Any] = json_column()
    customers: Mapped[Any] = json_column()
    """Ids of the tenants it is about, for lists by customer."""
    status: Mapped[str]
    steps_done: Mapped[int]
    steps_total: Mapped[int]
    result: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    error_code: Mapped[str]
    error_detail: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    touched_at: Mapped[Instant]
    finished_at: Mapped[datetime | None]
