"""Queue a question after looking whether it can be answered, and stop one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.answers.actions.compare_definitions import STEPS as DEFINITION_STEPS
from billing.answers.actions.compare_versions import after_document, concerned
from billing.answers.actions.optimise_seats import STEPS as SEATS_STEPS
from billing.answers.actions.reckon_margins import concerned_customers
from billing.answers.contracts import contract
from billing.answers.invoices_csv import billed_lines
from billing.answers.offered import NO_OFFERS, Offers
from billing.answers.questions import (
    DefinitionQuestion,
    MarginsQuestion,
    ModelsQuestion,
    ParallelFile,
    ParallelQuestion,
    PlanWish,
    Question,
    SeatsQuestion,
    SimulationQuestion,
    TimeoutQuestion,
    VersionQuestion,
    tenants_of,
)
from billing.answers.reads.answers import AnswerView, get_answer
from billing.answers.reads.wishes import Stretch, model_prices, terms_of
from billing.answers.store import add_answer, change_answer
from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.periods import add_months
from core.scope import VENDOR_ID
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, find_tenant, get_tenant

__all__ = ("ask", "ask_about_file", "cancel_answer")

LONGEST_MONTHS = 36


def ask(
    session: Session, question: Question, actor: str, now: datetime, offers: Offers = NO_OFFERS
) -> AnswerView:  # fmt: skip
    """Queue a question; a worker answers it.

    Args:
        session: steward's.
        question: what is asked.
        actor: `Principal.actor`.
        now: when.
        offers: knows the quotes that may be named.

    Raises:
        TenantUnknown, NotFound: a customer, plan, version, draft or quote that there is not.
        InvalidInput: the days run backwards or are more than three years (`days_invalid`), a share is
            out of range (`percent_invalid`), margins are not asked of whole months (`months_invalid`), it is
            not said how many seats to assume (`assumption_invalid`), or neither plan nor quote is named
            (`nothing_to_simulate`).
        PlanInvalid: negotiated terms have faults (`plan_invalid`).
    """
    _refuse_faults(question)
    customers = _customers(session, question)
    wishes = _wishes(question)
    for tenant in customers[:1]:
        for wish in wishes:
            terms_of(session, wish, _stretch(question, tenant))
    for quote_id in question.quotes if isinstance(question, SimulationQuestion) else ():
        offers.find(session, quote_id)
    answer_id = new_id()
    row = {
        "id": answer_id,
        "kind": _kind(question),
        "question": msgspec.to_builtins(question),
        "customers": [str(tenant.id) for tenant in customers],
        "status": "queued",
        "steps_done": 0,
        "steps_total": _steps(session, question, customers),
        "result": None,
        "error_code": "",
        "error_detail": "",
        "created_by": actor,
        "created_at": now,
        "touched_at": now,
        "finished_at": None,
    }
    add_answer(session, row)
    record_audit(session, VENDOR_ID, actor, "ask", ("answer", str(answer_id)), {"kind": _kind(question)})
    return get_answer(session, answer_id)


def ask_about_file(session: Session, file: ParallelFile, actor: str, now: datetime) -> AnswerView:
    """Queue the comparison with another system's bills, read from a CSV file.

    Raises:
        InvalidInput: each fault of the file with its row and column (`row_invalid`, `column_missing`, `rows_invalid`).
        TenantUnknown, NotFound, PlanInvalid: as `ask`.
    """
    currency = file.currency or find_tenant(session, file.tenant).currency
    question = ParallelQuestion(
        tenant=file.tenant,
        plan=file.plan,
        starts_on=file.starts_on,
        ends_on=file.ends_on,
        currency=currency,
        lines=billed_lines(file.csv, file.columns, file.charges, currency),
        definitions=file.definitions,
        billed_after_days=file.billed_after_days,
    )
    return ask(session, question, actor, now)


def cancel_answer(session: Session, answer_id: UUID, actor: str, now: datetime) -> AnswerView:
    """Stop working on an answer; one that is over stays as it is."""
    get_answer(session, answer_id)
    if change_answer(session, answer_id, status="cancelled", finished_at=now):
        record_audit(session, VENDOR_ID, actor, "cancel_answer", ("answer", str(answer_id)))
    return get_answer(session, answer_id)


def _refuse_faults(question: Question) -> None:
    faults = []
    if not question.starts_on < question.ends_on <= add_months(question.starts_on, LONGEST_MONTHS):
        detail = f"Ask about one day or more and at most {LONGEST_MONTHS} months; ends_on is the day after the last."
        faults.append(InputError("/ends_on", "days_invalid", detail))
    if isinstance(question, SeatsQuestion) and not 0 < question.target_percent < 100:
        detail = "The share of denials to accept is more than 0 and less than 100 per cent."
        faults.append(InputError("/target_percent", "percent_invalid", detail))
    if isinstance(question, SimulationQuestion | ModelsQuestion) and not -100 <= question.growth_percent <= 10_000:
        detail = "Usage grows by -100 to 10,000 per cent."
        faults.append(InputError("/growth_percent", "percent_invalid", detail))
    if isinstance(question, SimulationQuestion) and not question.plans and not question.quotes:
        detail = "Name what is to be simulated: one of 'plans' or 'quotes' at least."
        faults.append(InputError("/plans", "nothing_to_simulate", detail))
    if isinstance(question, MarginsQuestion) and (question.starts_on.day, question.ends_on.day) != (1, 1):
        detail = "Bills are told apart by calendar month: begin and end with the first day of one."
        faults.append(InputError("/starts_on", "months_invalid", detail))
    for index, line in enumerate(question.lines if isinstance(question, ParallelQuestion) else ()):
        if not question.starts_on <= line.period < question.ends_on:
            detail = (
                f"Line {index + 1} (row {index + 2} of a file) is of {line.period}: not among the days asked about."
            )
            faults.append(InputError(f"/lines/{index}/period", "days_invalid", detail))
    if faults:
        raise InvalidInput(*faults)
    if isinstance(question, SimulationQuestion | ModelsQuestion) and question.assumed_seats is not None:
        question.assumed_seats.refuse_vague()


def _customers(session: Session, question: Question) -> list[TenantView]:
    if isinstance(question, MarginsQuestion):
        return [get_tenant(session, tenant_id) for tenant_id in concerned_customers(session, question)]
    if not isinstance(question, VersionQuestion):
        return [find_tenant(session, name) for name in dict.fromkeys(tenants_of(question))]
    after_document(session, question)
    return [get_tenant(session, held) for held in {one.tenant_id: None for one in concerned(session, question)}]


def _stretch(question: Question, tenant: TenantView) -> Stretch:
    return Stretch(question.starts_on, question.ends_on, question.currency or tenant.currency)


def _steps(session: Session, question: Question, customers: Sequence[TenantView]) -> int:
    """Return how many steps the answer takes; each is told when it is done."""
    if isinstance(question, VersionQuestion | MarginsQuestion):
        return len(concerned(session, question)) if isinstance(question, VersionQuestion) else len(customers)
    match question:
        case SimulationQuestion():
            return len(customers) * (len(question.plans) + len(set(question.quotes)))
        case ModelsQuestion():
            # Each model is billed first, then what it costs at other sizes and by department.
            known = question.charges or model_prices(session, question.currency or customers[0].currency)
            return 2 * len(known)
        case SeatsQuestion() | DefinitionQuestion():
            return SEATS_STEPS if isinstance(question, SeatsQuestion) else DEFINITION_STEPS
        case TimeoutQuestion():
            return len(set(question.timeouts_s))
        case ParallelQuestion():
            [wish], stretch = _wishes(question), _stretch(question, customers[0])
            held = contract(customers[0], terms_of(session, wish, stretch))
            assert held.ends_at is not None, "what is asked about has an end"
            return len([*held.spans_until(held.ends_at)])


def _kind(question: Question) -> str:
    kind = question.__struct_config__.tag
    assert isinstance(kind, str), "every question has a name"
    return kind


def _wishes(question: Question) -> tuple[PlanWish, ...]:
    match question:
        case SimulationQuestion():
            return question.plans
        case TimeoutQuestion() | DefinitionQuestion() | ParallelQuestion():
            return (question.plan,)
        case _:
            return ()
