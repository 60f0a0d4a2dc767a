"""Of which period a rule speaks: the contract's, or the calendar month."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.periods import Period, add_months, day_start, local_date, month_period
from plans.reads import subscriptions
from plans.subscriptions import SubscriptionView, held_charges
from tenants.reads import TenantView

__all__ = ("contract_period", "earlier_periods", "month_of")

_EARLIER = 3
_EARLIER_MONTHS = 12
_DAYS_A_MONTH = 30


def month_of(now: datetime, tz: ZoneInfo) -> Period:
    """Return the calendar month that holds an instant."""
    today = local_date(now, tz)
    return month_period(today.year, today.month, tz)


def contract_period(
    session: Session, tenant: TenantView, now: datetime, likeness: Callable[[str], int] = lambda _meter: 0,
    currency: str | None = None,
) -> Period:  # fmt: skip
    """Return the running period of the charge that is most like what is watched; else of the contract; else the month.

    Args:
        session: scoped to the tenant.
        tenant: whose contracts.
        now: the tenant's time.
        likeness: how like a charge's meter is to what is watched, above 0; 0 for not at all. Of charges that
            are alike, the one whose period ends first counts.
        currency: only contracts that bill in it; None for all.
    """
    best: tuple[int, Period] | None = None
    for held in subscriptions(session, tenant.id, now):
        if not held.starts_at <= now or (held.ends_at is not None and held.ends_at <= now):
            continue
        if currency is not None and held.currency != currency:
            continue
        for rank, months in _intervals(held, likeness):
            full = held.every(months).at(now)
            period = full.clip(held.starts_at, held.ends_at or full.ends_at)
            assert period is not None, "the contract runs"
            if best is None or (-rank, period.ends_at) < (-best[0], best[1].ends_at):
                best = rank, period
    return month_of(now, tenant.tz) if best is None else best[1]


def _intervals(held: SubscriptionView, likeness: Callable[[str], int]) -> list[tuple[int, int]]:
    found = [(0, held.interval_months)]
    for one in held_charges(held):
        rank = likeness(one.charge.meter) if one.charge.meter is not None else 0
        if rank:
            found.append((rank, one.charge.interval_months or one.holding.document.interval_months))
    return found


def earlier_periods(period: Period, tz: ZoneInfo) -> tuple[Period, ...]:
    """Return the periods of the same length before one, at most three and at most a year back, the last first."""
    first, after = local_date(period.starts_at, tz), local_date(period.ends_at, tz)
    months = max(1, round((after - first).days / _DAYS_A_MONTH))
    starts = [add_months(first, -months * back) for back in range(_EARLIER + 1) if months * back <= _EARLIER_MONTHS]
    edges = [day_start(one, tz) for one in starts]
    return tuple(Period(starts_at, ends_at) for ends_at, starts_at in pairwise(edges))
