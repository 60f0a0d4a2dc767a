"""What the API gives about answers; questions and results are their own JSON."""

from datetime import datetime
from uuid import UUID

import msgspec

from billing.answers.questions import Question
from billing.answers.reads.answers import AnswerView
from billing.answers.results import Result

__all__ = ("AnswerAnswer", "AnswerPage")


class AnswerAnswer(msgspec.Struct):
    """A question, how far it is (`steps_done` of `steps_total`), and the result once `status` is `done`."""

    id: UUID
    status: str
    steps_done: int
    steps_total: int
    question: Question
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    error: dict[str, str] | None
    result: Result | None

    @classmethod
    def of(cls, view: AnswerView) -> "AnswerAnswer":
        """Return the view as JSON shows it."""
        return cls(
            id=view.id,
            status=view.status,
            steps_done=view.steps_done,
            steps_total=view.steps_total,
            question=view.question,
            created_by=view.created_by,
            created_at=view.created_at,
            finished_at=view.finished_at,
            error={"code": view.error_code, "detail": view.error_detail} if view.error_code else None,
            result=None if view.result is None else msgspec.convert(view.result, Result),
        )


class AnswerPage(msgspec.Struct):
    """Answers without their results, newest first."""

    items: list[AnswerAnswer]
    next_cursor: str | None
