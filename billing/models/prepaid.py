"""Prepaid credits: what was bought or granted, and every movement of it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("PrepaidGrant", "PrepaidMovement")


class PrepaidGrant(Base):
    """The payer's: a block of credits. Only what is left of it changes; a CHECK makes overdrawing impossible."""

    __tablename__ = "prepaid_grant"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(["tenant_id", "rolled_from_id"], ["prepaid_grant.tenant_id", "prepaid_grant.id"]),
        CheckConstraint("origin in ('purchase', 'plan', 'granted', 'rollover')", name="origin"),
        CheckConstraint("amount_minor > 0 and paid_minor >= 0", name="amounts_sane"),
        CheckConstraint("remaining_minor between 0 and amount_minor", name="never_overdrawn"),
        CheckConstraint("deferred_minor between 0 and paid_minor", name="never_earned_twice"),
        CheckConstraint("paid_minor = 0 or invoice_id is not null", name="paid_by_invoice"),
        CheckConstraint("priority between 0 and 1000", name="priority_sane"),
        CheckConstraint("expires_at > starts_at", name="span"),
        Index("ix_prepaid_grant_left", "expires_at", postgresql_where=text("remaining_minor > 0")),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    origin: Mapped[str]
    legal_entity_id: Mapped[UUID]
    """Pays documents of this issuer only."""
    currency: Mapped[str]
    amount_minor: Mapped[int]
    """What can be paid with it in all."""
    paid_minor: Mapped[int]
    """What it cost before tax; 0: nothing."""
    remaining_minor: Mapped[int]
    deferred_minor: Mapped[int]
    """What of the price is not revenue yet."""
    priority: Mapped[int] = mapped_column(SmallInteger)
    starts_at: Mapped[Instant]
    expires_at: Mapped[datetime | None]
    subscription_id: Mapped[UUID | None]
    """Pays this contract only; null: whatever the payer is billed."""
    charges: Mapped[Any] = json_column(server_default="[]")
    meters: Mapped[Any] = json_column(server_default="[]")
    refundable: Mapped[bool]
    rollover_months: Mapped[int | None] = mapped_column(SmallInteger)
    rollover_percent: Mapped[Decimal] = mapped_column(Numeric(15, 12))
    time_zone: Mapped[str]
    """In whose days months are counted."""
    invoice_id: Mapped[UUID | None]
    """The document that it was bought by or came with."""
    rolled_from_id: Mapped[UUID | None]
    reason: Mapped[str]
    created_at: Mapped[Instant]
    created_by: Mapped[str]


class PrepaidMovement(Base):
    """Append-only, the payer's: what came onto or went off a block; the sum is what is left of it."""

    __tablename__ = "prepaid_movement"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "grant_id"], ["prepaid_grant.tenant_id", "prepaid_grant.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(["tenant_id", "reverses_id"], ["prepaid_movement.tenant_id", "prepaid_movement.id"]),
        CheckConstraint(
            "kind in ('granted', 'drawn', 'returned', 'expired', 'rolled_over', 'refunded', 'revoked')", name="kind"
        ),
        CheckConstraint("remaining_minor >= 0", name="remaining_sane"),
        Index("ix_prepaid_movement_grant", "tenant_id", "grant_id"),
        Index("ix_prepaid_movement_invoice", "tenant_id", "invoice_id"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID]
    kind: Mapped[str]
    amount_minor: Mapped[int]
    """Above 0 it comes on, below 0 it goes off."""
    remaining_minor: Mapped[int]
    """What is left after it."""
    deferred_minor: Mapped[int]
    """By how much what is not revenue yet changes."""
    invoice_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]
    """Which draw a return gives back."""
    actor: Mapped[str]
    moved_at: Mapped[Instant]
