"""Remember when a key was last used."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from tenants.reads import KnownKey
from tenants.store import touch_key

__all__ = ("is_to_be_noted", "note_key_use")

_NOTED = timedelta(minutes=1)


def note_key_use(session: Session, key: KnownKey, now: datetime) -> None:
    """Note the use of a key, at most once a minute: keys are looked up every second while requests come."""
    if is_to_be_noted(key, now):
        touch_key(session, key.id, now)


def is_to_be_noted(key: KnownKey, now: datetime) -> bool:
    """Return whether the last use that was noted is more than a minute ago."""
    return key.last_used_at is None or key.last_used_at < now - _NOTED
