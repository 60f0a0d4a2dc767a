"""Discard the draft of a plan's next version."""

from sqlalchemy.orm import Session

from core.scope import VENDOR_ID
from plans.errors import DraftMissing
from plans.reads.catalogue import draft
from plans.store import delete_draft, lock_plan
from tenants.actions.record_audit import record_audit

__all__ = ("discard_draft",)


def discard_draft(session: Session, plan_key: str, actor: str) -> None:
    """Drop a plan's draft; what is published stays as it is.

    Args:
        session: the vendor's scope or steward.
        plan_key: whose draft.
        actor: who discards it.

    Raises:
        DraftMissing: there is no draft (`draft_missing`).
    """
    lock_plan(session, plan_key)
    if draft(session, plan_key) is None:
        raise DraftMissing(plan_key)
    delete_draft(session, plan_key)
    record_audit(session, VENDOR_ID, actor, "discard_plan_draft", ("plan", plan_key))
