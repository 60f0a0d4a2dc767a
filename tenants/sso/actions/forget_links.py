"""Forget by which subjects somebody signed in who is erased."""

from sqlalchemy.orm import Session

from tenants.events import PersonErased
from tenants.reads import find_account
from tenants.sso.store import delete_links_of_user

__all__ = ("forget_links",)


def forget_links(session: Session, event: PersonErased) -> None:
    """Delete the links of the users with the addresses of who is erased; the users were shut out before."""
    for email in event.emails:
        account = find_account(session, email)
        if account is not None and account.tenant_id == event.tenant_id:
            delete_links_of_user(session, event.tenant_id, account.id)
