"""Withdraw a change that was agreed on for later and has not come yet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.actions.bind_policy import bind_policy
from metering.policies import DEFAULT_POLICIES
from plans.actions.open_periods import open_periods_of
from plans.changes import Decision, decide_withdrawal
from plans.reads.periods import periods
from plans.reads.subscriptions import get_subscription
from plans.store import drop_holding, end_holding, end_span, lock_subscription, trim_spans
from plans.subscriptions import BASE, SubscriptionView
from tenants.actions.record_audit import record_audit

__all__ = ("WithdrawInput", "withdraw_change")


@dataclass(frozen=True, slots=True)
class WithdrawInput:
    """A withdrawal; preview and execution take the very same."""

    tenant_id: UUID
    subscription_id: UUID
    actor: str
    at: datetime | None = None
    """When the change was to come; None: the only one there is."""
    preview: bool = False
    """Decide and show, write nothing."""


def withdraw_change(session: Session, given: WithdrawInput, now: datetime) -> Decision:
    """Let a pending change not come: what is held before it goes on, and a period that it cut is whole again.

    Args:
        session: scoped to the tenant.
        given: which change.
        now: the current instant for the tenant.

    Returns:
        What is (or with `preview` would be) different.

    Raises:
        NotFound: there is no such subscription (`not_found`).
        Those of `plans.changes.decide_withdrawal`.
    """
    lock_subscription(session, given.tenant_id, given.subscription_id)
    before = get_subscription(session, given.tenant_id, given.subscription_id, now)
    decision = decide_withdrawal(before, given.at, now)
    if not given.preview:
        _write(session, before, decision, now)
        detail = {"at": decision.effective_at.isoformat()}
        record_audit(
            session, before.tenant_id, given.actor, "withdraw_change", ("subscription", str(before.id)), detail
        )
    return decision


def _write(session: Session, before: SubscriptionView, decision: Decision, now: datetime) -> None:
    place, at = (before.tenant_id, before.id), decision.effective_at
    for holding in decision.closes:
        drop_holding(session, *place, holding)
    for holding in decision.opens:
        end_holding(session, *place, holding, holding.ends_at)
        if holding.slot == BASE:
            bind_policy(session, before.tenant_id, at, holding.document.policies or DEFAULT_POLICIES, now)
    stored = [view.span for view in periods(session, *place)]
    cut = next((span for span in stored if span.period.ends_at == at and span.full.ends_at > at), None)
    if cut is None or at in decision.after.edges():
        return
    # The change had cut the running period: it is opened anew as if it had never been agreed on.
    trim_spans(session, *place, at)
    [whole] = decision.after.spans_until(at, cut.period.starts_at)
    end_span(session, *place, cut.period.starts_at, whole.period.ends_at)
    open_periods_of(session, decision.after, now)
