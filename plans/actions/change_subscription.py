"""Change what a subscription holds: another plan, another version, other add-ons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.ids import new_id
from core.signals import publish
from metering.actions.bind_policy import bind_policy
from metering.policies import DEFAULT_POLICIES
from plans.actions.open_periods import open_periods_of
from plans.actions.publish_version import sound
from plans.actions.subscribe import AddonInput, addon_faults, store_terms
from plans.changes import Decision, Timing, When, decide_change, effective_at
from plans.documents import PlanDocument
from plans.errors import ChangeInThePast
from plans.events import PeriodsRecut
from plans.reads.offers import Wish, offered, refuse_unfit
from plans.reads.periods import BillingPeriodView, closed_after, periods
from plans.reads.subscriptions import get_subscription, subscriptions
from plans.store import add_holdings, add_spans, drop_holding, end_holding, end_span, lock_subscription, trim_spans
from plans.subscriptions import BASE, Holding, Mode, SubscriptionView
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
    quantity: int | None = None
    """How many of the plan are held; None: as many as before."""
    terms: PlanDocument | None = None
    """Negotiated terms in place of the version's; None: those of the version, or of before if the plan stays."""
    mode: Mode | None = None
    """`paused` and back to `regular`; a trial that becomes regular ends early. None: it stays."""
    keep_later: bool = False
    """Change before something that is agreed on for later, and leave that as it is."""
    when: When = "prorate_now"
    at: datetime | None = None
    """With `prorate_now`: an instant in the running period, or an earlier one that is not billed yet; None: now."""
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
        CurrencyNotPriced, IntervalDiffers: it does not fit the subscription, or an add-on its plan.
        InvalidInput: an add-on is named twice or 0 times (`invalid_input`).
        ChangeInThePast: it is dated back over something that is on an invoice (`change_in_the_past`).
        Those of `plans.changes.decide_change`.
    """
    faults = addon_faults(given.addons or ())
    if faults:
        raise InvalidInput(*faults)
    lock_subscription(session, given.tenant_id, given.subscription_id)
    subscription = get_subscription(session, given.tenant_id, given.subscription_id, now)
    known = periods(session, subscription.tenant_id, subscription.id)
    spans = [view.span for view in known]
    timing = Timing(given.when, given.at, now, given.keep_later)
    at = effective_at(subscription, spans, timing)
    wanted = _wanted(session, subscription.at(at), given)
    decision = decide_change(subscription, spans, wanted, timing)
    refuse_unfit(decision.after)
    billed_until = closed_after(_judged(session, subscription, decision, known), decision.effective_at)
    if billed_until is not None:
        raise ChangeInThePast(decision.effective_at, now, billed_until)
    if not given.preview:
        _write(session, subscription, decision, given.actor, now)
        detail = {
            "effective_at": decision.effective_at.isoformat(),
            "mode": decision.after.base.mode,
            "opens": [f"{holding.plan_key}/{holding.version_number}" for holding in decision.opens],
            "closes": [f"{holding.plan_key}/{holding.version_number}" for holding in decision.closes],
        }
        target = ("subscription", str(subscription.id))
        record_audit(session, subscription.tenant_id, given.actor, "change_subscription", target, detail)
    return decision


def _judged(
    session: Session, subscription: SubscriptionView, decision: Decision, known: Sequence[BillingPeriodView]
) -> Sequence[BillingPeriodView]:
    """Return the billing periods of which none that is on an invoice may lie after a change.

    They are the contract's own; of a change that is dated back to another way of counting, those of all the
    customer's contracts that began since, for they would be counted anew.
    """
    plans = [held for held in decision.opens if held.slot == BASE]
    before = subscription.at(decision.effective_at).document.policies
    if not decision.following and decision.effective_at >= subscription.as_of:
        return known
    if all(held.document.policies == before for held in plans):
        return known
    others = [
        view
        for one in subscriptions(session, subscription.tenant_id, subscription.as_of)
        for view in periods(session, one.tenant_id, one.id)
        if view.span.period.starts_at >= decision.effective_at
    ]
    return [*known, *others]


def _wanted(session: Session, subscription: SubscriptionView, given: ChangeInput) -> tuple[Holding, ...]:
    """Return what is to be held at `subscription.as_of`."""
    held = {holding.slot: holding for holding in subscription.holdings if holding.holds_at(subscription.as_of)}
    base = held.get(BASE, subscription.base)
    quantity = base.quantity if given.quantity is None else given.quantity
    mode = given.mode or base.mode
    if given.plan_key is not None:
        base = offered(session, Wish("base", given.plan_key, given.version), subscription.as_of)
    if given.terms is not None:
        base = replace(base, document=sound(session, given.terms), terms_id=new_id())
    base = replace(base, quantity=quantity, mode=mode)
    addons = [holding for slot, holding in held.items() if slot != BASE]
    if given.addons is not None:
        addons = [_addon(session, held.get(addon.key), addon, subscription.as_of) for addon in given.addons]
    return (base, *addons)


def _addon(session: Session, held: Holding | None, addon: AddonInput, now: datetime) -> Holding:
    if held is not None and addon.version is None and held.quantity == addon.quantity:
        return held
    version = addon.version if held is None or addon.version is not None else held.version_number
    return offered(session, Wish("addon", addon.key, version, addon.quantity), now)


def _write(session: Session, subscription: SubscriptionView, decision: Decision, actor: str, now: datetime) -> None:
    tenant_id, subscription_id, at = subscription.tenant_id, subscription.id, decision.effective_at
    open_periods_of(session, subscription, now)
    if at < decision.running.period.ends_at:
        trim_spans(session, tenant_id, subscription_id, at)
        if decision.running.period.starts_at < at:
            end_span(session, tenant_id, subscription_id, decision.running.period.starts_at, at)
        then = [span for span in (*decision.pieces, *decision.following) if span.period.starts_at >= at]
        add_spans(session, tenant_id, subscription_id, then, head=False)
    if decision.after.interval_months != subscription.at(at).interval_months:
        publish(session, PeriodsRecut(tenant_id, subscription_id, at))
    for holding in decision.closes:
        end_holding(session, tenant_id, subscription_id, holding, at)
    relinked = _relinked(subscription, decision.after)
    for holding in relinked:
        # Links are made with a row and never changed.
        drop_holding(session, tenant_id, subscription_id, holding)
    if decision.opens:
        store_terms(session, tenant_id, decision.opens, actor, now)
    chained = [(holding, _previous_end(decision.after, holding)) for holding in (*decision.opens, *relinked)]
    if chained:
        add_holdings(session, tenant_id, subscription_id, chained)
    for holding in decision.opens:
        if holding.slot == BASE:
            bind_policy(session, tenant_id, at, holding.document.policies or DEFAULT_POLICIES, now)


def _relinked(before: SubscriptionView, after: SubscriptionView) -> list[Holding]:
    """Return the versions agreed on for later that follow another one in their slot now: add-ons may pause."""
    return [
        holding
        for holding in after.holdings
        if holding in before.holdings and _previous_end(before, holding) != _previous_end(after, holding)
    ]


def _previous_end(subscription: SubscriptionView, holding: Holding) -> datetime | None:
    """Return where the version before it in its slot ends: what the chain is linked by."""
    ends = [
        other.ends_at
        for other in subscription.holdings
        if other.slot == holding.slot and other.ends_at is not None and other.ends_at <= holding.starts_at
    ]
    return max(ends, default=None)
