"""Tables of alerts: the rules, and what fired."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("AlertFiring", "AlertRuleRow")


class AlertRuleRow(Base):
    """A rule, who is told, and what the last look found; whoever judges a look holds this row."""

    __tablename__ = "alert_rule"
    __table_args__ = (
        CheckConstraint("subject in ('meter', 'seat_pool', 'floating_pool', 'denials', 'spend')", name="subject"),
        CheckConstraint("when_kind in ('absolute', 'percent', 'forecast')", name="when_kind"),
        CheckConstraint("per in ('contract', 'month')", name="per"),
        CheckConstraint("value > 0 and hysteresis_percent between 0 and 90", name="figures"),
        Index("ix_alert_rule_due", "due_at", postgresql_where="stopped_at is null"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    subject: Mapped[str]
    key: Mapped[str]
    when_kind: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric(24, 6))
    limit_value: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    cost_centre: Mapped[str | None]
    hysteresis_percent: Mapped[int] = mapped_column(Integer)
    per: Mapped[str] = mapped_column(server_default="contract")
    currency: Mapped[str | None]
    """Of money, where it is not the customer's own."""
    recipients: Mapped[Any] = json_column()
    """E-mail addresses that the customer typed."""
    language: Mapped[str]
    """Of the mails: that of who made the rule, as `Accept-Language` has it."""
    created_at: Mapped[Instant]
    stopped_at: Mapped[Instant | None]
    due_at: Mapped[Instant]
    looked_at: Mapped[Instant | None]
    last_value: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    last_limit: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    last_forecast: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    error: Mapped[str] = mapped_column(server_default="")
    """Why the last look found nothing."""


class AlertFiring(Base):
    """A rule fired: once in a round of a period; the next round begins after it was armed again."""

    __tablename__ = "alert_firing"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "rule_id"], ["alert_rule.tenant_id", "alert_rule.id"], ondelete="CASCADE"),
        Index("ix_alert_firing_fired_at", "tenant_id", "fired_at"),
    )
    tenant_id: Mapped[TenantId]
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    ends_on: Mapped[date | None]
    """The first day after the period; None, of what fired before it was kept: after the month."""
    id: Mapped[UUID]
    """The event that was told."""
    fired_at: Mapped[Instant]
    value: Mapped[Decimal] = mapped_column(Numeric(24, 6))
    level: Mapped[Decimal] = mapped_column(Numeric(24, 6))
    forecast: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    subject: Mapped[str | None]
    """What the rule watched then, and in which currency; None, of what fired before it was kept: as it does now."""
    key: Mapped[str | None]
    cost_centre: Mapped[str | None]
    currency: Mapped[str | None]
    rearmed_at: Mapped[datetime | None]
