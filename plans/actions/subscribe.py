"""Begin a contract."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.money import exponent
from core.periods import day_start, local_date
from metering.actions.bind_policy import bind_policy
from metering.policies import DEFAULT_POLICIES
from plans.actions.open_periods import open_periods_of
from plans.actions.publish_version import sound
from plans.actions.redeem_coupon import refuse_idle, store_discount
from plans.documents import PlanDocument, document_hash
from plans.errors import SubscriptionKeyTaken
from plans.reads.chains import Phase, base_chain
from plans.reads.coupons import refuse_used, usable_coupon
from plans.reads.offers import Wish, offered, refuse_unfit
from plans.reads.subscriptions import get_subscription, has_terms, terms_of
from plans.states import state_at
from plans.store import add_holdings, add_subscription, add_terms, lock_contracts
from plans.subscriptions import BASE, AgreedDiscount, Holding, SubscriptionView
from plans.terms import Discount
from plans.validation.agreements import discount_faults, idle_faults
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_tenant

__all__ = ("AddonInput", "Phase", "SubscribeInput", "addon_faults", "store_terms", "subscribe")


@dataclass(frozen=True, slots=True)
class AddonInput:
    """An add-on and how many of it, for instance audiences."""

    key: str
    quantity: int = 1
    version: int | None = None


@dataclass(frozen=True, slots=True)
class SubscribeInput:
    """A contract to begin. The same key with the same terms again is the same contract."""

    tenant_id: UUID
    plan_key: str
    actor: str
    key: str = ""
    """The caller's own name for it; one is made up if it is left out."""
    version: int | None = None
    """None: the newest."""
    addons: tuple[AddonInput, ...] = ()
    currency: str | None = None
    """None: the tenant's."""
    starts_on: date | None = None
    """First local day; None: today."""
    ends_on: date | None = None
    """The local day on which it is over; None: open."""
    anchor_on: date | None = None
    """The local day by which periods are cut; None: the first day."""
    purchase_order: str | None = None
    """None: the tenant's."""
    quantity: int = 1
    """How many of the plan, for instance seats bought."""
    terms: PlanDocument | None = None
    """Negotiated terms in place of the version's."""
    trial_days: int = 0
    """So many local days from the start on are free; periods are then cut by the day after them."""
    phases: tuple[Phase, ...] = ()
    """What follows, by start; all of it is billed exactly as agreed on here."""
    discounts: tuple[Discount, ...] = ()
    """Of this contract alone, from its start on."""
    renews_months: int | None = None
    """At `ends_on` it goes on for so many months, unless it was cancelled before."""
    notice_days: int = 1
    """So many local days before its end the renewal is settled."""
    coupon: str | None = None
    preview: bool = False
    """Decide and show, write nothing."""


def subscribe(session: Session, given: SubscribeInput, now: datetime, *, whole: bool = True) -> SubscriptionView:
    """Begin a contract: its versions, its counting policy, and the periods that have begun by now.

    Args:
        session: scoped to the tenant.
        given: the contract.
        now: the current instant for the tenant.
        whole: false where it is a part of a contract: what a discount is for may come after it.

    Returns:
        The subscription; with `preview` as it would be, under an id that is not kept.

    Raises:
        NotFound, VersionRetired, AddonNotOffered: the plan or an add-on cannot be had.
        PlanInvalid: negotiated terms have faults (`plan_invalid`).
        TermsDontFit: trial or phases are not in order of time inside the contract (`terms_dont_fit`).
        CouponNotUsable: the coupon is expired, used up, used before, for other plans or for nothing in it
            (`coupon_not_usable`).
        CurrencyNotPriced, IntervalDiffers: it does not fit, or an add-on a plan that it is held with.
        InvalidInput: it ends before it begins, an add-on is named twice or 0 times, or a discount is for nothing
            in it (`invalid_input`).
        SubscriptionKeyTaken: the key names a contract with other terms (`subscription_key_taken`).
    """
    tenant = get_tenant(session, given.tenant_id)
    terms = _terms_hash(given)
    if not given.preview:
        # Who looks whether there is another contract, and begins one if not, is not passed by.
        lock_contracts(session, tenant.id)
    # What was begun is not decided again: its coupon may be used up and its version retired by now.
    known = None if given.preview else _begun(session, given, terms, now)
    if known is not None:
        return known
    wanted = _decide(session, tenant, given, now)
    if whole:
        _refuse_idle_discounts(wanted)
    if given.preview:
        return wanted
    if not add_subscription(session, _row(wanted, terms, given.actor, now)):
        known = _begun(session, given, terms, now)
        assert known is not None, "the key was taken a moment ago"
        return known
    store_terms(session, tenant.id, wanted.holdings, given.actor, now)
    add_holdings(session, tenant.id, wanted.id, [(held, _previous_end(wanted, held)) for held in wanted.holdings])
    for held in wanted.holdings:
        if held.slot == BASE:
            bind_policy(session, tenant.id, held.starts_at, held.document.policies or DEFAULT_POLICIES, now)
    for agreed in wanted.discounts:
        store_discount(session, wanted, agreed, given.actor, now)
    open_periods_of(session, wanted, now)
    detail = {"plan": wanted.plan_key, "version": wanted.version_number, "addons": [a.key for a in given.addons]}
    record_audit(session, tenant.id, given.actor, "subscribe", ("subscription", str(wanted.id)), detail)
    return wanted


def _begun(session: Session, given: SubscribeInput, terms: bytes, now: datetime) -> SubscriptionView | None:
    """Return the contract that has the key and these very terms, if there is one."""
    known = terms_of(session, given.tenant_id, given.key) if given.key else None
    if known is None:
        return None
    if known[1] != terms:
        raise SubscriptionKeyTaken(given.key)
    return get_subscription(session, given.tenant_id, known[0], now)


def store_terms(session: Session, tenant_id: UUID, holdings: Iterable[Holding], actor: str, now: datetime) -> None:
    """Keep the negotiated terms of versions that are about to be held, for ever."""
    add_terms(
        session,
        [
            {
                "tenant_id": tenant_id,
                "id": terms_id,
                "document": msgspec.to_builtins(document),
                "content_hash": document_hash(document),
                "created_at": now,
                "created_by": actor,
            }
            for terms_id, document in {held.terms_id: held.document for held in holdings}.items()
            if terms_id is not None and not has_terms(session, tenant_id, terms_id)
        ],
    )


NEW_FIELDS: Final = (
    "quantity", "terms", "trial_days", "phases", "discounts", "coupon", "renews_months", "notice_days",
)  # fmt: skip


def _terms_hash(given: SubscribeInput) -> bytes:
    """Hash what was agreed on; fields that came later count only where they say something, so that old hashes hold."""
    told = {item.name: getattr(given, item.name) for item in fields(given)} | {"actor": "", "key": ""}
    for item in fields(given):
        if item.name not in NEW_FIELDS:
            continue
        if told[item.name] == item.default:
            del told[item.name]
        else:
            told[item.name] = msgspec.to_builtins(told[item.name], order="deterministic")
    return sha256(msgspec.json.encode(told)).digest()


def _decide(session: Session, tenant: TenantView, given: SubscribeInput, now: datetime) -> SubscriptionView:
    tz = tenant.tz
    starts_on = given.starts_on or local_date(now, tz)
    _refuse_faults(given, starts_on)
    starts_at = day_start(starts_on, tz)
    ends_at = day_start(given.ends_on, tz) if given.ends_on else None
    first = Phase(starts_on, given.plan_key, given.version, given.quantity, given.terms)
    holdings = base_chain(session, (first, *given.phases), given.trial_days, ends_at, tz)
    holdings = [
        held if held.terms_id is None else replace(held, document=sound(session, held.document)) for held in holdings
    ]
    holdings += [offered(session, Wish("addon", a.key, a.version, a.quantity), starts_at) for a in given.addons]
    currency = given.currency or tenant.currency
    exponent(currency)
    subscription_id = new_id()
    first_paid_on = starts_on + timedelta(days=given.trial_days)
    wanted = SubscriptionView(
        id=subscription_id,
        tenant_id=tenant.id,
        key=given.key or str(subscription_id),
        payer_tenant_id=tenant.payer_id,
        currency=currency,
        starts_at=starts_at,
        ends_at=ends_at,
        anchor_on=given.anchor_on or first_paid_on,
        time_zone=tenant.time_zone,
        purchase_order=tenant.purchase_order if given.purchase_order is None else given.purchase_order,
        status=state_at(starts_at, ends_at, now),
        holdings=tuple(sorted(holdings, key=lambda holding: (holding.slot, holding.starts_at))),
        as_of=now,
        discounts=_discounts(session, given, holdings[0].plan_key, day_start(first_paid_on, tz), now),
        renews_months=given.renews_months,
        notice_days=given.notice_days,
    )
    refuse_unfit(wanted)
    return wanted


def _discounts(
    session: Session, given: SubscribeInput, plan_key: str, starts_at: datetime, now: datetime
) -> tuple[AgreedDiscount, ...]:
    """Return the discounts agreed on, then the coupon's; they begin to count with the first paid period."""
    faults = [fault for n, one in enumerate(given.discounts) for fault in discount_faults(one, f"/discounts/{n}")]
    if faults:
        raise InvalidInput(*faults)
    agreed = [AgreedDiscount(discount, starts_at) for discount in given.discounts]
    if given.coupon is not None:
        refuse_used(session, given.tenant_id, given.coupon, "/coupon")
        agreed.append(AgreedDiscount(usable_coupon(session, given.coupon, plan_key, now), starts_at, given.coupon))
    return tuple(agreed)


def _refuse_idle_discounts(wanted: SubscriptionView) -> None:
    faults: list[InputError] = []
    for place, agreed in enumerate(wanted.discounts):
        if agreed.coupon is not None:
            refuse_idle(agreed, wanted.holdings, wanted.currency, "/coupon")
        else:
            faults += idle_faults(agreed.discount, f"/discounts/{place}", wanted.holdings, wanted.currency)
    if faults:
        raise InvalidInput(*faults)


def _refuse_faults(given: SubscribeInput, starts_on: date) -> None:
    checks = (
        (given.ends_on is not None and given.ends_on <= starts_on,
         "/ends_on", "ends_before_start", "The end must be after the first day."),
        (given.renews_months is not None and given.ends_on is None,
         "/renews_months", "renewal_needs_end", "Only a term renews: name 'ends_on' too."),
        (given.anchor_on is not None and abs(given.anchor_on - starts_on) > timedelta(days=3660),
         "/anchor_on", "anchor_too_far", "The anchor is within ten years of the start."),
        (given.quantity < 1, "/quantity", "quantity_invalid", "Name a quantity of 1 or more."),
        (not 0 <= given.trial_days <= 366, "/trial_days", "trial_invalid", "A trial is 0 to 366 days."),
        (len({discount.key for discount in given.discounts}) < len(given.discounts),
         "/discounts", "agreement_key_taken", "Two discounts have the same key."),
    )  # fmt: skip
    faults = [InputError(at, code, detail) for wrong, at, code, detail in checks if wrong]
    faults += addon_faults(given.addons)
    if faults:
        raise InvalidInput(*faults)


def addon_faults(addons: Iterable[AddonInput]) -> list[InputError]:
    """Return what is wrong with a list of add-ons, each with its pointer: named twice, or none of it."""
    faults: list[InputError] = []
    seen: set[str] = set()
    for index, addon in enumerate(addons):
        if addon.key in seen:
            faults.append(InputError(f"/addons/{index}/key", "addon_twice", f"'{addon.key}' is named twice."))
        if addon.quantity < 1:
            faults.append(InputError(f"/addons/{index}/quantity", "quantity_invalid", "Name a quantity of 1 or more."))
        seen.add(addon.key)
    return faults


def _row(wanted: SubscriptionView, terms: bytes, actor: str, now: datetime) -> dict[str, object]:
    plain = (
        "tenant_id", "id", "key", "payer_tenant_id", "currency", "starts_at", "ends_at", "anchor_on",
        "interval_months", "time_zone", "purchase_order", "renews_months", "notice_days",
    )  # fmt: skip
    return {name: getattr(wanted.at(wanted.starts_at), name) for name in plain} | {
        "terms_hash": terms,
        "created_at": now,
        "created_by": actor,
    }


def _previous_end(wanted: SubscriptionView, held: Holding) -> datetime | None:
    ends = [other.ends_at for other in wanted.holdings if other.slot == held.slot and other.ends_at == held.starts_at]
    return ends[0] if ends else None
