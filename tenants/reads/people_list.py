"""People as an administrator looks through them: by name, with all keys that senders use, and who is whom."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from core.lists import any_of
from tenants.erasure import ERASED
from tenants.models import Assignment, IdentityKey, Person
from tenants.reads.erasures import EXTERNAL_ID
from tenants.reads.identities import merged_people
from tenants.reads.people import PersonView, called_like

__all__ = ("AssignmentView", "PeopleCounts", "Wanted", "assignments_of", "count_people", "listed_people", "sender_keys")

_PERSON: tuple[Any, ...] = (Person.id, EXTERNAL_ID, Person.name, Person.email, Person.active_from, Person.active_to)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people: `search` is in their names or keys; `show` is `active`, `left`, `merged` or '' for all."""

    search: str = ""
    show: str = ""


@dataclass(frozen=True, slots=True)
class PeopleCounts:
    """How many people there are at an instant; who was found to be somebody else is in `merged` alone."""

    active: int
    left: int
    merged: int

    @property
    def all(self) -> int:
        """Everybody."""
        return self.active + self.left + self.merged


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """One weight of one statement on who carries somebody from a local day on; code '' says nobody does."""

    valid_from: date
    recorded_at: datetime
    cost_centre: str
    weight: Decimal


def listed_people(
    session: Session, tenant_id: UUID, wanted: Wanted, now: datetime, after: UUID | None, limit: int
) -> tuple[PersonView, ...]:
    """Return people by name, those without one last; a page goes on after the person of an id."""
    shown = func.coalesce(func.nullif(Person.name, ""), func.nullif(Person.email, ""))
    order = (shown.is_(None), func.lower(func.coalesce(shown, "")), Person.id)
    query = _of(tenant_id, wanted, merged_people(session, tenant_id), now).order_by(*order).limit(limit)
    if after is not None:
        last = session.execute(select(*order).where(Person.tenant_id == tenant_id, Person.id == after)).one_or_none()
        if last is not None:
            query = query.where(tuple_(*order) > tuple_(*last))
    return tuple(PersonView(*row) for row in session.execute(query))


def count_people(session: Session, tenant_id: UUID, search: str, now: datetime) -> PeopleCounts:
    """Return how many people a search finds, by how it stands with them."""
    merged = merged_people(session, tenant_id)
    other = ~any_of(Person.id, merged)
    query = select(
        func.count().filter(other, _is_there(now)),
        func.count().filter(other, ~_is_there(now)),
        func.count().filter(~other),
    ).where(Person.tenant_id == tenant_id)
    if search:
        query = query.where(called_like(tenant_id, search))
    return PeopleCounts(*session.execute(query).one())


def sender_keys(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """Return person → the keys by which senders name them that were made for them, those known longest first."""
    query = (
        select(IdentityKey.home_person_id, IdentityKey.key)
        .where(
            IdentityKey.tenant_id == tenant_id,
            IdentityKey.scheme != ERASED,
            any_of(IdentityKey.home_person_id, persons),
        )
        .order_by(IdentityKey.id)
    )
    found: dict[UUID, list[str]] = {}
    for person_id, key in session.execute(query):
        found.setdefault(person_id, []).append(key)
    return {person_id: tuple(keys) for person_id, keys in found.items()}


def assignments_of(session: Session, tenant_id: UUID, person_id: UUID) -> tuple[AssignmentView, ...]:
    """Return all that was ever stated on who carries a person, by the day from which it holds, then by when it was."""
    query = select(Assignment.valid_from, Assignment.recorded_at, Assignment.cost_centre, Assignment.weight).where(
        Assignment.tenant_id == tenant_id, Assignment.person_id == person_id
    )
    order = (Assignment.valid_from, Assignment.recorded_at, Assignment.cost_centre)
    return tuple(AssignmentView(*row) for row in session.execute(query.order_by(*order)))


def _of(tenant_id: UUID, wanted: Wanted, merged: Collection[UUID], now: datetime) -> Select[Any]:
    query: Select[Any] = select(*_PERSON).where(Person.tenant_id == tenant_id)
    if wanted.search:
        query = query.where(called_like(tenant_id, wanted.search))
    match wanted.show:
        case "active":
            return query.where(_is_there(now), ~any_of(Person.id, merged))
        case "left":
            return query.where(~_is_there(now), ~any_of(Person.id, merged))
        case "merged":
            return query.where(any_of(Person.id, merged))
    return query


def _is_there(now: datetime) -> ColumnElement[bool]:
    return or_(Person.active_to.is_(None), Person.active_to > now)
