"""Delete what has a date of expiry and is no record of anything."""

from datetime import datetime

from sqlalchemy.orm import Session

from tenants.store import delete_expired

__all__ = ("purge_expired",)


def purge_expired(session: Session, now: datetime, keep_answers_since: datetime) -> None:
    """Delete ended browser sessions, old idempotency records and old failed sign-ins; a steward's transaction."""
    delete_expired(session, now, keep_answers_since)
