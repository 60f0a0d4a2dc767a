"""Let a subscription go on beyond its end."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.periods import day_start
from plans.actions.open_periods import open_periods_of
from plans.errors import TermsDontFit
from plans.reads.subscriptions import get_subscription
from plans.states import Trigger, advance, state_at
from plans.store import end_subscription, lock_subscription
from plans.subscriptions import SubscriptionView
from tenants.actions.record_audit import record_audit

__all__ = ("RenewInput", "renew_subscription")


@dataclass(frozen=True, slots=True)
class RenewInput:
    """A renewal; preview and execution take the very same."""

    tenant_id: UUID
    subscription_id: UUID
    actor: str
    ends_on: date | None = None
    """The new local day on which it is over; None: open."""
    preview: bool = False
    """Decide and show, write nothing."""


def renew_subscription(session: Session, given: RenewInput, now: datetime) -> SubscriptionView:
    """Move the end of a subscription out; its plan, add-ons and calendar go on as they are.

    Args:
        session: scoped to the tenant.
        given: the renewal.
        now: the current instant for the tenant.

    Returns:
        The subscription as it is (or with `preview` would be) now.

    Raises:
        NotFound: there is no such subscription (`not_found`).
        SubscriptionNotIn: it has no end, or is over (`subscription_state`).
        TermsDontFit: the new end is not after the old one (`terms_dont_fit`).
    """
    lock_subscription(session, given.tenant_id, given.subscription_id)
    before = get_subscription(session, given.tenant_id, given.subscription_id, now)
    trigger = Trigger.CONTINUE if given.ends_on is None else Trigger.RENEW
    status = advance(state_at(before.starts_at, before.ends_at, now), trigger)
    ends_at = day_start(given.ends_on, before.schedule.tz) if given.ends_on else None
    if ends_at is not None and before.ends_at is not None and ends_at <= before.ends_at:
        raise TermsDontFit(f"The subscription already runs until {before.ends_at.isoformat()}. Name a later day.")
    if given.preview:
        return replace(before, ends_at=ends_at, status=status, renews_months=before.renews_months if ends_at else None)
    end_subscription(session, before.tenant_id, before.id, ends_at, before.renews_months if ends_at else None)
    after = get_subscription(session, before.tenant_id, before.id, now)
    open_periods_of(session, after, now)
    detail = {"ends_at": ends_at.isoformat() if ends_at else None}
    target = ("subscription", str(before.id))
    record_audit(session, before.tenant_id, given.actor, "renew_subscription", target, detail)
    return after
