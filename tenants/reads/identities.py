"""What senders call people: personal data, for those who may see it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenants.models import IdentityKey

__all__ = ("identity_keys", "identity_of_key")


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
