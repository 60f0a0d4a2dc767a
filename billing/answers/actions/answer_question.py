"""Answer one question: find the terms, measure each customer once, bill what was asked about."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.actions.compose_draft import Taxes
from billing.answers.actions.compare_definitions import compare_definitions, price_timeouts, timeouts_of
from billing.answers.actions.compare_models import ModelsInput, compare_models, model_terms
from billing.answers.actions.compare_versions import compare_versions
from billing.answers.actions.explain_bills import ParallelInput, explain_bills
from billing.answers.actions.optimise_seats import SeatsInput, optimise_seats
from billing.answers.actions.reckon_costs import Costing, costing, reckon_costs
from billing.answers.actions.reckon_margins import reckon_margins
from billing.answers.actions.simulate import assume_seats, fitting, simulate_subscription, taxes_for
from billing.answers.contracts import Terms, under
from billing.answers.margins import MarginsResult
from billing.answers.offered import NO_OFFERS, Offer, OfferCurrencyDiffers, Offers
from billing.answers.progress import Progress
from billing.answers.questions import (
    DefinitionQuestion,
    MarginsQuestion,
    ModelsQuestion,
    ParallelQuestion,
    PlanWish,
    Question,
    SeatsQuestion,
    SimulationQuestion,
    TimeoutQuestion,
    VersionQuestion,
)
from billing.answers.reads.answers import get_answer
from billing.answers.reads.figures import Figures, scaled
from billing.answers.reads.wishes import ModelPrice, Stretch, given_prices, model_prices, terms_of
from billing.answers.results import (
    DefinitionResult,
    ModelsResult,
    ParallelResult,
    PlanResult,
    Result,
    SeatsResult,
    SimulationResult,
    TenantResult,
    TimeoutResult,
    VersionResult,
    net_of,
    simulated_invoice,
)
from billing.answers.store import change_answer, take_answer
from billing.answers.uncounted import uncounted
from billing.costs.margins import margin
from billing.costs.reads import costs_on
from billing.schemas.amounts import MoneyAnswer
from core.clock import utc_now
from core.db import Database
from core.errors import NotFound, Refused
from core.money import Money
from core.periods import local_date
from core.scope import StewardScope, TenantScope
from plans.documents import PlanDocument
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView, find_tenant

__all__ = ("answer_question", "work_out")

TOUCHED_EVERY = timedelta(seconds=2)
"""So often somebody who works says so, however long a step takes."""


class Stopped(Exception):
    """Nobody wants the answer any more."""


def answer_question(
    database: Database,
    answer_id: UUID,
    clock: Callable[[], datetime],
    left_alone: datetime,
    offers: Offers = NO_OFFERS,
) -> bool:
    """Take up a question and answer it; safe to repeat, to run twice at once and to kill.

    Args:
        database: short transactions are opened here; nothing is locked while figures are reckoned.
        answer_id: which.
        clock: tells the time.
        left_alone: somebody who has not touched it since then is taken for dead.
        offers: knows the quotes that are asked about.

    Returns:
        Whether it was this call's to answer.
    """
    with database.begin(StewardScope()) as session:
        if not take_answer(session, answer_id, clock(), left_alone):
            return False
        question = get_answer(session, answer_id).question
    try:
        result = work_out(database, question, _Kept(database, answer_id, clock), offers)
    except Stopped:
        return True
    except Refused as refusal:
        _end(database, answer_id, clock(), status="failed", error_code=refusal.code, error_detail=refusal.detail)
        return True
    _end(database, answer_id, clock(), status="done", result=msgspec.to_builtins(result))
    return True


class _Kept:
    """Writes down how far an answer is, and stops who works on it once nobody wants it any more."""

    def __init__(self, database: Database, answer_id: UUID, clock: Callable[[], datetime]) -> None:
        self._database, self._answer_id, self._clock = database, answer_id, clock
        self._done, self._touched = 0, clock()

    def step(self) -> None:
        self._done += 1
        self._write(self._clock())

    def touch(self) -> None:
        now = self._clock()
        if now - self._touched >= TOUCHED_EVERY:
            self._write(now)

    def _write(self, now: datetime) -> None:
        self._touched = now
        with self._database.begin(StewardScope()) as session:
            if not change_answer(session, self._answer_id, steps_done=self._done, touched_at=now):
                raise Stopped


def _end(database: Database, answer_id: UUID, now: datetime, **values: object) -> None:
    with database.begin(StewardScope()) as session:
        change_answer(session, answer_id, finished_at=now, touched_at=now, **values)


def work_out(database: Database, question: Question, progress: Progress, offers: Offers = NO_OFFERS) -> Result:
    """Return the answer; `progress` hears of each of its steps (`ask` says how many there are).

    Raises:
        Refused: whatever finding, measuring or billing refuses.
    """
    match question:
        case SimulationQuestion():
            names = dict.fromkeys(question.tenants)
            return SimulationResult(tuple(_simulated(database, question, name, progress, offers) for name in names))
        case ModelsQuestion():
            return _models(database, question, progress)
        case SeatsQuestion():
            return _seats(database, question, progress)
        case TimeoutQuestion() | DefinitionQuestion():
            return _read_otherwise(database, question, progress)
        case ParallelQuestion():
            return _explained(database, question, progress)
        case VersionQuestion() | MarginsQuestion():
            return _of_all(database, question, progress)


def _found(
    database: Database, question: Question, name: str, wishes: tuple[PlanWish, ...]
) -> tuple[TenantView, list[Terms]]:
    """Return the customer and its terms; drafts are the vendor's, so they are read in its scope."""
    with database.begin(StewardScope()) as session:
        tenant = find_tenant(session, name)
        return tenant, [terms_of(session, wish, _stretch(question, tenant)) for wish in wishes]


def _stretch(question: Question, tenant: TenantView) -> Stretch:
    return Stretch(question.starts_on, question.ends_on, question.currency or tenant.currency)


def _simulated(
    database: Database, question: SimulationQuestion, name: str, progress: Progress, offers: Offers
) -> TenantResult:
    with database.begin(StewardScope()) as session:
        found = [offers.find(session, quote_id) for quote_id in dict.fromkeys(question.quotes)]
        sheet = costs_on(session, utc_now().date())
    tenant, wished = _found(database, question, name, question.plans)
    stretch = _stretch(question, tenant)
    results = []
    with database.begin(TenantScope(tenant.id)) as session:
        contracts = [
            *((_of_plan(terms), _tried(partial(fitting, tenant, terms))) for terms in wished),
            *((_of_offer(offer), _tried(partial(_begun, session, tenant, offer, stretch))) for offer in found),
        ]
        held = [costing(tenant, one, sheet) for _, one in contracts if isinstance(one, SubscriptionView)]
        counted = [one for each in held for one in each.both]
        figures, taxes = Figures(session, tenant, counted, progress=progress), taxes_for(session, tenant)
        costed = iter(held)
        for named, one in contracts:
            known = one if isinstance(one, Refused) else next(costed)
            results.append(_billed(figures, named, known, taxes, question))
            progress.step()
    return TenantResult(tenant.slug, tenant.name, tuple(results))


def _of_plan(terms: Terms) -> PlanResult:
    """Return the result of a plan before anything was billed."""
    nothing = MoneyAnswer.of(Money(0, terms.currency))
    unsaid = terms.quantity is None and terms.document.is_bought
    return PlanResult(
        terms.label, terms.plan_key, terms.plan_name, terms.currency, nothing, (), quantity_unsaid=unsaid
    )  # fmt: skip


def _of_offer(offer: Offer) -> PlanResult:
    nothing = MoneyAnswer.of(Money(0, offer.currency))
    return PlanResult(offer.label, offer.plan_key, offer.plan_name, offer.currency, nothing, (), quote=offer.id)


def _begun(session: Session, tenant: TenantView, offer: Offer, stretch: Stretch) -> SubscriptionView:
    if offer.currency != stretch.currency:
        raise OfferCurrencyDiffers(offer, stretch.currency)
    return offer.begun(session, tenant, (stretch.starts_on, stretch.ends_on))


def _tried(make: Callable[[], SubscriptionView]) -> SubscriptionView | Refused:
    """Return the contract, or why the customer cannot have it: the others are answered all the same."""
    try:
        return make()
    except Refused as refusal:
        return refusal


def _billed(
    figures: Figures, named: PlanResult, costed: Costing | Refused, taxes: Taxes, question: SimulationQuestion
) -> PlanResult:  # fmt: skip
    """Return what a contract would have been billed, or why it cannot be had."""
    assumed: dict[str, str] = {}
    try:
        if isinstance(costed, Refused):
            raise costed
        one = costed.priced
        growth, sources = _grown(question.growth_percent), None
        if question.assumed_seats is not None:
            taken = assume_seats(figures, one, question.assumed_seats)
            sources, assumed = taken.sources, taken.made
        if growth != 1:
            sources = scaled(sources or figures.sources(one), growth)
        documents = simulate_subscription(figures, one, taxes, sources)
        cost = reckon_costs(figures, costed, taxes, sources)
    except Refused as refusal:
        return msgspec.structs.replace(named, refused={"code": refusal.code, "detail": refusal.detail})
    assert one.ends_at is not None, "what is simulated has an end"
    ends_on = local_date(one.ends_at, figures.tenant.tz)
    invoices = tuple(simulated_invoice(each.draft, assumed) for each in documents)
    net = net_of((each.draft for each in documents), one.currency)
    left = None if cost is None else margin(net, cost)
    return msgspec.structs.replace(
        named,
        net=MoneyAnswer.of(net),
        cost=None if cost is None else MoneyAnswer.of(cost),
        margin_percent=None if left is None else f"{left:f}",
        invoices=invoices,
        uncounted=tuple(uncounted(invoices)),
        ends_on=ends_on if ends_on < question.ends_on else None,
        assumed=tuple(assumed.items()),
    )


def _of_all(
    database: Database, question: VersionQuestion | MarginsQuestion, progress: Progress
) -> VersionResult | MarginsResult:
    if isinstance(question, VersionQuestion):
        return compare_versions(database, question, progress)
    return reckon_margins(database, question, progress)


def _models(database: Database, question: ModelsQuestion, progress: Progress) -> ModelsResult:
    with database.begin(StewardScope()) as session:
        tenant = find_tenant(session, question.tenant)
        stretch = _stretch(question, tenant)
        prices = _prices(model_prices(session, stretch.currency), question, stretch)
    with database.begin(TenantScope(tenant.id)) as session:
        contracts = [model_terms(price, stretch) for price in prices]
        figures = Figures(session, tenant, contracts, grounds=True, progress=progress)
        growth = _grown(question.growth_percent)
        given = ModelsInput(tuple(prices), stretch, growth, question.assumed_seats)
        return compare_models(figures, given, taxes_for(session, tenant))


def _prices(
    known: tuple[ModelPrice, ...], question: ModelsQuestion, stretch: Stretch
) -> tuple[ModelPrice, ...]:  # fmt: skip
    if not question.charges:
        return known
    document = known[0].document if known else PlanDocument(charges=())
    return given_prices(question.charges, stretch.currency, document)


def _seats(database: Database, question: SeatsQuestion, progress: Progress) -> SeatsResult:
    with database.begin(StewardScope()) as session:
        tenant = find_tenant(session, question.tenant)
        stretch = _stretch(question, tenant)
        prices = {price.model: price for price in model_prices(session, stretch.currency)}
        concurrent = prices.get("concurrent_p95")
        if question.charge is not None:
            document = concurrent.document if concurrent else PlanDocument(charges=())
            [concurrent] = given_prices((question.charge,), stretch.currency, document)
        if concurrent is None:
            raise NotFound("price of concurrent licences in", stretch.currency)
    with database.begin(TenantScope(tenant.id)) as session:
        terms = model_terms(concurrent, stretch)
        given = SeatsInput(question.limits, question.target_percent, question.pool)
        return optimise_seats(Figures(session, tenant, [terms], progress=progress), terms, given)


def _read_otherwise(
    database: Database, question: TimeoutQuestion | DefinitionQuestion, progress: Progress
) -> TimeoutResult | DefinitionResult:
    tenant, [terms] = _found(database, question, question.tenant, (question.plan,))
    with database.begin(TenantScope(tenant.id)) as session:
        taxes = taxes_for(session, tenant)
        if isinstance(question, TimeoutQuestion):
            figures = Figures(session, tenant, [terms, *timeouts_of(terms, question.timeouts_s)], progress=progress)
            return price_timeouts(figures, terms, question.timeouts_s, taxes)
        both = [terms, under(terms, question.policies)]
        figures = Figures(session, tenant, both, grounds=True, progress=progress)
        return compare_definitions(figures, terms, question.policies, taxes)


def _explained(database: Database, question: ParallelQuestion, progress: Progress) -> ParallelResult:
    tenant, [terms] = _found(database, question, question.tenant, (question.plan,))
    given = ParallelInput(question.lines, question.definitions, timedelta(days=question.billed_after_days))
    with database.begin(TenantScope(tenant.id)) as session:
        figures = Figures(session, tenant, [terms], progress=progress)
        return explain_bills(figures, terms, given, taxes_for(session, tenant))


def _grown(percent: Decimal) -> Fraction:
    return 1 + Fraction(percent) / 100
