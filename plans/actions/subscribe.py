"""Begin a contract."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
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
from plans.errors import SubscriptionKeyTaken
from plans.reads.offers import Wish, offered, refuse_unfit
from plans.reads.subscriptions import get_subscription, terms_of
from plans.states import state_at
from plans.store import add_holdings, add_subscription
from plans.subscriptions import SubscriptionView
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_tenant

__all__ = ("AddonInput", "SubscribeInput", "subscribe")


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
    preview: bool = False
    """Decide and show, write nothing."""


def subscribe(session: Session, given: SubscribeInput, now: datetime) -> SubscriptionView:
    """Begin a contract: its versions, its counting policy, and the periods that have begun by now.

    Args:
        session: scoped to the tenant.
        given: the contract.
        now: the current instant for the tenant.

    Returns:
        The subscription; with `preview` as it would be, under an id that is not kept.

    Raises:
        NotFound, VersionRetired, AddonNotOffered: the plan or an add-on cannot be had.
        CurrencyNotPriced, IntervalDiffers: it does not fit.
        InvalidInput: it ends before it begins, or an add-on is named twice or 0 times (`invalid_input`).
        SubscriptionKeyTaken: the key names a contract with other terms (`subscription_key_taken`).
    """
    tenant = get_tenant(session, given.tenant_id)
    wanted = _decide(session, tenant, given, now)
    if given.preview:
        return wanted
    terms = sha256(msgspec.json.encode(replace(given, actor="", key=""), order="deterministic")).digest()
    if not add_subscription(session, _row(wanted, terms, given.actor, now)):
        known, known_terms = terms_of(session, tenant.id, wanted.key)
        if known_terms != terms:
            raise SubscriptionKeyTaken(wanted.key)
        return get_subscription(session, tenant.id, known, now)
    add_holdings(session, tenant.id, wanted.id, [(holding, None) for holding in wanted.holdings])
    bind_policy(session, tenant.id, wanted.starts_at, wanted.document.policies or DEFAULT_POLICIES, now)
    open_periods_of(session, wanted, now)
    detail = {"plan": wanted.plan_key, "version": wanted.version_number, "addons": [a.key for a in given.addons]}
    record_audit(session, tenant.id, given.actor, "subscribe", ("subscription", str(wanted.id)), detail)
    return wanted


def _decide(session: Session, tenant: TenantView, given: SubscribeInput, now: datetime) -> SubscriptionView:
    tz = tenant.tz
    starts_on = given.starts_on or local_date(now, tz)
    _refuse_faults(given, starts_on)
    starts_at = day_start(starts_on, tz)
    wishes = [Wish("base", given.plan_key, given.version)]
    wishes += [Wish("addon", addon.key, addon.version, addon.quantity) for addon in given.addons]
    holdings = tuple(offered(session, wish, starts_at) for wish in wishes)
    currency = given.currency or tenant.currency
    exponent(currency)
    months = holdings[0].document.interval_months
    refuse_unfit(holdings, currency, months)
    subscription_id = new_id()
    ends_at = day_start(given.ends_on, tz) if given.ends_on else None
    return SubscriptionView(
        id=subscription_id,
        tenant_id=tenant.id,
        key=given.key or str(subscription_id),
        payer_tenant_id=tenant.payer_id,
        currency=currency,
        starts_at=starts_at,
        ends_at=ends_at,
        anchor_on=given.anchor_on or starts_on,
        interval_months=months,
        time_zone=tenant.time_zone,
        purchase_order=tenant.purchase_order if given.purchase_order is None else given.purchase_order,
        status=state_at(starts_at, ends_at, now),
        holdings=tuple(sorted(holdings, key=lambda holding: holding.slot)),
        as_of=now,
    )


def _refuse_faults(given: SubscribeInput, starts_on: date) -> None:
    faults = []
    if given.ends_on is not None and given.ends_on <= starts_on:
        faults.append(InputError("/ends_on", "ends_before_start", "The end must be after the first day."))
    if given.anchor_on is not None and abs(given.anchor_on - starts_on) > timedelta(days=3660):
        faults.append(InputError("/anchor_on", "anchor_too_far", "The anchor is within ten years of the start."))
    seen: set[str] = set()
    for index, addon in enumerate(given.addons):
        if addon.key in seen:
            faults.append(InputError(f"/addons/{index}/key", "addon_twice", f"'{addon.key}' is named twice."))
        if addon.quantity < 1:
            faults.append(InputError(f"/addons/{index}/quantity", "quantity_invalid", "Name a quantity of 1 or more."))
        seen.add(addon.key)
    if faults:
        raise InvalidInput(*faults)


def _row(wanted: SubscriptionView, terms: bytes, actor: str, now: datetime) -> dict[str, object]:
    plain = (
        "tenant_id", "id", "key", "payer_tenant_id", "currency", "starts_at", "ends_at", "anchor_on",
        "interval_months", "time_zone", "purchase_order",
    )  # fmt: skip
    return {name: getattr(wanted, name) for name in plain} | {
        "terms_hash": terms,
        "created_at": now,
        "created_by": actor,
    }
