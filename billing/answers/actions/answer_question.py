"""Answer one question: find the terms, measure each customer once, bill what was asked about."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias
from uuid import UUID

import msgspec

from billing.answers.actions.compare_definitions import compare_definitions, price_timeouts, timeouts_of
from billing.answers.actions.compare_models import compare_models, model_terms
from billing.answers.actions.optimise_seats import SeatsInput, optimise_seats
from billing.answers.actions.simulate import simulate, taxes_for
from billing.answers.contracts import Terms, contract, under
from billing.answers.questions import (
    DefinitionQuestion,
    ModelsQuestion,
    PlanWish,
    Question,
    SeatsQuestion,
    SimulationQuestion,
    TimeoutQuestion,
)
from billing.answers.reads.answers import get_answer
from billing.answers.reads.figures import Figures, scaled
from billing.answers.reads.wishes import ModelPrice, Stretch, given_prices, model_prices, terms_of
from billing.answers.results import (
    DefinitionResult,
    ModelsResult,
    PlanResult,
    SeatsResult,
    SimulationResult,
    TenantResult,
    TimeoutResult,
    net_of,
    simulated_invoice,
)
from billing.answers.store import change_answer, take_answer
from billing.schemas.amounts import MoneyAnswer
from core.db import Database
from core.errors import NotFound, Refused
from core.money import Money
from core.scope import StewardScope, TenantScope
from plans.documents import PlanDocument
from tenants.reads import TenantView, find_tenant

__all__ = ("Result", "answer_question", "work_out")

Result: TypeAlias = SimulationResult | ModelsResult | SeatsResult | TimeoutResult | DefinitionResult


class Stopped(Exception):
    """Nobody wants the answer any more."""


def answer_question(database: Database, answer_id: UUID, clock: Callable[[], datetime], left_alone: datetime) -> bool:
    """Take up a question and answer it; safe to repeat, to run twice at once and to kill.

    Args:
        database: short transactions are opened here; nothing is locked while figures are reckoned.
        answer_id: which.
        clock: tells the time.
        left_alone: somebody who has not touched it since then is taken for dead.

    Returns:
        Whether it was this call's to answer.
    """
    with database.begin(StewardScope()) as session:
        if not take_answer(session, answer_id, clock(), left_alone):
            return False
        question = get_answer(session, answer_id).question
    done = 0

    def stepped() -> None:
        nonlocal done
        done += 1
        with database.begin(StewardScope()) as session:
            if not change_answer(session, answer_id, steps_done=done, touched_at=clock()):
                raise Stopped

    try:
        result = work_out(database, question, stepped)
    except Stopped:
        return True
    except Refused as refusal:
        _end(database, answer_id, clock(), status="failed", error_code=refusal.code, error_detail=refusal.detail)
        return True
    _end(database, answer_id, clock(), status="done", result=msgspec.to_builtins(result))
    return True


def _end(database: Database, answer_id: UUID, now: datetime, **values: object) -> None:
    with database.begin(StewardScope()) as session:
        change_answer(session, answer_id, finished_at=now, touched_at=now, **values)


def work_out(database: Database, question: Question, stepped: Callable[[], None]) -> Result:
    """Return the answer; `stepped` is called after each customer and plan.

    Raises:
        Refused: whatever finding, measuring or billing refuses.
    """
    match question:
        case SimulationQuestion():
            tenants = tuple(_simulated(database, question, name, stepped) for name in dict.fromkeys(question.tenants))
            return SimulationResult(tenants)
        case ModelsQuestion():
            return _models(database, question)
        case SeatsQuestion():
            return _seats(database, question)
        case TimeoutQuestion() | DefinitionQuestion():
            return _read_otherwise(database, question)


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
    database: Database, question: SimulationQuestion, name: str, stepped: Callable[[], None]
) -> TenantResult:
    tenant, contracts = _found(database, question, name, question.plans)
    growth = _grown(question.growth_percent)
    results = []
    with database.begin(TenantScope(tenant.id)) as session:
        figures, taxes = Figures(session, tenant, contracts), taxes_for(session, tenant)
        for terms in contracts:
            try:
                sources = None if growth == 1 else scaled(figures.sources(contract(tenant, terms)), growth)
                documents = simulate(figures, terms, taxes, sources)
            except Refused as refusal:
                results.append(_refused(terms, refusal))
            else:
                net = net_of((one.draft for one in documents), terms.currency)
                invoices = tuple(simulated_invoice(one.draft) for one in documents)
                result = PlanResult(
                    terms.label, terms.plan_key, terms.plan_name, terms.currency, MoneyAnswer.of(net), invoices
                )
                results.append(result)
            stepped()
    return TenantResult(tenant.slug, tenant.name, tuple(results))


def _refused(terms: Terms, refusal: Refused) -> PlanResult:
    why = {"code": refusal.code, "detail": refusal.detail}
    nothing = MoneyAnswer.of(Money(0, terms.currency))
    return PlanResult(terms.label, terms.plan_key, terms.plan_name, terms.currency, nothing, (), why)


def _models(database: Database, question: ModelsQuestion) -> ModelsResult:
    with database.begin(StewardScope()) as session:
        tenant = find_tenant(session, question.tenant)
        stretch = _stretch(question, tenant)
        prices = _prices(model_prices(session, stretch.currency), question, stretch)
    with database.begin(TenantScope(tenant.id)) as session:
        contracts = [model_terms(price, stretch) for price in prices]
        figures = Figures(session, tenant, contracts, grounds=True)
        growth = _grown(question.growth_percent)
        return compare_models(figures, prices, stretch, taxes_for(session, tenant), growth)


def _prices(
    known: tuple[ModelPrice, ...], question: ModelsQuestion, stretch: Stretch
) -> tuple[ModelPrice, ...]:  # fmt: skip
    if not question.charges:
        return known
    document = known[0].document if known else PlanDocument(charges=())
    return given_prices(question.charges, stretch.currency, document)


def _seats(database: Database, question: SeatsQuestion) -> SeatsResult:
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
        return optimise_seats(Figures(session, tenant, [terms]), terms, given)


def _read_otherwise(
    database: Database, question: TimeoutQuestion | DefinitionQuestion
) -> TimeoutResult | DefinitionResult:
    tenant, [terms] = _found(database, question, question.tenant, (question.plan,))
    with database.begin(TenantScope(tenant.id)) as session:
        taxes = taxes_for(session, tenant)
        if isinstance(question, TimeoutQuestion):
            figures = Figures(session, tenant, [terms, *timeouts_of(terms, question.timeouts_s)])
            return price_timeouts(figures, terms, question.timeouts_s, taxes)
        figures = Figures(session, tenant, [terms, under(terms, question.policies)], grounds=True)
        return compare_definitions(figures, terms, question.policies, taxes)


def _grown(percent: Decimal) -> Fraction:
    return 1 + Fraction(percent) / 100
