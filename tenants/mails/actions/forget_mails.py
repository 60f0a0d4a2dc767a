"""Forget what was sent or given up."""

from datetime import datetime

from sqlalchemy.orm import Session

from tenants.mails.store import forget_old_mails

__all__ = ("forget_mails",)


def forget_mails(session: Session, before: datetime) -> None:
    """Delete mails written before an instant that are sent or given up; a steward's transaction."""
    forget_old_mails(session, before)
