"""Remember when a key was last used."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.store import touch_key

__all__ = ("note_key_use",)


def note_key_use(session: Session, key_id: UUID, now: datetime) -> None:
    """Note the use of a key, to the minute."""
    touch_key(session, key_id, now)
