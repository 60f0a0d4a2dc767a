"""Facts as they hold: corrections applied, as known at a moment of recording."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import BigInteger, Select, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from core.lists import any_of
from metering.facts import Fact, sorted_facts
from metering.models import Correction, FactKey, Symbol
from metering.models import Fact as FactRow
from metering.reads.bodies import event_ids
from metering.reads.keyed import of_events
from metering.registry import FactSpan
from tenants.people import People
from tenants.reads import people as people_at
from tenants.reads import trait_keys

__all__ = (
    "Corrections",
    "Selection",
    "correction_ids",
    "corrections",
    "known_people",
    "load_facts",
    "load_selected",
    "narrowed",
    "replaced_fact",
    "replacements",
    "symbols_of",
    "ties_broken",
    "types_of",
)


@dataclass(frozen=True, slots=True)
class Corrections:
    """The last correction of each target: what it says instead, None for a void; and all keys.

    `without_effect` are keys under which `person_trait` has rows that don't hold: corrected events
    and corrections that are not the last of their target.
    """

    by_target: dict[UUID, dict[str, Any] | None]
    without_effect: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which facts to load; `identities` None is everybody's."""

    types: Collection[str]
    span: FactSpan
    identities: Collection[int] | None = None


def load_facts(
    session: Session,
    tenant_id: UUID,
    types: Collection[str],
    *,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None = None,
) -> list[Fact]:
    """Return the facts of these types that occurred in `[since, until)`, in reading order.

    Args:
        session: scoped to the tenant.
        tenant_id: whose facts.
        types: event types; facts of others are not returned.
        since: the first instant, None for the beginning.
        until: the end, not included; None for no end.
        as_of: facts and corrections recorded up to it (inclusive); None for all.

    Returns:
        Facts by (time, source, key). A voided one is not there; a replaced one stands at its
        replacement's own time and type.
    """
    known = corrections(session, tenant_id, as_of)
    return load_selected(session, tenant_id, Selection(types, FactSpan(since, until)), known, as_of)


def corrections(session: Session, tenant_id: UUID, as_of: datetime | None) -> Corrections:
    """Return the corrections that are in force: of several for one target the last recorded."""
    rows = session.execute(
        select(Correction.id, Correction.target_key, Correction.replacement, Correction.recorded_at)
        .where(Correction.tenant_id == tenant_id)
        .order_by(Correction.recorded_at, Correction.id)
    ).all()
    by_target: dict[UUID, dict[str, Any] | None] = {}
    in_force: dict[UUID, UUID] = {}
    for correction_id, target_key, replacement, recorded_at in rows:
        if as_of is None or recorded_at <= as_of:
            by_target[target_key] = replacement
            in_force[target_key] = correction_id
    idle = {correction_id for correction_id, *_ in rows} - set(in_force.values())
    return Corrections(by_target, frozenset(idle | set(by_target)))


def correction_ids(session: Session, tenant_id: UUID, target_key: UUID) -> list[UUID]:
    """Return the corrections of an event, the first recorded first."""
    query = select(Correction.id).where(Correction.tenant_id == tenant_id, Correction.target_key == target_key)
    return list(session.execute(query.order_by(Correction.recorded_at, Correction.id)).scalars())


def load_selected(
    session: Session, tenant_id: UUID, selection: Selection, known: Corrections, as_of: datetime | None
) -> list[Fact]:
    """Return the facts of a selection, in reading order, with the corrections applied."""
    types = types_of(session, tenant_id, selection.types)
    rows = session.execute(narrowed(tenant_id, selection, types, as_of)).all()
    sources = symbols_of(session, tenant_id, {row.source_id for row in rows})
    facts = [
        Fact(key, occurred_at, types[type_id], sources[source_id], identity_id, attributes or {})
        for key, occurred_at, type_id, source_id, identity_id, attributes in rows
        if key not in known.by_target
    ]
    facts.extend(
        replaced_fact(key, source, new)
        for key, source, new in replacements(session, tenant_id, selection, known, as_of)
    )
    return sorted_facts(facts)


def replaced_fact(key: UUID, source: str, new: dict[str, Any]) -> Fact:
    """Return what stands instead of a replaced event, as `replacements` tells it."""
    return Fact(key, _time_of(new), new["type"], source, int(new["identity_id"]), new["attributes"] or {})


def symbols_of(session: Session, tenant_id: UUID, numbers: Collection[int] | None = None) -> dict[int, str]:
    """Return types and sources by their numbers; all for None, and senders may have made very many."""
    query = select(Symbol.id, Symbol.value).where(Symbol.tenant_id == tenant_id)
    if numbers is not None:
        query = query.where(any_of(Symbol.id, numbers))
    return dict(session.execute(query).tuples().all())


def types_of(session: Session, tenant_id: UUID, types: Collection[str]) -> dict[int, str]:
    """Return those of the types that facts have, by their numbers."""
    query = select(Symbol.id, Symbol.value).where(
        Symbol.tenant_id == tenant_id, Symbol.kind == "type", any_of(Symbol.value, types)
    )
    return dict(session.execute(query).tuples().all())


def narrowed(
    tenant_id: UUID, selection: Selection, types: Collection[int], as_of: datetime | None
) -> Select[tuple[UUID, datetime, int, int, int, Any]]:
    """Return the query of a selection's facts: key, time, type, source, identity, attributes as they were sent."""
    query = select(
        FactRow.event_key,
        FactRow.occurred_at,
        FactRow.type_id,
        FactRow.source_id,
        FactRow.identity_id,
        FactRow.attributes,
    ).where(FactRow.tenant_id == tenant_id, FactRow.type_id.in_(types))
    if selection.span.since is not None:
        query = query.where(FactRow.occurred_at >= selection.span.since)
    if selection.span.until is not None:
        query = query.where(FactRow.occurred_at < selection.span.until)
    if selection.identities is not None:
        query = query.where(FactRow.identity_id == any_(literal(list(selection.identities), ARRAY(BigInteger))))
    if as_of is not None:
        query = query.where(FactRow.accepted_at <= as_of)
    return query


def replacements(
    session: Session, tenant_id: UUID, selection: Selection, known: Corrections, as_of: datetime | None
) -> Iterator[tuple[UUID, str, dict[str, Any]]]:
    """Yield key, source and replacement of what stands instead of replaced events that have arrived."""
    wanted = {key: new for key, new in known.by_target.items() if new is not None and _selects(selection, new)}
    if not wanted:
        return
    query = select(FactRow.event_key, Symbol.value).join(
        Symbol, (Symbol.tenant_id == FactRow.tenant_id) & (Symbol.id == FactRow.source_id)
    )
    query = of_events(query, FactRow, tenant_id, wanted)
    if as_of is not None:
        query = query.where(FactRow.accepted_at <= as_of)
    for key, source in session.execute(query):
        yield key, source, wanted[key]


def _time_of(replacement: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(replacement["time"])


def _selects(selection: Selection, replacement: dict[str, Any]) -> bool:
    at, span = _time_of(replacement), selection.span
    return (
        replacement["type"] in selection.types
        and (span.since is None or at >= span.since)
        and (span.until is None or at < span.until)
        and (selection.identities is None or int(replacement["identity_id"]) in selection.identities)
    )


def late_keys(session: Session, tenant_id: UUID, keys: Collection[UUID], as_of: datetime) -> frozenset[UUID]:
    """Return those of the events that were accepted after `as_of`."""
    if not keys:
        return frozenset()
    query = select(FactKey.event_key).where(
        FactKey.tenant_id == tenant_id,
        FactKey.event_key == any_(literal(list(keys), ARRAY(PG_UUID))),
        FactKey.accepted_at > as_of,
    )
    return frozenset(session.execute(query).scalars())


def known_people(session: Session, tenant_id: UUID, known: Corrections, as_of: datetime | None) -> People:
    """Return the people; what voided, replaced or later accepted events said of them does not hold."""
    ignored = known.without_effect
    if as_of is not None:
        ignored |= late_keys(session, tenant_id, trait_keys(session, tenant_id), as_of)
    return people_at(session, tenant_id, as_of, ignored_events=ignored)


def ties_broken(session: Session, tenant_id: UUID, facts: list[Fact], people: People) -> list[Fact]:
    """Return the facts in reading order with the sender's id where time, source and person are equal.

    Ids stand in the compressed bodies; only those that can decide something are read.
    """
    tied: set[UUID] = set()
    for together in _simultaneous(facts):
        first: dict[tuple[str, UUID], UUID] = {}
        for fact in together:
            other = first.setdefault((fact.source, people.person_of(fact.identity_id)), fact.event_key)
            if other != fact.event_key:
                tied.update((other, fact.event_key))
    if not tied:
        return facts
    ids = event_ids(session, tenant_id, tied)
    return sorted_facts(
        replace(fact, event_id=ids.get(fact.event_key, "")) if fact.event_key in tied else fact for fact in facts
    )


def _simultaneous(facts: list[Fact]) -> Iterator[list[Fact]]:
    """Yield those of the facts, which are in reading order, that share their instant with others."""
    instants = [fact.occurred_at for fact in facts]
    start = 0
    for end in range(1, len(instants) + 1):
        if end < len(instants) and instants[end] == instants[start]:
            continue
        if end - start > 1:
            yield facts[start:end]
        start = end
