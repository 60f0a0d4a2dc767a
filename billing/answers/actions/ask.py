"""Queue a question after looking whether it can be answered, and stop one."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.answers.questions import (
    DefinitionQuestion,
    ModelsQuestion,
    PlanWish,
    Question,
    SeatsQuestion,
    SimulationQuestion,
    TimeoutQuestion,
    tenants_of,
)
from billing.answers.reads.answers import AnswerView, get_answer
from billing.answers.reads.wishes import Stretch, terms_of
from billing.answers.store import add_answer, change_answer
from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.periods import add_months
from core.scope import VENDOR_ID
from tenants.actions.record_audit import record_audit
from tenants.reads import find_tenant

__all__ = ("ask", "cancel_answer")

LONGEST_MONTHS = 36


def ask(session: Session, question: Question, actor: str, now: datetime) -> AnswerView:
    """Queue a question; a worker answers it.

    Args:
        session: steward's.
        question: what is asked.
        actor: `Principal.actor`.
        now: when.

    Raises:
        TenantUnknown, NotFound: a customer, plan, version or draft that there is not.
        InvalidInput: the days run backwards or are more than three years (`days_invalid`), or a share is
            out of range (`percent_invalid`).
        PlanInvalid: negotiated terms have faults (`plan_invalid`).
    """
    _refuse_faults(question)
    customers = [find_tenant(session, name) for name in dict.fromkeys(tenants_of(question))]
    wishes = _wishes(question)
    for tenant in customers[:1]:
        for wish in wishes:
            stretch = Stretch(question.starts_on, question.ends_on, question.currency or tenant.currency)
            terms_of(session, wish, stretch)
    answer_id = new_id()
    row = {
        "id": answer_id,
        "kind": _kind(question),
        "question": msgspec.to_builtins(question),
        "customers": [str(tenant.id) for tenant in customers],
        "status": "queued",
        "steps_done": 0,
        "steps_total": len(customers) * max(len(wishes), 1),
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
    if faults:
        raise InvalidInput(*faults)


def _kind(question: Question) -> str:
    kind = question.__struct_config__.tag
    assert isinstance(kind, str), "every question has a name"
    return kind


def _wishes(question: Question) -> tuple[PlanWish, ...]:
    match question:
        case SimulationQuestion():
            return question.plans
        case TimeoutQuestion() | DefinitionQuestion():
            return (question.plan,)
        case _:
            return ()
