"""Tables of webhooks: where to, and what came of each thing that was told."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("WebhookDelivery", "WebhookEndpoint")


class WebhookEndpoint(Base):
    """An address that is told things. The signing secrets are sealed, bound to the row's id."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (CheckConstraint("(secret_before is null) = (before_until is null)", name="both_or_none"),)
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    description: Mapped[str]
    event_types: Mapped[Any] = json_column()
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    secret_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The one before a rotation: messages are signed with both until `before_until`."""
    before_until: Mapped[Instant | None]
    created_at: Mapped[Instant]
    disabled_at: Mapped[Instant | None]


class WebhookDelivery(Base):
    """One thing for one address, with what came of the last attempt."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("status in ('due', 'delivered', 'dead')", name="status"),
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"],
            ["webhook_endpoint.tenant_id", "webhook_endpoint.id"],
            name="fk_webhook_delivery_endpoint",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "event_id"],
            ["outbox_event.tenant_id", "outbox_event.id"],
            name="fk_webhook_delivery_event",
            ondelete="CASCADE",
        ),
        Index("ix_webhook_delivery_due", "due_at", postgresql_where="status = 'due'"),
        Index(
            "ix_webhook_delivery_endpoint_due", "tenant_id", "endpoint_id", "due_at", postgresql_where="status = 'due'"
        ),
    )
    tenant_id: Mapped[TenantId]
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str]
    attempts: Mapped[int]
    due_at: Mapped[Instant]
    tried_at: Mapped[Instant | None]
    answer_status: Mapped[int | None]
    error: Mapped[str] = mapped_column(server_default="")
