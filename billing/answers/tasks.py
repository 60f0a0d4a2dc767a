"""Questions that wait are answered; the task finds its own work and is safe to repeat."""

from datetime import timedelta

import structlog
from sqlalchemy.exc import OperationalError

from billing.answers.actions.answer_question import answer_question
from billing.answers.offered import NO_OFFERS, Offers
from billing.answers.reads.answers import waiting_answers
from billing.answers.store import change_answer
from core.clock import utc_now
from core.db import Database, database
from core.scope import StewardScope

__all__ = ("answer_questions",)

_LEFT_ALONE = timedelta(minutes=15)
"""Who has not moved on for so long is taken for dead; who works says so every few seconds."""
_log = structlog.get_logger("tollbook.answers")


def answer_questions(db: Database | None = None, offers: Offers = NO_OFFERS) -> None:
    """Answer every question that waits; a fault in one keeps no other waiting. `offers` knows what quotes say."""
    db = db or database()
    with db.begin(StewardScope()) as session:
        waiting = waiting_answers(session, utc_now() - _LEFT_ALONE)
    for answer_id in waiting:
        try:
            answer_question(db, answer_id, utc_now, utc_now() - _LEFT_ALONE, offers)
        except OperationalError as error:  # the database is away: it is taken up again later
            _log.warning("answer_interrupted", answer=str(answer_id), error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, it would come again every time
            _log.error("answer_failed", answer=str(answer_id), exc_info=error)
            detail = "Something went wrong on our side. Ask again, or tell support this answer's id."
            with db.begin(StewardScope()) as session:
                change_answer(
                    session, answer_id, status="failed", error_code="internal_error", error_detail=detail,
                    finished_at=utc_now(),
                )  # fmt: skip
