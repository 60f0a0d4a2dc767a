"""What others are to be told, written in the transaction of what happened: told at least once, never for nothing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.ids import new_id
from core.models import Base, Instant, TenantId, json_column

__all__ = ("OutboxEvent", "forget_told", "put", "take_untold", "tenants_with_untold")


class OutboxEvent(Base):
    """One thing to tell; `taken_at` is when it was handed to those who tell it."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("ix_outbox_event_untold", "tenant_id", "id", postgresql_where="taken_at is null"),
        Index("ix_outbox_event_at", "at"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    at: Mapped[Instant]
    data: Mapped[Any] = json_column()
    taken_at: Mapped[Instant | None]


def put(
    session: Session, tenant_id: UUID, event_type: str, data: dict[str, Any], at: datetime, *, taken: bool = False
) -> UUID:
    """Write down what is to be told, and return its id.

    Args:
        session: the transaction in which it happens; scoped to `tenant_id`.
        tenant_id: whose it is.
        event_type: for instance `invoice.finalised`.
        data: JSON-ready, without personal data.
        at: when it happened.
        taken: the caller tells it by itself.
    """
    event_id = new_id()
    session.add(
        OutboxEvent(tenant_id=tenant_id, id=event_id, type=event_type, at=at, data=data, taken_at=at if taken else None)
    )
    session.flush()
    return event_id


def tenants_with_untold(session: Session) -> tuple[UUID, ...]:
    """Return the tenants with something that nobody has taken yet; a steward's transaction."""
    query = select(OutboxEvent.tenant_id).where(OutboxEvent.taken_at.is_(None)).distinct()
    return tuple(session.execute(query).scalars())


def take_untold(session: Session, tenant_id: UUID, now: datetime, limit: int) -> list[OutboxEvent]:
    """Take what nobody else is taking, oldest first; it is taken when the transaction commits."""
    rows = session.execute(
        select(OutboxEvent)
        .where(OutboxEvent.tenant_id == tenant_id, OutboxEvent.taken_at.is_(None))
        .order_by(OutboxEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).scalars()
    taken = list(rows)
    ids = [row.id for row in taken]
    session.execute(
        update(OutboxEvent).where(OutboxEvent.tenant_id == tenant_id, OutboxEvent.id.in_(ids)).values(taken_at=now)
    )
    return taken


def forget_told(session: Session, before: datetime) -> None:
    """Delete what happened before an instant and was taken; a steward's transaction."""
    session.execute(delete(OutboxEvent).where(OutboxEvent.at < before, OutboxEvent.taken_at.is_not(None)))
