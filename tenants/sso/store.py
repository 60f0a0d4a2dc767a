"""Writes and locks about providers and who signed in by them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from tenants.models import Tenant
from tenants.sso.models import SsoLink, SsoProvider

__all__ = (
    "delete_links_of_user",
    "delete_provider",
    "lock_access",
    "put_provider",
    "touch_link",
)


def lock_access(session: Session, tenant_id: UUID) -> None:
    """Let nobody else change who comes into a customer's pages until the transaction ends."""
    session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))


def put_provider(session: Session, tenant_id: UUID, **values: Any) -> None:
    """Set up or change a customer's provider."""
    session.execute(
        upsert(SsoProvider)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    )


def delete_provider(session: Session, tenant_id: UUID) -> None:
    """Forget a customer's provider; who signed in by it is kept for when it comes back."""
    session.execute(delete(SsoProvider).where(SsoProvider.tenant_id == tenant_id))


def touch_link(session: Session, tenant_id: UUID, issuer: str, subject: str, now: datetime) -> None:
    """Note that somebody signed in."""
    session.execute(
        update(SsoLink)
        .where(SsoLink.tenant_id == tenant_id, SsoLink.issuer == issuer, SsoLink.subject == subject)
        .values(used_at=now)
    )


def delete_links_of_user(session: Session, tenant_id: UUID, user_id: UUID) -> int:
    """Forget by which subjects a user signed in, and return how many there were."""
    gone = session.execute(
        delete(SsoLink).where(SsoLink.tenant_id == tenant_id, SsoLink.user_id == user_id).returning(SsoLink.subject)
    )
    return len(gone.all())
