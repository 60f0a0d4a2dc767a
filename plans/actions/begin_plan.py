"""Begin a plan or an add-on that there is not yet: its first draft."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.errors import NotFound
from plans.actions.save_draft import DraftInput, save_draft
from plans.errors import PlanTaken
from plans.reads.catalogue import DraftView, draft, get_plan
from plans.store import lock_plan

__all__ = ("begin_plan",)


def begin_plan(session: Session, given: DraftInput, now: datetime) -> DraftView:
    """Save the first draft of a plan, and never touch one that there is.

    Args:
        session: the vendor's scope or steward.
        given: the draft, with its identity.
        now: when.

    Raises:
        PlanTaken: the key names a plan, or a draft of one (`plan_taken`).
        InvalidInput: as `save_draft`.
    """
    lock_plan(session, given.plan_key)
    if draft(session, given.plan_key) is not None or _is_sold(session, given.plan_key):
        raise PlanTaken(given.plan_key)
    return save_draft(session, given, now)


def _is_sold(session: Session, plan_key: str) -> bool:
    try:
        get_plan(session, plan_key)
    except NotFound:
        return False
    return True
