"""Start a browser session for somebody who proved who they are, by whatever means."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.ids import new_token
from tenants.actions.create_user import token_hash
from tenants.models import UserSession
from tenants.store import add

__all__ = ("SESSION_LIFE", "SignedIn", "start_session")

SESSION_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The cookie's token and when it ends."""

    token: str
    expires_at: datetime


def start_session(session: Session, user_id: UUID, now: datetime) -> SignedIn:
    """Return a new session's token, this once; it is stored hashed."""
    token, expires_at = new_token("tbs"), now + SESSION_LIFE
    row = UserSession(
        token_hash=token_hash(token), user_id=user_id, csrf_token=new_token("csrf"), expires_at=expires_at
    )
    add(session, row)
    return SignedIn(token, expires_at)
