"""Redeem a coupon for a contract: its discount counts from the first period that is not billed yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from plans.changes import running_span
from plans.errors import CouponNotUsable
from plans.rating.stretches import plan_stretch
from plans.reads.coupons import refuse_used, usable_coupon
from plans.reads.periods import closed_after, periods
from plans.reads.subscriptions import get_subscription
from plans.states import Trigger, advance, state_at
from plans.store import add_discount, lock_subscription, take_coupon
from plans.subscriptions import AgreedDiscount, Holding, SubscriptionView, held_charges
from plans.validation.agreements import charges_held
from tenants.actions.record_audit import record_audit

__all__ = ("RedeemInput", "redeem_coupon", "refuse_idle", "store_discount")


@dataclass(frozen=True, slots=True)
class RedeemInput:
    """A coupon for a running contract."""

    tenant_id: UUID
    subscription_id: UUID
    code: str
    actor: str
    preview: bool = False
    """Decide and show, write nothing."""


def redeem_coupon(session: Session, given: RedeemInput, now: datetime) -> AgreedDiscount:
    """Redeem a coupon; its limit holds whoever redeems it at the same moment.

    Args:
        session: scoped to the tenant.
        given: contract and code.
        now: the current instant for the tenant.

    Returns:
        The discount, with the instant from which it counts.

    Raises:
        NotFound: no such contract or coupon (`not_found`).
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        CouponNotUsable: expired, used up, used before, for other plans, or it would take nothing off
            (`coupon_not_usable`).
    """
    lock_subscription(session, given.tenant_id, given.subscription_id)
    subscription = get_subscription(session, given.tenant_id, given.subscription_id, now)
    advance(state_at(subscription.starts_at, subscription.ends_at, now), Trigger.CHANGE)
    known = periods(session, subscription.tenant_id, subscription.id)
    running = running_span(subscription, [view.span for view in known], now)
    # Add-ons that come and go cut the billing period, not what the plan charges for it.
    plan = plan_stretch(subscription, running).period
    starts_at = running.period.starts_at if closed_after(known, plan.starts_at) else plan.starts_at
    if any(held.charge.in_advance for held in held_charges(subscription)):
        # What was billed in advance stays as it was billed.
        starts_at = plan.ends_at
    discount = usable_coupon(session, given.code, subscription.plan_key, now)
    refuse_used(session, subscription.tenant_id, given.code, "/code")
    agreed = AgreedDiscount(discount, starts_at, given.code)
    to_come = [held for held in subscription.holdings if held.ends_at is None or held.ends_at > starts_at]
    refuse_idle(agreed, to_come, subscription.currency, "/code")
    if not given.preview:
        store_discount(session, subscription, agreed, given.actor, now)
        target = ("subscription", str(subscription.id))
        record_audit(session, subscription.tenant_id, given.actor, "redeem_coupon", target, {"coupon": given.code})
    return agreed


def refuse_idle(agreed: AgreedDiscount, holdings: Iterable[Holding], currency: str, at: str) -> None:
    """Refuse a coupon that would take nothing off what is held; one for charges of several plans needs one of them.

    Raises:
        CouponNotUsable: none of its charges is there, or it has no amount in the currency (`coupon_not_usable`).
    """
    code, discount = agreed.coupon or "", agreed.discount
    if discount.charges and charges_held(holdings).isdisjoint(discount.charges):
        raise CouponNotUsable(code, "other_charges", at)
    if discount.amounts and currency not in discount.amounts:
        raise CouponNotUsable(code, "other_currency", at)


def store_discount(
    session: Session, subscription: SubscriptionView, agreed: AgreedDiscount, actor: str, now: datetime
) -> None:
    """Write a discount of a contract; a coupon's is counted first, and waits for whoever counts it.

    Raises:
        CouponNotUsable: the coupon was used up meanwhile, or used by this customer (`coupon_not_usable`).
    """
    if agreed.coupon is not None and not take_coupon(session, agreed.coupon):
        raise CouponNotUsable(agreed.coupon, "used_up")
    added = add_discount(
        session,
        {
            "tenant_id": subscription.tenant_id,
            "subscription_id": subscription.id,
            # Two coupons may bring discounts of one key.
            "key": f"{agreed.discount.key}:{agreed.coupon}" if agreed.coupon else agreed.discount.key,
            "discount": msgspec.to_builtins(agreed.discount),
            "starts_at": agreed.starts_at,
            "coupon_code": agreed.coupon,
            "created_at": now,
            "created_by": actor,
        },
    )
    if not added:
        raise CouponNotUsable(agreed.coupon or agreed.discount.key, "used_before")
