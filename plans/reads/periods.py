"""Billing periods: a subscription's tiling, and what is due."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.lists import any_of
from core.periods import Period, add_months, local_date, month_period
from plans.models import BillingPeriod, Subscription
from plans.periods import Span
from tenants.reads import TenantView, list_tenants, tenant_now

__all__ = (
    "BillingPeriodView",
    "DuePeriod",
    "closed_after",
    "due_periods",
    "periods",
    "periods_since",
    "unbilled_periods",
    "unopened",
)


@dataclass(frozen=True, slots=True)
class BillingPeriodView:
    """A stored billing period."""

    subscription_id: UUID
    span: Span
    closed_at: datetime | None
    """When billing said that it is on an invoice."""


@dataclass(frozen=True, slots=True, order=True)
class DuePeriod:
    """A period that ended and whose grace is over, not yet on an invoice."""

    tenant_id: UUID
    subscription_id: UUID
    starts_at: datetime
    ends_at: datetime


def periods(session: Session, tenant_id: UUID, subscription_id: UUID) -> tuple[BillingPeriodView, ...]:
    """Return the opened billing periods of a subscription, in order."""
    rows = session.execute(
        select(
            BillingPeriod.starts_at,
            BillingPeriod.ends_at,
            BillingPeriod.full_starts_at,
            BillingPeriod.full_ends_at,
            BillingPeriod.closed_at,
        )
        .where(BillingPeriod.tenant_id == tenant_id, BillingPeriod.subscription_id == subscription_id)
        .order_by(BillingPeriod.starts_at)
    )
    return tuple(
        BillingPeriodView(
            subscription_id,
            Span(Period(row.starts_at, row.ends_at), Period(row.full_starts_at, row.full_ends_at)),
            row.closed_at,
        )
        for row in rows
    )


def unbilled_periods(session: Session, tenant: TenantView, now: datetime) -> tuple[Period, ...]:
    """Return the periods that a customer's contracts have begun and nobody has billed yet, each once, in order.

    Without a contract, or before its first period is stored, this month and the one before.
    """
    rows = session.execute(
        select(BillingPeriod.starts_at, BillingPeriod.ends_at)
        .where(BillingPeriod.tenant_id == tenant.id, BillingPeriod.closed_at.is_(None))
        .distinct()
    )
    found = sorted(Period(row.starts_at, row.ends_at) for row in rows)
    if found:
        return tuple(found)
    this = local_date(now, tenant.tz).replace(day=1)
    return tuple(month_period(one.year, one.month, tenant.tz) for one in (add_months(this, -1), this))


def periods_since(session: Session, tenant_ids: Collection[UUID], instant: datetime) -> tuple[tuple[UUID, Period], ...]:
    """Return the opened billing periods of customers that end at an instant or later; a steward's read."""
    rows = session.execute(
        select(BillingPeriod.tenant_id, BillingPeriod.starts_at, BillingPeriod.ends_at)
        .where(any_of(BillingPeriod.tenant_id, tenant_ids), BillingPeriod.ends_at >= instant)
        .order_by(BillingPeriod.starts_at)
    )
    return tuple((row.tenant_id, Period(row.starts_at, row.ends_at)) for row in rows)


def closed_after(known: Sequence[BillingPeriodView], instant: datetime) -> datetime | None:
    """Return up to when something after the instant is on an invoice already; None where nothing is."""
    closed = (view.span.period.ends_at for view in known if view.closed_at is not None)
    return max((ends_at for ends_at in closed if ends_at > instant), default=None)


def due_periods(
    session: Session,
    now: datetime | None = None,
    *,
    tenants: Collection[UUID] | None = None,
    skip_grace: bool = False,
) -> tuple[DuePeriod, ...]:
    """Return what is due: ended, grace passed, not closed. Read without locks; whoever bills locks.

    Args:
        session: steward's for all tenants, or scoped to one.
        now: the instant for everybody; by default each tenant's own (a sandbox has its test clock).
        tenants: only these, or all.
        skip_grace: do not wait for late facts.

    Returns:
        By tenant, subscription and start.
    """
    clocks = _clocks(session, now, tenants)
    if not clocks:
        return ()
    latest = max(at for _, at in clocks.values())
    open_periods = session.execute(
        select(
            BillingPeriod.tenant_id, BillingPeriod.subscription_id, BillingPeriod.starts_at, BillingPeriod.ends_at
        ).where(BillingPeriod.closed_at.is_(None), BillingPeriod.ends_at <= latest)
    )
    due = []
    for row in open_periods:
        known = clocks.get(row.tenant_id)
        if known is None:
            continue
        tenant, at = known
        grace = timedelta(0) if skip_grace else timedelta(hours=tenant.grace_hours)
        if row.ends_at + grace <= at:
            due.append(DuePeriod(*row))
    return tuple(sorted(due))


def unopened(
    session: Session, now: datetime | None = None, *, tenants: Collection[UUID] | None = None
) -> tuple[tuple[UUID, UUID], ...]:
    """Return tenant and id of subscriptions whose next billing period has begun and is not stored yet.

    Args:
        session: steward's for all tenants, or scoped to one.
        now: the instant for everybody; by default each tenant's own.
        tenants: only these, or all.
    """
    last = func.coalesce(func.max(BillingPeriod.ends_at), Subscription.starts_at)
    rows = session.execute(
        select(Subscription.tenant_id, Subscription.id, last.label("reaches_to"))
        .outerjoin(
            BillingPeriod,
            (BillingPeriod.tenant_id == Subscription.tenant_id) & (BillingPeriod.subscription_id == Subscription.id),
        )
        .group_by(Subscription.tenant_id, Subscription.id)
        .having(or_(Subscription.ends_at.is_(None), last < Subscription.ends_at))
        .order_by(Subscription.tenant_id, Subscription.id)
    )
    clocks = _clocks(session, now, tenants)
    return tuple((row.tenant_id, row.id) for row in rows if _reached(clocks.get(row.tenant_id), row.reaches_to))


def _reached(known: tuple[TenantView, datetime] | None, instant: datetime) -> bool:
    return known is not None and instant <= known[1]


def _clocks(
    session: Session, now: datetime | None, tenants: Collection[UUID] | None
) -> dict[UUID, tuple[TenantView, datetime]]:
    """Return each tenant with its time; those in real time share one reading of the clock."""
    real, wanted = now or utc_now(), None if tenants is None else set(tenants)
    return {
        tenant.id: (tenant, now or (tenant_now(session, tenant) if tenant.test_clock_id else real))
        for tenant in list_tenants(session)
        if wanted is None or tenant.id in wanted
    }
