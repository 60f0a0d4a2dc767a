"""Stored bodies by key, as a backfill walks through them, and beside them what a meter took before."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.lists import any_of
from metering.custom.extraction import Extract
from metering.models import Fact, FactBody, FactKey, MeterValue, Symbol
from metering.reads.facts import types_of
from metering.reads.keyed import same_event

__all__ = ("StoredBody", "ToldBody", "bodies_after", "told_after", "values_without_fact")


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A fact's type and its body, compressed."""

    event_key: UUID
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ToldBody(StoredBody):
    """A body, and what stands of it in a meter's values; None where nothing does."""

    told: Extract | None


def bodies_after(
    session: Session, tenant_id: UUID, types: frozenset[str], after: UUID | None, limit: int
) -> list[StoredBody]:
    """Return the next facts of these types by key, after a key or from the first."""
    symbols = types_of(session, tenant_id, types)
    query = _bodies(tenant_id, symbols, after).limit(limit)
    return [StoredBody(key, symbols[type_id], body) for key, type_id, body in session.execute(query)]


def told_after(
    session: Session, tenant_id: UUID, what: tuple[UUID, frozenset[str]], after: UUID | None, limit: int
) -> list[ToldBody]:
    """Return the next facts by key with what a meter took of each, all as one statement saw them.

    Args:
        session: scoped to the tenant, or the steward's.
        tenant_id: whose facts.
        what: the meter, and the types that it is about.
        after: the last key before; None for the first.
        limit: how many.
    """
    meter_id, types = what
    symbols = types_of(session, tenant_id, types)
    stored = _bodies(tenant_id, symbols, after)
    query = stored.add_columns(MeterValue.event_key, MeterValue.value, MeterValue.item, MeterValue.dimensions)
    query = query.outerjoin(
        MeterValue,
        (MeterValue.tenant_id == tenant_id)
        & (MeterValue.meter_id == meter_id)
        & (MeterValue.event_key == FactKey.event_key),
    ).limit(limit)
    return [
        ToldBody(key, symbols[type_id], body, _extract(*told) if there else None)
        for key, type_id, body, there, *told in session.execute(query)
    ]


def values_without_fact(
    session: Session, tenant_id: UUID, what: tuple[UUID, frozenset[str]], limit: int
) -> list[tuple[UUID, Extract]]:
    """Return what a meter (with its types) took of events that it is not about or whose facts are not here."""
    meter_id, types = what
    fact = (
        select(Fact.event_key)
        .join(FactKey, same_event(FactKey, Fact))
        .join(Symbol, (Symbol.tenant_id == Fact.tenant_id) & (Symbol.id == Fact.type_id))
        .where(FactKey.tenant_id == MeterValue.tenant_id, FactKey.event_key == MeterValue.event_key)
        .where(Symbol.kind == "type", any_of(Symbol.value, types))
    )
    query = (
        select(MeterValue.event_key, MeterValue.value, MeterValue.item, MeterValue.dimensions)
        .where(MeterValue.tenant_id == tenant_id, MeterValue.meter_id == meter_id, ~fact.exists())
        .limit(limit)
    )
    return [(key, _extract(*told)) for key, *told in session.execute(query)]


def _bodies(tenant_id: UUID, symbols: dict[int, str], after: UUID | None) -> Select[UUID, int, bytes]:
    query = (
        select(FactKey.event_key, Fact.type_id, FactBody.body)
        .join(Fact, same_event(Fact, FactKey))
        .join(FactBody, same_event(FactBody, FactKey))
        .where(FactKey.tenant_id == tenant_id, Fact.type_id.in_(symbols))
        .order_by(FactKey.event_key)
    )
    return query if after is None else query.where(FactKey.event_key > after)


def _extract(value: Any, item: str | None, dimensions: dict[str, str] | None) -> Extract:
    return Extract(value, item, dimensions or {})
