"""What senders call people: personal data, for those who may see it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenants.models import IdentityKey, IdentityLink

__all__ = ("home_of", "identities_of_home", "identity_keys", "identity_of_key", "last_links")


def identity_keys(session: Session, tenant_id: UUID, identity_ids: Collection[int]) -> dict[int, str]:
    """Return identity → the sender's key."""
    rows = session.execute(
        select(IdentityKey.id, IdentityKey.key).where(
            IdentityKey.tenant_id == tenant_id, IdentityKey.id.in_(sorted(set(identity_ids)))
        )
    )
    return dict(rows.tuples().all())


def identity_of_key(session: Session, tenant_id: UUID, scheme: str, key: str) -> int | None:
    """Return the identity of a sender's key, or None."""
    return session.execute(
        select(IdentityKey.id).where(
            IdentityKey.tenant_id == tenant_id, IdentityKey.scheme == scheme, IdentityKey.key == key
        )
    ).scalar_one_or_none()


def home_of(session: Session, tenant_id: UUID, identity_id: int) -> UUID:
    """Return the person whom an identity was made for."""
    query = select(IdentityKey.home_person_id).where(IdentityKey.tenant_id == tenant_id, IdentityKey.id == identity_id)
    return session.execute(query).scalar_one()


def identities_of_home(session: Session, tenant_id: UUID, person_id: UUID) -> tuple[int, ...]:
    """Return the identities that were made for a person."""
    query = select(IdentityKey.id).where(IdentityKey.tenant_id == tenant_id, IdentityKey.home_person_id == person_id)
    return tuple(session.execute(query.order_by(IdentityKey.id)).scalars())


def last_links(session: Session, tenant_id: UUID, identity_ids: Collection[int]) -> tuple[datetime, ...]:
    """Return when identities were linked to persons."""
    query = select(IdentityLink.recorded_at).where(
        IdentityLink.tenant_id == tenant_id, IdentityLink.identity_id.in_(identity_ids)
    )
    return tuple(session.execute(query).scalars())
