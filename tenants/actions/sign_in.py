"""Sign in by password, and out."""

from datetime import datetime, timedelta
from functools import cache

from argon2.exceptions import VerificationError, VerifyMismatchError
from sqlalchemy.orm import Session

from tenants.actions.create_user import PASSWORDS, token_hash
from tenants.actions.start_session import SignedIn, start_session
from tenants.errors import CredentialsWrong, PasswordOff, TooManyAttempts
from tenants.models import SignInAttempt
from tenants.reads import find_login
from tenants.store import add, count_attempts, remove_session

__all__ = ("note_failed_sign_in", "sign_in", "sign_out")

ATTEMPTS_MAX = 10
ATTEMPTS_WINDOW = timedelta(minutes=15)


@cache
def _nobodys_hash() -> str:
    """Return what is verified against where there is no such user, so that both cases take as long."""
    return PASSWORDS.hash("nobody-has-this-password")


def sign_in(session: Session, email: str, password: str, now: datetime) -> SignedIn:
    """Check a password and start a browser session.

    Raises:
        TooManyAttempts: ten failures for this address within 15 minutes (`too_many_attempts`).
        CredentialsWrong: no such user, or another password (`credentials_wrong`); the caller then
            records the attempt in a transaction of its own, since this one rolls back.
        PasswordOff: it is right, and their organisation signs in by its provider (`password_sign_in_off`).
    """
    address = email.strip().lower()
    if count_attempts(session, address, now - ATTEMPTS_WINDOW) >= ATTEMPTS_MAX:
        raise TooManyAttempts(int(ATTEMPTS_WINDOW.total_seconds()))
    login, nobodys = find_login(session, address), _nobodys_hash()
    try:
        PASSWORDS.verify(login.password_hash if login and login.password_hash else nobodys, password)
    except (VerifyMismatchError, VerificationError) as error:
        raise CredentialsWrong from error
    if login is None or login.password_hash is None:
        raise CredentialsWrong
    if not login.password_allowed:
        raise PasswordOff
    return start_session(session, login.user_id, now)


def note_failed_sign_in(session: Session, email: str, now: datetime) -> None:
    """Count a failed attempt."""
    add(session, SignInAttempt(email=email.strip().lower()[:320], at=now))


def sign_out(session: Session, token: str) -> None:
    """End a browser session; repeating it changes nothing."""
    remove_session(session, token_hash(token))
