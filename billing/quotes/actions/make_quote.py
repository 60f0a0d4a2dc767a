"""Make a version of a quote: the contract as it will be, and its first year on the customer's real use."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from billing.answers.actions.simulate import Simulated, simulate_subscription, taxes_for
from billing.answers.reads.figures import Figures
from billing.answers.results import net_of, simulated_invoice
from billing.quotes.errors import BelowFloor
from billing.quotes.offers import QuoteTerms, State, given_away, list_terms, months_back, moved, needs_approval
from billing.quotes.reads import LimitView, QuoteView, get_quote
from billing.quotes.store import add_quote, lock_quotes, next_version
from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.money import Money
from core.periods import day_start, local_date
from plans.actions.subscribe import AddonInput, Phase, SubscribeInput, subscribe
from plans.subscriptions import BASE
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("QuoteInput", "make_quote", "subscription_input")


@dataclass(frozen=True, slots=True)
class QuoteInput:
    """A quote to be made; the same key again is its next version."""

    terms: QuoteTerms
    valid_until: date
    actor: str
    limit: LimitView
    """What its maker may grant alone, and the floor."""
    key: str = ""
    """The caller's own name; one is made up if it is left out."""
    note: str = ""


def make_quote(session: Session, tenant: TenantView, given: QuoteInput, now: datetime) -> QuoteView:
    """Make a version of a quote.

    Args:
        session: scoped to the customer.
        tenant: the customer.
        given: the offer.
        now: the customer's time.

    Returns:
        The quote: open, or pending where it gives more away than its maker may grant alone.

    Raises:
        NotFound, VersionRetired, PlanInvalid, CurrencyNotPriced, TermsDontFit, InvalidInput: the
            contract could not be made like this.
        BelowFloor: on the customer's real year it is under the floor (`below_margin_floor`).
    """
    today = local_date(now, tenant.tz)
    if given.valid_until < today:
        detail = "A quote is open until today or a later day."
        raise InvalidInput(InputError("/valid_until", "valid_until_past", detail))
    terms = _pinned(session, tenant, given, now)
    back = months_back(terms, today)
    past, listed_past = moved(terms, back), moved(list_terms(terms), back)
    documents, currency = _simulated(session, tenant, past, given.actor, now)
    listed_documents, _ = _simulated(session, tenant, listed_past, given.actor, now)
    net, listed = _net(documents, currency), _net(listed_documents, currency)
    discount = given_away(listed, net)
    if listed.amount_minor and 100 - discount < given.limit.floor_percent:
        raise BelowFloor(100 - discount, given.limit.floor_percent)
    asks = needs_approval(terms, listed, discount, given.limit.discount_percent)
    lock_quotes(session, tenant.id)
    quote_id = new_id()
    key = given.key or f"Q-{str(quote_id)[-8:]}"
    version = next_version(session, tenant.id, key)
    row = {
        "tenant_id": tenant.id,
        "id": quote_id,
        "key": key,
        "version": version,
        "terms": msgspec.to_builtins(terms),
        "valid_until": given.valid_until,
        "note": given.note,
        "status": (State.PENDING if asks else State.OPEN).value,
        "currency": currency,
        "list_minor": listed.amount_minor,
        "net_minor": net.amount_minor,
        "discount_percent": discount,
        "needs_approval": asks,
        "simulated_from": past.starts_on,
        "simulated_until": past.ends_on,
        "first_year": msgspec.to_builtins([simulated_invoice(one.draft) for one in documents]),
        "created_by": given.actor,
        "created_at": now,
        "reason": "",
    }
    add_quote(session, row)
    told = {"key": key, "version": version, "discount_percent": str(discount), "needs_approval": asks}
    record_audit(session, tenant.id, given.actor, "make_quote", ("quote", str(quote_id)), told)
    return get_quote(session, tenant.id, quote_id)


def subscription_input(
    tenant: TenantView, terms: QuoteTerms, key: str, actor: str, *, preview: bool = False
) -> SubscribeInput:
    """Return the request that makes the contract of an offer: the same for preview, simulation and acceptance."""
    return SubscribeInput(
        tenant_id=tenant.id,
        plan_key=terms.plan,
        actor=actor,
        key=key,
        version=terms.version,
        addons=tuple(AddonInput(addon.key, addon.quantity, addon.version) for addon in terms.addons),
        currency=terms.currency,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        quantity=terms.quantity,
        terms=terms.terms,
        trial_days=terms.trial_days,
        phases=tuple(Phase(one.starts_on, one.plan, one.version, one.quantity, one.terms) for one in terms.phases),
        discounts=terms.discounts,
        preview=preview,
    )


def _pinned(session: Session, tenant: TenantView, given: QuoteInput, now: datetime) -> QuoteTerms:
    """Return the offer with the versions that are sold today: what is published later changes no quote."""
    would_be = subscribe(session, subscription_input(tenant, given.terms, "", given.actor, preview=True), now)
    numbers = {holding.slot: holding.version_number for holding in would_be.holdings}
    base = [holding for holding in would_be.holdings if holding.slot == BASE]
    phases = []
    for phase in given.terms.phases:
        at = day_start(phase.starts_on, tenant.tz)
        number = next(holding.version_number for holding in base if holding.holds_at(at))
        phases.append(msgspec.structs.replace(phase, version=phase.version or (number if phase.plan else None)))
    return msgspec.structs.replace(
        given.terms,
        version=base[0].version_number,
        addons=tuple(msgspec.structs.replace(one, version=numbers[one.key]) for one in given.terms.addons),
        phases=tuple(phases),
    )


def _simulated(
    session: Session, tenant: TenantView, terms: QuoteTerms, actor: str, now: datetime
) -> tuple[tuple[Simulated, ...], str]:
    """Return the documents of a contract that lies in the past, and its currency."""
    subscription = subscribe(session, subscription_input(tenant, terms, "", actor, preview=True), now)
    figures = Figures(session, tenant, [subscription])
    return simulate_subscription(figures, subscription, taxes_for(session, tenant)), subscription.currency


def _net(documents: tuple[Simulated, ...], currency: str) -> Money:
    return net_of((one.draft for one in documents), currency)
