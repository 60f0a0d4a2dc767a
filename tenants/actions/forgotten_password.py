"""Who forgot a password: found by the address alone, and not asked about too often."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from tenants.errors import TooManyAttempts
from tenants.models import SignInAttempt
from tenants.reads import Account, find_account, password_allowed
from tenants.store import add, count_attempts

__all__ = ("note_asked", "who_forgot")

ASKED_MAX = 3
ASKED_WINDOW = timedelta(minutes=15)


def who_forgot(session: Session, email: str, now: datetime) -> Account | None:
    """Return the active user who signs in by password at that address, if there is one.

    Raises:
        TooManyAttempts: it was asked for too often lately, whoever the address is of (`too_many_attempts`).
    """
    if count_attempts(session, _counted(email), now - ASKED_WINDOW) >= ASKED_MAX:
        raise TooManyAttempts(int(ASKED_WINDOW.total_seconds()))
    account = find_account(session, email)
    if account is None or not (account.active and account.has_password):
        return None
    # The vendor's own people have no other way in.
    allowed = account.tenant_id is None or password_allowed(session, account.tenant_id)
    return account if allowed else None


def note_asked(session: Session, email: str, now: datetime) -> None:
    """Count that a link was asked for."""
    add(session, SignInAttempt(email=_counted(email), at=now))


def _counted(email: str) -> str:
    """Return under what it is counted: apart from failed sign-ins."""
    return f"forgotten {email}"[:320]
