"""Stored bodies by key, as a backfill walks through them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.models import Fact, FactBody, FactKey
from metering.reads.facts import types_of
from metering.reads.keyed import same_event

__all__ = ("StoredBody", "bodies_after")


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A fact's type and its body, compressed."""

    event_key: UUID
    type: str
    body: bytes


def bodies_after(
    session: Session, tenant_id: UUID, types: frozenset[str], after: UUID | None, limit: int
) -> list[StoredBody]:
    """Return the next facts of these types by key, after a key or from the first."""
    symbols = types_of(session, tenant_id, types)
    query = (
        select(FactKey.event_key, Fact.type_id, FactBody.body)
        .join(Fact, same_event(Fact, FactKey))
        .join(FactBody, same_event(FactBody, FactKey))
        .where(FactKey.tenant_id == tenant_id, Fact.type_id.in_(symbols))
        .order_by(FactKey.event_key)
        .limit(limit)
    )
    if after is not None:
        query = query.where(FactKey.event_key > after)
    return [StoredBody(key, symbols[type_id], body) for key, type_id, body in session.execute(query)]
