"""Change what a subscription holds: another plan, another version, other add-ons."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.actions.bind_policy import bind_policy
from metering.policies import DEFAULT_POLICIES
from plans.actions.open_periods import open_periods_of
from plans.actions.subscribe import AddonInput
from plans.changes import Decision, Timing, When, decide_change
from plans.errors import ChangeInThePast
from plans.reads.offers import Wish, offered, refuse_unfit
from plans.reads.periods import closed_after, periods
from plans.reads.subscriptions import get_subscription
from plans.store import add_holdings, add_spans, end_holding, end_span, lock_subscription
from plans.subscriptions import BASE, Holding, SubscriptionView
from tenants.actions.record_audit import record_audit

__all__ = ("ChangeInput", "change_subscription")


@dataclass(frozen=True, slots=True)
class ChangeInput:
    """A change; preview and execution take the very same."""

    tenant_id: UUID
    subscription_id: UUID
    actor: str
    plan_key: str | None = None
    """None: the plan stays, in its version."""
    version: int | None = None
    """Of `plan_key`; None: the newest."""
    addons: tuple[AddonInput, ...] | None = None
    """All add-ons there are to be; None: they stay. One that is held keeps its version unless one is named."""
    when: When = "prorate_now"
    at: datetime | None = None
    """With `prorate_now`: an instant in the running period; None: now."""
    preview: bool = False
    """Decide and show, write nothing."""


def change_subscription(session: Session, given: ChangeInput, now: datetime) -> Decision:
    """Change a subscription; with `prorate_now` the running period is cut there.

    Args:
        session: scoped to the tenant.
        given: the change.
        now: the current instant for the tenant.

    Returns:
        What is (or with `preview` would be) different.

    Raises:
        NotFound, VersionRetired, AddonNotOffered: something wanted cannot be had.
        CurrencyNotPriced, IntervalDiffers: it does not fit the subscription.
        ChangeInThePast: something after the instant is on an invoice (`change_in_the_past`).
        Those of `plans.changes.decide_change`.
    """
    lock_subscription(session, given.tenant_id, given.subscription_id)
    subscription = get_subscription(session, given.tenant_id, given.subscription_id, now)
    wanted = _wanted(session, subscription, given, now)
    refuse_unfit(wanted, subscription.currency, subscription.interval_months)
    known = periods(session, subscription.tenant_id, subscription.id)
    timing = Timing(given.when, given.at, now)
    decision = decide_change(subscription, [view.span for view in known], wanted, timing)
    if closed_after(known, decision.effective_at):
        raise ChangeInThePast(decision.effective_at, now)
    if not given.preview:
        _write(session, subscription, decision, now)
        detail = {
            "effective_at": decision.effective_at.isoformat(),
            "opens": [f"{holding.plan_key}/{holding.version_number}" for holding in decision.opens],
            "closes": [f"{holding.plan_key}/{holding.version_number}" for holding in decision.closes],
        }
        target = ("subscription", str(subscription.id))
        record_audit(session, subscription.tenant_id, given.actor, "change_subscription", target, detail)
    return decision


def _wanted(session: Session, subscription: SubscriptionView, given: ChangeInput, now: datetime) -> tuple[Holding, ...]:
    held = {holding.slot: holding for holding in subscription.holdings if holding.ends_at is None}
    base = held.get(BASE, subscription.base)
    if given.plan_key is not None:
        base = offered(session, Wish("base", given.plan_key, given.version), now)
    addons = [holding for slot, holding in held.items() if slot != BASE]
    if given.addons is not None:
        addons = [_addon(session, held.get(addon.key), addon, now) for addon in given.addons]
    return (base, *addons)


def _addon(session: Session, held: Holding | None, addon: AddonInput, now: datetime) -> Holding:
    if held is not None and addon.version is None and held.quantity == addon.quantity:
        return held
    version = addon.version if held is None or addon.version is not None else held.version_number
    return offered(session, Wish("addon", addon.key, version, addon.quantity), now)


def _write(session: Session, subscription: SubscriptionView, decision: Decision, now: datetime) -> None:
    tenant_id, subscription_id, at = subscription.tenant_id, subscription.id, decision.effective_at
    open_periods_of(session, subscription, now)
    if len(decision.pieces) > 1:
        end_span(session, tenant_id, subscription_id, decision.pieces[0].period.starts_at, at)
        add_spans(session, tenant_id, subscription_id, decision.pieces[1:], head=False)
    for holding in decision.closes:
        end_holding(session, tenant_id, subscription_id, holding, at)
    ends = {holding.slot: holding.ends_at for holding in decision.after.holdings if holding.ends_at is not None}
    if decision.opens:
        add_holdings(
            session, tenant_id, subscription_id, [(holding, ends.get(holding.slot)) for holding in decision.opens]
        )
    for holding in decision.opens:
        if holding.slot == BASE:
            bind_policy(session, tenant_id, at, holding.document.policies or DEFAULT_POLICIES, now)
