"""Quotes of a customer, and what each seller may grant."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("Quote", "SellerLimit")


class Quote(Base):
    """A version of a quote; what it says never changes, only where it stands."""

    __tablename__ = "quote"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key", "version"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("status in ('draft', 'pending', 'open', 'declined', 'accepted')", name="status"),
        CheckConstraint("approved_by is null or approved_by <> created_by", name="approver_is_not_maker"),
        CheckConstraint(
            "not needs_approval or status in ('draft', 'pending', 'declined') or approved_by is not null",
            name="approved",
        ),
        CheckConstraint("(status = 'accepted') = (subscription_id is not null)", name="accepted_is_a_contract"),
        Index("uq_quote_accepted", "tenant_id", "key", unique=True, postgresql_where=text("status = 'accepted'")),
        Index("ix_quote_waiting", "tenant_id", "id", postgresql_where=text("status = 'pending'")),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    version: Mapped[int]
    terms: Mapped[Any] = json_column()
    valid_until: Mapped[date]
    """The last local day on which it can be accepted."""
    note: Mapped[str]
    status: Mapped[str]
    currency: Mapped[str]
    list_minor: Mapped[int]
    """The simulated first year at list price, before tax."""
    net_minor: Mapped[int]
    """The simulated first year as quoted, before tax."""
    term_list_minor: Mapped[int | None]
    """The whole term at list price; null in quotes that were made before it was reckoned."""
    term_net_minor: Mapped[int | None]
    cost_minor: Mapped[int | None]
    """What the simulated first year costs the vendor; null: it was not known in this currency."""
    term_cost_minor: Mapped[int | None]
    discount_percent: Mapped[Decimal] = mapped_column(Numeric)
    """Of the first year or of the whole term, whichever gives more away."""
    needs_approval: Mapped[bool]
    simulated_from: Mapped[date]
    simulated_until: Mapped[date]
    first_year: Mapped[Any] = json_column()
    """The simulated documents."""
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    sent_at: Mapped[datetime | None]
    """Since when the customer sees it."""
    approved_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str]
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    subscription_id: Mapped[UUID | None]


class SellerLimit(Base):
    """The vendor's own row: what a seller may give away alone, and the floors; `*` is everybody not named."""

    __tablename__ = "seller_limit"
    __table_args__ = (
        CheckConstraint("discount_percent between 0 and 100", name="discount_share"),
        CheckConstraint("floor_percent between 0 and 100", name="floor_share"),
        CheckConstraint("margin_floor_percent between 0 and 100", name="margin_floor_share"),
    )
    tenant_id: Mapped[TenantId]
    seller: Mapped[str] = mapped_column(primary_key=True)
    """`user:…` as the audit trail names them, or `*`."""
    discount_percent: Mapped[Decimal] = mapped_column(Numeric)
    floor_percent: Mapped[Decimal] = mapped_column(Numeric)
    """Of the list price: below it nobody sells."""
    margin_floor_percent: Mapped[Decimal | None] = mapped_column(Numeric)
    """Of the price, after its costs: below it nobody sells; null: costs decide nothing."""
    set_by: Mapped[str]
    set_at: Mapped[Instant]
