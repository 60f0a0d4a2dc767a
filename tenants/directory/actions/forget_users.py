"""Forget the directory's users of who was erased. A subscriber of what `tenants` tells, in the same transaction."""

from sqlalchemy.orm import Session

from tenants.directory.reads import known_users
from tenants.directory.store import delete_user
from tenants.events import PersonErased

__all__ = ("forget_users",)


def forget_users(session: Session, erased: PersonErased) -> None:
    """Delete them with all that the directory said. Sent again, they are new users of new people."""
    for user in known_users(session, erased.tenant_id, erased.persons):
        delete_user(session, erased.tenant_id, user)
