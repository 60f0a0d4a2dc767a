"""Store the billing periods that have begun, and note which are billed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from plans.changes import TICK
from plans.periods import Span
from plans.reads.periods import periods
from plans.reads.subscriptions import get_subscription
from plans.store import add_spans, close_span, lock_subscription
from plans.subscriptions import SubscriptionView

__all__ = ("close_period", "open_periods", "open_periods_of")


def open_periods(
    session: Session, tenant_id: UUID, subscription_id: UUID, until: datetime
) -> tuple[SubscriptionView, tuple[Span, ...]]:
    """Store every billing period that begins up to `until` (inclusive); safe to repeat, also at once.

    Args:
        session: scoped to the tenant.
        tenant_id: whose subscription.
        subscription_id: which one.
        until: mostly now; never far ahead, since a change cuts stored periods only.

    Returns:
        The subscription as it stands at `until`, and all its stored periods in order.

    Raises:
        NotFound: there is no such subscription (`not_found`).
    """
    lock_subscription(session, tenant_id, subscription_id)
    subscription = get_subscription(session, tenant_id, subscription_id, until)
    return subscription, open_periods_of(session, subscription, until)


def open_periods_of(session: Session, subscription: SubscriptionView, until: datetime) -> tuple[Span, ...]:
    """Do so for a subscription that is at hand and locked."""
    known = [view.span for view in periods(session, subscription.tenant_id, subscription.id)]
    missing = _missing(subscription, known, until)
    if not missing:
        return tuple(known)
    add_spans(session, subscription.tenant_id, subscription.id, missing, head=not known)
    return tuple(view.span for view in periods(session, subscription.tenant_id, subscription.id))


def close_period(session: Session, tenant_id: UUID, subscription_id: UUID, starts_at: datetime, now: datetime) -> None:
    """Note that a billing period is on an invoice, so that it does not come up as due again.

    Args:
        session: scoped to the tenant.
        tenant_id: whose subscription.
        subscription_id: which one.
        starts_at: of the period.
        now: when it was billed.
    """
    close_span(session, tenant_id, subscription_id, starts_at, now)


def _missing(subscription: SubscriptionView, known: Sequence[Span], until: datetime) -> tuple[Span, ...]:
    begins = known[-1].period.ends_at if known else subscription.starts_at
    if subscription.ends_at is not None and begins >= subscription.ends_at:
        return ()
    return tuple(subscription.spans_until(until + TICK, begins))
