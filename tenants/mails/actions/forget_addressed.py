"""Forget the mails to somebody who is erased, waiting and kept: server's answers name addresses, too."""

from sqlalchemy.orm import Session

from tenants.events import PersonErased
from tenants.mails.store import delete_mails_to

__all__ = ("forget_addressed",)


def forget_addressed(session: Session, event: PersonErased) -> None:
    """Delete the mails to the person and to the addresses they had, whatever their case."""
    delete_mails_to(session, event.tenant_id, event.persons, event.emails)
