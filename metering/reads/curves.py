"""How many were there at once, step by step: what a chart of a day shows."""

from datetime import datetime
from fractions import Fraction

from sqlalchemy.orm import Session

from core.periods import Period
from metering.policies import CountingPolicies
from metering.reads.measuring import Reading, load_grounds
from metering.registry import METERS
from metering.sessions import level_curve
from tenants.reads import TenantView

__all__ = ("concurrency_curve",)


def concurrency_curve(
    session: Session,
    tenant: TenantView,
    period: Period,
    *,
    step_s: int = 60,
    policy: CountingPolicies | None = None,
    now: datetime | None = None,
) -> tuple[tuple[datetime, Fraction], ...]:
    """Return the highest concurrency in each step of a period, by the steps' starts.

    Args:
        session: scoped to the tenant.
        tenant: whose sessions.
        period: for instance a day (`core.periods.day_period`).
        step_s: seconds per step, 60 (a minute) or more.
        policy: the reading; None is the one in force at the start of the period.
        now: the curve ends there if that is before the end of the period.
    """
    spec = METERS["sessions.concurrent.peak"]
    grounds = load_grounds(session, tenant, spec, period, Reading(policy, None, now))
    shown = period.clip(period.starts_at, now) if now is not None else period
    return tuple(level_curve(grounds, shown, step_s)) if shown is not None else ()
