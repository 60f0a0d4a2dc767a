"""Writes of answers; each is one statement, so that nobody waits for somebody who reckons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from billing.answers.models import Answer
from core.scope import VENDOR_ID

__all__ = ("add_answer", "change_answer", "take_answer")

_OPEN = ("queued", "running")


def add_answer(session: Session, row: Mapping[str, Any]) -> None:
    """Queue a question; its columns are those of `Answer`."""
    session.execute(insert(Answer).values(tenant_id=VENDOR_ID, **row))


def take_answer(session: Session, answer_id: UUID, now: datetime, left_alone: datetime) -> bool:
    """Take up a question that waits, or that nobody touched since `left_alone`; of two who try one gets it."""
    mine = (Answer.status == "queued") | ((Answer.status == "running") & (Answer.touched_at < left_alone))
    taken = session.execute(
        update(Answer)
        .where(Answer.tenant_id == VENDOR_ID, Answer.id == answer_id, mine)
        .values(status="running", touched_at=now, steps_done=0)
        .returning(Answer.id)
    )
    return taken.scalar_one_or_none() is not None


def change_answer(session: Session, answer_id: UUID, **values: Any) -> bool:
    """Change an answer that is not over; False where it is."""
    changed = session.execute(
        update(Answer)
        .where(Answer.tenant_id == VENDOR_ID, Answer.id == answer_id, Answer.status.in_(_OPEN))
        .values(**values)
        .returning(Answer.id)
    )
    return changed.scalar_one_or_none() is not None
