"""Writes and locks of seat pools, wait-lists and invitations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from core.lists import any_of
from plans.licensing.seats.models import SeatInvitation, SeatPool, SeatWait

__all__ = (
    "add_invitation",
    "add_pool",
    "add_waits",
    "drop_waits",
    "expire_invitations",
    "lock_pools",
    "set_pool",
    "settle_invitation",
)


def add_pool(session: Session, row: Mapping[str, Any]) -> bool:
    """Insert a pool; return False where its key is taken."""
    made = insert_or(SeatPool).values(**row).on_conflict_do_nothing().returning(SeatPool.key)
    return session.execute(made).first() is not None


def lock_pools(session: Session, tenant_id: UUID, keys: Collection[str] | None = None) -> list[str]:
    """Hold these pools, or all of the tenant's, until the transaction ends; return which there are.

    Always in the order of their keys, so that two never wait for each other in a ring.
    """
    query = select(SeatPool.key).where(SeatPool.tenant_id == tenant_id)
    if keys is not None:
        query = query.where(any_of(SeatPool.key, keys))
    return list(session.execute(query.order_by(SeatPool.key).with_for_update()).scalars())


def set_pool(session: Session, tenant_id: UUID, key: str, **values: Any) -> None:
    """Change a pool."""
    session.execute(update(SeatPool).where(SeatPool.tenant_id == tenant_id, SeatPool.key == key).values(**values))


def add_waits(session: Session, tenant_id: UUID, pool: str, waits: Sequence[tuple[UUID, datetime]]) -> None:
    """Put people at the end of the wait-list, each with the instant since when."""
    if waits:
        rows = [{"tenant_id": tenant_id, "pool": pool, "person_id": person, "since": since} for person, since in waits]
        session.execute(insert(SeatWait), rows)


def drop_waits(session: Session, tenant_id: UUID, pool: str, persons: Collection[UUID]) -> None:
    """Take people off the wait-list."""
    if persons:
        session.execute(
            delete(SeatWait).where(
                SeatWait.tenant_id == tenant_id, SeatWait.pool == pool, any_of(SeatWait.person_id, persons)
            )
        )


def add_invitation(session: Session, row: Mapping[str, Any]) -> bool:
    """Insert an invitation; return False where the person has an open one for that pool."""
    made = insert_or(SeatInvitation).values(**row).on_conflict_do_nothing().returning(SeatInvitation.id)
    return session.execute(made).first() is not None


def settle_invitation(session: Session, tenant_id: UUID, invitation_id: UUID, status: str, at: datetime) -> bool:
    """End an open invitation; return False where it is over."""
    done = session.execute(
        update(SeatInvitation)
        .where(
            SeatInvitation.tenant_id == tenant_id,
            SeatInvitation.id == invitation_id,
            SeatInvitation.status == "open",
        )
        .values(status=status, settled_at=at)
        .returning(SeatInvitation.id)
    )
    return done.first() is not None


def expire_invitations(session: Session, tenant_id: UUID, pool: str, now: datetime) -> None:
    """End a pool's open invitations whose days are over, so that the same people can be invited again."""
    session.execute(
        update(SeatInvitation)
        .where(
            SeatInvitation.tenant_id == tenant_id,
            SeatInvitation.pool == pool,
            SeatInvitation.status == "open",
            SeatInvitation.expires_at <= now,
        )
        .values(status="expired", settled_at=SeatInvitation.expires_at)
    )
