"""Who forgot a password: found by the address alone, and not asked about too often."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.errors import TooManyAttempts
from tenants.models import SignInAttempt
from tenants.reads import TenantView, find_account, get_tenant, password_allowed
from tenants.store import add, count_attempts

__all__ = ("note_asked", "who_forgot")

ASKED_MAX = 3
ASKED_WINDOW = timedelta(minutes=15)


def who_forgot(session: Session, email: str, now: datetime) -> tuple[UUID, TenantView] | None:
    """Return the active user of a customer who signs in by password at that address, if there is one.

    Raises:
        TooManyAttempts: it was asked for too often lately, whoever the address is of (`too_many_attempts`).
    """
    if count_attempts(session, _counted(email), now - ASKED_WINDOW) >= ASKED_MAX:
        raise TooManyAttempts(int(ASKED_WINDOW.total_seconds()))
    account = find_account(session, email)
    if account is None or account.tenant_id is None or not account.active:
        return None
    allowed = account.has_password and password_allowed(session, account.tenant_id)
    return (account.id, get_tenant(session, account.tenant_id)) if allowed else None


def note_asked(session: Session, email: str, now: datetime) -> None:
    """Count that a link was asked for."""
    add(session, SignInAttempt(email=_counted(email), at=now))


def _counted(email: str) -> str:
    """Return under what it is counted: apart from failed sign-ins."""
    return f"forgotten {email}"[:320]
