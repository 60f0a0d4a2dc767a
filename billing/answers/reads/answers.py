"""Answers by id, by customer, and those that wait."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.answers.models import Answer
from billing.answers.questions import Question
from core.errors import NotFound
from core.scope import VENDOR_ID

__all__ = ("AnswerView", "answers_page", "get_answer", "waiting_answers")

_COLUMNS = (
    Answer.id,
    Answer.kind,
    Answer.question,
    Answer.status,
    Answer.steps_done,
    Answer.steps_total,
    Answer.error_code,
    Answer.error_detail,
    Answer.created_by,
    Answer.created_at,
    Answer.finished_at,
)


@dataclass(frozen=True, slots=True)
class AnswerView:
    """A question with how far its answer is; `result` is None in lists and until it is done."""

    id: UUID
    kind: str
    question: Question
    status: str
    steps_done: int
    steps_total: int
    error_code: str
    error_detail: str
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    result: Any = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.status not in ("queued", "running")


def get_answer(session: Session, answer_id: UUID, customer_id: UUID | None = None) -> AnswerView:
    """Return an answer with its result; a steward's read.

    Raises:
        NotFound: there is none of that id, or it is not about that customer (`not_found`).
    """
    query = select(*_COLUMNS, Answer.result).where(Answer.tenant_id == VENDOR_ID, Answer.id == answer_id)
    if customer_id is not None:
        query = query.where(Answer.customers.contains([str(customer_id)]))
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("answer", answer_id)
    return _view(row._mapping)  # noqa: SLF001 - the documented way to a mapping


def answers_page(
    session: Session, customer_id: UUID | None = None, before: UUID | None = None, limit: int = 50
) -> tuple[AnswerView, ...]:
    """Return answers without results, newest first, of one customer or of all; a steward's read."""
    query = select(*_COLUMNS).where(Answer.tenant_id == VENDOR_ID)
    if customer_id is not None:
        query = query.where(Answer.customers.contains([str(customer_id)]))
    if before is not None:
        query = query.where(Answer.id < before)
    rows = session.execute(query.order_by(Answer.id.desc()).limit(limit))
    return tuple(_view(row._mapping) for row in rows)  # noqa: SLF001


def waiting_answers(session: Session, left_alone: datetime) -> tuple[UUID, ...]:
    """Return the questions that wait or were left alone, oldest first; a steward's read."""
    rows = session.execute(
        select(Answer.id)
        .where(
            Answer.tenant_id == VENDOR_ID,
            (Answer.status == "queued") | ((Answer.status == "running") & (Answer.touched_at < left_alone)),
        )
        .order_by(Answer.created_at, Answer.id)
    )
    return tuple(rows.scalars())


def _view(row: Any) -> AnswerView:
    fields = dict(row)
    fields["question"] = msgspec.convert(fields["question"], Question)
    return AnswerView(**fields)
