"""People, cost centres and assignments."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, and_, any_, func, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.lists import any_of
from tenants.attribution import AssignmentRow, Attribution
from tenants.erasure import ERASED
from tenants.models import Assignment, CostCentre, Departure, IdentityKey, IdentityLink, Person, PersonTrait
from tenants.people import DEFAULT_TRAITS, NO_EVENT, IdentityRow, People, TraitRow
from tenants.reads.erasures import EXTERNAL_ID

__all__ = (
    "CostCentreView",
    "PersonView",
    "all_cost_centres",
    "attribution",
    "called_like",
    "cost_centres",
    "first_departure_since",
    "first_traits",
    "get_person",
    "merged_since",
    "people",
    "people_by_id",
    "people_matching",
    "people_of",
    "people_page",
    "people_standing_for",
    "trait_keys",
)


@dataclass(frozen=True, slots=True)
class CostCentreView:
    """A node of the organisation tree on some day."""

    code: str
    name: str
    parent_code: str | None
    headcount: int | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person with personal data: for the customer's own administrators only."""

    id: UUID
    external_id: str | None
    name: str
    email: str
    active_from: datetime
    active_to: datetime | None


def people(
    session: Session,
    tenant_id: UUID,
    as_of: datetime | None = None,
    *,
    ignored_events: Collection[UUID] = frozenset(),
) -> People:
    """Return the tenant's people as known at `as_of` (inclusive), or now.

    Identities made later are still known by whom they were made for: which facts are seen is the
    caller's cut. `ignored_events` are keys of events whose statements about class and audience do
    not hold: voided ones, for instance.
    """
    linked = (
        select(IdentityLink.identity_id, IdentityLink.person_id)
        .where(IdentityLink.tenant_id == tenant_id)
        .where(IdentityLink.recorded_at <= as_of if as_of is not None else True)  # type: ignore[arg-type]
        .distinct(IdentityLink.identity_id)
        .order_by(IdentityLink.identity_id, IdentityLink.recorded_at.desc())
    )
    survivors = dict(session.execute(linked).tuples().all())  # few: most are who they were made for
    rows = session.connection().execute(
        select(IdentityKey.id, IdentityKey.home_person_id).where(IdentityKey.tenant_id == tenant_id)
    )
    traits = session.execute(_telling_traits(tenant_id))
    left = (
        select(Departure.person_id, func.array_agg(Departure.left_at))
        .where(Departure.tenant_id == tenant_id)
        .where(Departure.recorded_at <= as_of if as_of is not None else True)  # type: ignore[arg-type]
        .group_by(Departure.person_id)
    )
    return People(
        # Made in portions: in one go, ten thousand rows keep every other thread waiting for 5 ms.
        (IdentityRow(i, home, survivors.get(i, home)) for i, home in rows.yield_per(500)),
        (
            TraitRow(i, cast("Literal['class', 'audience']", trait), at, key, value)
            for i, trait, at, key, value in traits
            if key not in ignored_events
        ),
        dict(session.execute(left).tuples().all()),
    )


def people_of(session: Session, tenant_id: UUID, identities: Collection[int]) -> People:
    """Return these identities' people as known now, with all that was stated about them; nobody else is read."""
    linked = (
        select(IdentityLink.identity_id, IdentityLink.person_id)
        .where(IdentityLink.tenant_id == tenant_id, any_of(IdentityLink.identity_id, identities))
        .distinct(IdentityLink.identity_id)
        .order_by(IdentityLink.identity_id, IdentityLink.recorded_at.desc())
    )
    survivors = dict(session.execute(linked).tuples().all())
    homes = select(IdentityKey.id, IdentityKey.home_person_id).where(
        IdentityKey.tenant_id == tenant_id, any_of(IdentityKey.id, identities)
    )
    wanted = [IdentityRow(i, home, survivors.get(i, home)) for i, home in session.execute(homes)]
    theirs = select(IdentityKey.id, IdentityKey.home_person_id).where(
        IdentityKey.tenant_id == tenant_id, any_of(IdentityKey.home_person_id, {row.person_id for row in wanted})
    )
    known = {row.identity_id for row in wanted}
    wanted += [IdentityRow(i, home, home) for i, home in session.execute(theirs) if i not in known]
    traits = select(
        PersonTrait.identity_id,
        PersonTrait.trait,
        PersonTrait.valid_from,
        PersonTrait.event_key,
        PersonTrait.value,
    ).where(PersonTrait.tenant_id == tenant_id, any_of(PersonTrait.identity_id, [row.identity_id for row in wanted]))
    return People(
        wanted,
        (
            TraitRow(i, cast("Literal['class', 'audience']", trait), at, key, value)
            for i, trait, at, key, value in session.execute(traits)
        ),
    )


def people_standing_for(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> People:
    """Return these people with every identity that is one of theirs, as known now; nobody else is read.

    Theirs are those made for them, whoever they stand for now, and those that were found to be them.
    """
    wanted = any_(literal(list(persons), ARRAY(PG_UUID(as_uuid=True))))
    made = select(IdentityKey.id).where(IdentityKey.tenant_id == tenant_id, IdentityKey.home_person_id == wanted)
    found = select(IdentityLink.identity_id).where(
        IdentityLink.tenant_id == tenant_id, IdentityLink.person_id == wanted
    )
    return people_of(session, tenant_id, list(session.execute(made.union(found)).scalars()))


def _telling_traits(tenant_id: UUID) -> Select[Any]:
    """Select the statements about people, without those that say what holds of everybody anyway.

    Of tens of thousands imported employees nearly all have one row a trait, and it is the default.
    """
    row = (
        PersonTrait.identity_id,
        PersonTrait.trait,
        PersonTrait.valid_from,
        PersonTrait.event_key,
        PersonTrait.value,
    )
    alone = func.count().over(partition_by=(IdentityKey.home_person_id, PersonTrait.trait)) == 1
    stated = (
        select(*row, alone.label("alone"))
        .join(
            IdentityKey,
            and_(IdentityKey.tenant_id == PersonTrait.tenant_id, IdentityKey.id == PersonTrait.identity_id),
        )
        .where(PersonTrait.tenant_id == tenant_id)
        .subquery()
    )
    usual = (DEFAULT_TRAITS.person_class, DEFAULT_TRAITS.audience)
    return select(stated.c.identity_id, stated.c.trait, stated.c.valid_from, stated.c.event_key, stated.c.value).where(
        not_(and_(stated.c.alone, stated.c.value.in_(usual)))
    )


def first_traits(session: Session, tenant_id: UUID) -> tuple[tuple[int, UUID], ...]:
    """Return, for each identity and trait that an event stated first, that event: (identity, event key).

    What an import or the people's API stated first is left out: of tens of thousands nearly all.
    """
    first = (
        select(PersonTrait.identity_id, PersonTrait.event_key)
        .where(PersonTrait.tenant_id == tenant_id)
        .distinct(PersonTrait.identity_id, PersonTrait.trait)
        .order_by(PersonTrait.identity_id, PersonTrait.trait, PersonTrait.valid_from, PersonTrait.event_key)
        .subquery()
    )
    rows = session.execute(select(first).where(first.c.event_key != NO_EVENT))
    return tuple((identity_id, key) for identity_id, key in rows)


def trait_keys(session: Session, tenant_id: UUID) -> tuple[UUID, ...]:
    """Return the keys of the events that stated somebody's class or audience."""
    return tuple(
        session.execute(select(PersonTrait.event_key).where(PersonTrait.tenant_id == tenant_id).distinct()).scalars()
    )


def attribution(
    session: Session, tenant_id: UUID, as_of: datetime | None = None, among: Collection[UUID] | None = None
) -> Attribution:
    """Return the assignments recorded up to `as_of` (inclusive), or all; of all people, or `among` these."""
    query = select(
        Assignment.person_id,
        Assignment.valid_from,
        Assignment.recorded_at,
        Assignment.cost_centre,
        Assignment.weight,
    ).where(Assignment.tenant_id == tenant_id)
    if as_of is not None:
        query = query.where(Assignment.recorded_at <= as_of)
    if among is not None:
        query = query.where(Assignment.person_id == any_(literal(list(among), ARRAY(PG_UUID(as_uuid=True)))))
    return Attribution(map(AssignmentRow._make, session.execute(query)))


_CENTRE = (
    CostCentre.code,
    CostCentre.name,
    CostCentre.parent_code,
    CostCentre.headcount,
    CostCentre.valid_from,
    CostCentre.valid_to,
)


def all_cost_centres(session: Session, tenant_id: UUID) -> tuple[CostCentreView, ...]:
    """Return every node that ever was, by code and first day."""
    query = select(*_CENTRE).where(CostCentre.tenant_id == tenant_id).order_by(CostCentre.code, CostCentre.valid_from)
    return tuple(CostCentreView(*row) for row in session.execute(query))


def cost_centres(session: Session, tenant_id: UUID, day: date) -> tuple[CostCentreView, ...]:
    """Return the tree's nodes that exist on that local day, by code."""
    return tuple(
        centre
        for centre in all_cost_centres(session, tenant_id)
        if centre.valid_from <= day and (centre.valid_to is None or day < centre.valid_to)
    )


_PERSON = (Person.id, EXTERNAL_ID, Person.name, Person.email, Person.active_from, Person.active_to)


def people_page(
    session: Session, tenant_id: UUID, *, search: str = "", after: UUID | None = None, limit: int = 50
) -> tuple[PersonView, ...]:
    """Return people whose name, e-mail, external id or any sender's key contains `search`, by id, after a cursor."""
    query = select(*_PERSON).where(Person.tenant_id == tenant_id).order_by(Person.id).limit(limit)
    if after is not None:
        query = query.where(Person.id > after)
    if search:
        query = query.where(called_like(tenant_id, search))
    return tuple(PersonView(*row) for row in session.execute(query))


def people_by_id(session: Session, tenant_id: UUID, ids: Collection[UUID]) -> tuple[PersonView, ...]:
    """Return those people, in no order; ids that are nobody's are left out."""
    query = select(*_PERSON).where(Person.tenant_id == tenant_id, any_of(Person.id, ids))
    return tuple(PersonView(*row) for row in session.execute(query))


def get_person(session: Session, tenant_id: UUID, person_id: UUID) -> PersonView:
    """Return one person.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    row = session.execute(select(*_PERSON).where(Person.tenant_id == tenant_id, Person.id == person_id)).one_or_none()
    if row is None:
        raise NotFound("person", person_id)
    return PersonView(*row)


def people_matching(session: Session, tenant_id: UUID, search: str) -> frozenset[UUID]:
    """Return the people whose name, e-mail, external id or any sender's key contains `search`.

    Those that were found to be somebody else are that one.
    """
    named = set(session.execute(select(Person.id).where(Person.tenant_id == tenant_id, _named_like(search))).scalars())
    keys = select(IdentityKey.id).where(
        IdentityKey.tenant_id == tenant_id,
        or_(IdentityKey.key.icontains(search, autoescape=True), any_of(IdentityKey.home_person_id, named)),
    )
    known = people_of(session, tenant_id, list(session.execute(keys).scalars()))
    return frozenset(named | set(known.identities().values()))


def called_like(tenant_id: UUID, search: str) -> ColumnElement[bool]:
    """Return the condition that somebody's name, e-mail, external id or a sender's key contains a text, as it is."""
    keyed = select(IdentityKey.home_person_id).where(
        IdentityKey.tenant_id == tenant_id,
        IdentityKey.scheme != ERASED,
        IdentityKey.key.icontains(search, autoescape=True),
    )
    return or_(_named_like(search), Person.id.in_(keyed))


def _named_like(search: str) -> ColumnElement[bool]:
    told = (Person.name, Person.email, EXTERNAL_ID)
    return or_(*(column.icontains(search, autoescape=True) for column in told))


def merged_since(session: Session, tenant_id: UUID, since: datetime) -> bool:
    """Tell whether identities were merged or unmerged after an instant of recording."""
    found = session.execute(
        select(IdentityLink.identity_id)
        .where(IdentityLink.tenant_id == tenant_id, IdentityLink.recorded_at > since)
        .limit(1)
    ).first()
    return found is not None


def first_departure_since(session: Session, tenant_id: UUID, since: datetime) -> datetime | None:
    """Return the earliest departure of those recorded after an instant; None where there is none."""
    found: datetime | None = session.execute(
        select(func.min(Departure.left_at)).where(Departure.tenant_id == tenant_id, Departure.recorded_at > since)
    ).scalar_one()
    return found
