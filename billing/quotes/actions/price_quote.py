"""Price an offer: its versions pinned, its first year and its whole term on the customer's real use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import msgspec
from sqlalchemy.orm import Session

from billing.answers.actions.reckon_costs import costing, reckon_costs
from billing.answers.actions.simulate import Simulated, assume_seats, simulate_subscription, taxes_for
from billing.answers.questions import AssumedSeats
from billing.answers.reads.figures import Figures
from billing.answers.results import SimulatedInvoice, net_of, simulated_invoice
from billing.costs.margins import least_margin
from billing.costs.reads import CostsView
from billing.quotes.actions.reckon_ending import Ending, reckon_ending
from billing.quotes.offers import (
    QuoteTerms,
    first_year,
    given_away,
    list_terms,
    months_back,
    moved,
    needs_approval,
)
from billing.quotes.reads import LimitView
from core.clock import utc_now
from core.errors import InputError, InvalidInput
from core.money import Money
from core.periods import day_start, local_date
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.subscribe import AddonInput, Phase, SubscribeInput, subscribe
from plans.changes import Decision
from plans.reads import find_subscription
from plans.subscriptions import BASE, SubscriptionView
from tenants.reads import TenantView

__all__ = ("PricedQuote", "QuoteInput", "price_quote", "replace_held", "subscription_input")


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
    draft: bool = False
    """Saved without being sent."""
    assumed_seats: AssumedSeats | None = None
    """Taken where nothing was counted of seats in the year that is simulated."""
    costs: CostsView | None = None
    """What serving it will cost (`costs_on` its first day); None: that is not known."""


@dataclass(frozen=True, slots=True)
class PricedQuote:
    """What an offer comes to: its versions pinned, its first year simulated, what it gives away."""

    terms: QuoteTerms
    listed: Money
    net: Money
    term_listed: Money
    term_net: Money
    cost: Money | None
    """What the first year costs the vendor; None: that is not known in this currency."""
    term_cost: Money | None
    margin_percent: Decimal | None
    """What is left of the price after its costs, of the first year or of the whole term, whichever is less."""
    discount_percent: Decimal
    """Of the first year or of the whole term, whichever gives more away."""
    needs_approval: bool
    simulated_from: date
    simulated_until: date
    first_year: tuple[SimulatedInvoice, ...]
    ending: Ending | None
    """What the contract that it replaces will still bill."""


def price_quote(session: Session, tenant: TenantView, given: QuoteInput, now: datetime) -> PricedQuote:
    """Return what the very same request would make, and write nothing; the floor is told, not refused.

    Raises:
        NotFound, VersionRetired, PlanInvalid, CurrencyNotPriced, TermsDontFit, InvalidInput: the
            contract could not be made like this.
        Those of `replace_held`.
    """
    if given.assumed_seats is not None:
        given.assumed_seats.refuse_vague()
    today = local_date(now, tenant.tz)
    if given.valid_until < today:
        detail = "A quote is open until today or a later day."
        raise InvalidInput(InputError("/valid_until", "valid_until_past", detail))
    terms, ending = _pinned(session, tenant, given, now), None
    if terms.replaces is not None:
        if given.valid_until >= terms.starts_on:
            detail = "A contract is replaced on a day to come: let the offer end before its own first day."
            raise InvalidInput(InputError("/valid_until", "valid_after_start", detail))
        decision = replace_held(session, tenant, terms, given.actor, now, preview=True)
        ending = None if decision is None else reckon_ending(session, tenant, decision, now)
    past = moved(terms, months_back(terms, today))
    year = first_year(past)
    offers = (year, list_terms(year), past, list_terms(past))
    made = _simulated(session, tenant, offers, given, now)
    net, list_net, term_net, term_list = (_net(documents, currency) for documents, currency in made.documents)
    cost, term_cost = made.costs[0], made.costs[2]
    discount = max(given_away(list_net, net), given_away(term_list, term_net))
    asks = needs_approval(terms, list_net, discount, given.limit.discount_percent, assumed=bool(made.assumed))
    return PricedQuote(
        terms=terms,
        listed=list_net,
        net=net,
        term_listed=term_list,
        term_net=term_net,
        discount_percent=discount,
        cost=cost,
        term_cost=term_cost,
        margin_percent=least_margin(((net, cost), (term_net, term_cost))),
        needs_approval=asks or (given.limit.margin_floor_percent is not None and cost is None),
        simulated_from=year.starts_on,
        simulated_until=year.ends_on,
        first_year=tuple(simulated_invoice(one.draft, made.assumed) for one in made.documents[0][0]),
        ending=ending,
    )


def replace_held(
    session: Session, tenant: TenantView, terms: QuoteTerms, actor: str, now: datetime, *, preview: bool = False
) -> Decision | None:
    """End the contract that an offer replaces as the new one begins; None where it replaces none.

    Raises:
        NotFound: the customer has no such contract (`not_found`).
        SubscriptionNotIn, ChangeInThePast, ChangeAlreadyAtThatInstant: it cannot end then.
    """
    if terms.replaces is None:
        return None
    held = find_subscription(session, tenant.id, terms.replaces, now)
    at = day_start(terms.starts_on, tenant.tz)
    wanted = CancelInput(tenant.id, held.id, actor, "at_instant", at, "replaced by a quote", preview=preview)
    return cancel_subscription(session, wanted, now)


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


def _subscribed(session: Session, tenant: TenantView, terms: QuoteTerms, actor: str, now: datetime) -> SubscriptionView:
    """Return the contract that these terms would have been in the past; what discounts are for may come after it."""
    return subscribe(session, subscription_input(tenant, terms, "", actor, preview=True), now, whole=False)


@dataclass(frozen=True, slots=True)
class _Made:
    """What came of the offers, one by one."""

    documents: list[tuple[tuple[Simulated, ...], str]]
    """With their currency."""
    costs: list[Money | None]
    assumed: dict[str, str]
    """For the first."""


def _simulated(
    session: Session, tenant: TenantView, offers: Sequence[QuoteTerms], given: QuoteInput, now: datetime
) -> _Made:
    """Return each offer's documents, the costs of every other one, and what was assumed for the first.

    After the first one's term its use comes again every year.
    """
    contracts = [_subscribed(session, tenant, one, given.actor, now) for one in offers]
    # What is sold at list price costs the same: that is not asked.
    costed = [costing(tenant, one, None if number % 2 else given.costs) for number, one in enumerate(contracts)]
    counted = [held for one in costed for held in one.both]
    figures = Figures(session, tenant, counted, kept_at=min(now, utc_now()))
    taxes = taxes_for(session, tenant)
    documents: list[tuple[tuple[Simulated, ...], str]] = []
    costs: list[Money | None] = []
    assumed: dict[str, str] = {}
    for number, contract in enumerate(contracts):
        same = offers.index(offers[number])
        if same < number:
            documents.append(documents[same])
            costs.append(costs[same])
            continue
        # For the first one all is read in one go; for the others only what it lacks.
        sources = figures.sources(contract, offers[0].ends_on) if number else None
        if given.assumed_seats is not None:
            # Whether anything was counted is asked of the year that is simulated, for the other offers too.
            taken = assume_seats(figures, contracts[0], given.assumed_seats, sources)
            sources, assumed = taken.sources, assumed if number else taken.made
        documents.append((simulate_subscription(figures, contract, taxes, sources), contract.currency))
        costs.append(reckon_costs(figures, costed[number], taxes, sources))
    figures.keep()
    return _Made(documents, costs, assumed)


def _net(documents: tuple[Simulated, ...], currency: str) -> Money:
    return net_of((one.draft for one in documents), currency)
