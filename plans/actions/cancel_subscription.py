"""End a subscription: at once, with the running period, at any later instant, or at the end of its term."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from plans.actions.open_periods import open_periods_of
from plans.changes import CancelWhen, Decision, Timing, decide_cancellation, decide_end, decide_non_renewal
from plans.errors import ChangeInThePast
from plans.reads.periods import closed_after, periods
from plans.reads.subscriptions import get_subscription
from plans.store import end_span, end_subscription, lock_subscription, trim_spans
from plans.subscriptions import SubscriptionView
from tenants.actions.record_audit import record_audit

__all__ = ("CancelInput", "cancel_subscription")


@dataclass(frozen=True, slots=True)
class CancelInput:
    """A cancellation; preview and execution take the very same."""

    tenant_id: UUID
    subscription_id: UUID
    actor: str
    when: CancelWhen = "at_period_end"
    at: datetime | None = None
    """With `prorate_now`: an instant in the running period, or an earlier one that is not billed yet; with
    `at_instant` any later one too. None: now."""
    reason: str = ""
    preview: bool = False
    """Decide and show, write nothing."""


def cancel_subscription(session: Session, given: CancelInput, now: datetime) -> Decision:
    """Cancel a subscription; what was used up to its end is billed as usual.

    Args:
        session: scoped to the tenant.
        given: the cancellation.
        now: the current instant for the tenant.

    Returns:
        What is (or with `preview` would be) different.

    Raises:
        NotFound: there is no such subscription (`not_found`).
        ChangeInThePast: it is dated back over something that is on an invoice (`change_in_the_past`).
        Those of `plans.changes.decide_cancellation`, `decide_end` and `decide_non_renewal`.
    """
    lock_subscription(session, given.tenant_id, given.subscription_id)
    subscription = get_subscription(session, given.tenant_id, given.subscription_id, now)
    known = periods(session, subscription.tenant_id, subscription.id)
    spans = [view.span for view in known]
    if given.when == "at_term_end":
        decision = decide_non_renewal(subscription, spans, now)
    elif given.when == "at_instant":
        decision = decide_end(subscription, spans, Timing("prorate_now", given.at, now))
    else:
        decision = decide_cancellation(subscription, spans, Timing(given.when, given.at, now))
    billed_until = closed_after(known, decision.effective_at)
    if billed_until is not None:
        raise ChangeInThePast(decision.effective_at, now, billed_until)
    if not given.preview:
        _write(session, subscription, decision, now)
        detail = {"ends_at": decision.effective_at.isoformat(), "reason": given.reason}
        target = ("subscription", str(subscription.id))
        record_audit(session, subscription.tenant_id, given.actor, "cancel_subscription", target, detail)
    return decision


def _write(session: Session, subscription: SubscriptionView, decision: Decision, now: datetime) -> None:
    tenant_id, subscription_id, at = subscription.tenant_id, subscription.id, decision.effective_at
    open_periods_of(session, subscription, now)
    trim_spans(session, tenant_id, subscription_id, at)
    if decision.running.period.starts_at < at < decision.running.period.ends_at:
        end_span(session, tenant_id, subscription_id, decision.running.period.starts_at, at)
    end_subscription(session, tenant_id, subscription_id, at)
