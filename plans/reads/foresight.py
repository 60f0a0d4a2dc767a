"""What a contract will bill by the use so far: what every preview shows."""

from datetime import datetime

from sqlalchemy.orm import Session

from plans.changes import TICK, Decision, running_span
from plans.periods import Span
from plans.rating.estimate import Foreseen, NextPeriod, estimate_change, estimate_next, estimate_periods
from plans.reads.figures import measured_sources
from plans.reads.periods import periods
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("foresee", "foresee_begun", "goes_on")


def foresee(
    session: Session, tenant: TenantView, before: SubscriptionView, decision: Decision, now: datetime
) -> Foreseen:
    """Rate, for a preview, the pieces of the running period and the next one.

    Args:
        session: scoped to the tenant.
        tenant: whose contract.
        before: the contract as it stands.
        decision: what becomes of it.
        now: up to then use is known.
    """
    sources = measured_sources(session, tenant, now=now, to_be=decision.opens)
    return estimate_change(before, decision, sources), estimate_next(decision, sources)


def foresee_begun(session: Session, tenant: TenantView, begun: SubscriptionView, now: datetime) -> Foreseen:
    """Rate the billing periods up to now, or the first one of a contract that is still to begin, and the one after."""
    sources = measured_sources(session, tenant, now=now, to_be=begun.holdings)
    known = list(begun.spans_until(max(now, begun.starts_at) + TICK))
    following = _after(begun, known[-1]) if known else None
    later = NextPeriod(following, tuple(estimate_periods(begun, [following], sources))) if following else None
    return estimate_periods(begun, known, sources), later


def goes_on(session: Session, before: SubscriptionView, after: SubscriptionView, now: datetime) -> Decision:
    """Return as a decision what leaves all versions as they are: a later end, a discount, or nothing at all.

    Args:
        session: scoped to the tenant.
        before: the contract as it stands; it runs.
        after: the contract as it then is.
        now: the current instant for the tenant.
    """
    known = [view.span for view in periods(session, before.tenant_id, before.id)]
    running = running_span(before, known, now)
    return Decision(now, running, (running,), (), (), after)


def _after(subscription: SubscriptionView, last: Span) -> Span | None:
    ends = last.period.ends_at
    return next(iter(subscription.spans_until(ends + TICK, since=ends)), None)
