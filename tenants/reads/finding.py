"""Whom somebody means: people by whatever they are called, and people by their ids."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from tenants.erasure import ERASED
from tenants.errors import PersonUnknown
from tenants.models import Assignment, Erasure, IdentityKey, IdentityLink, Person, PersonTrait
from tenants.people import DEFAULT_TRAITS
from tenants.reads.erasures import EXTERNAL_ID, PSEUDONYM
from tenants.reads.people import PersonView

__all__ = (
    "active_people",
    "find_homes",
    "find_people",
    "people_by_id",
    "people_ever_of",
    "unknown_people",
    "unknown_person",
)

EVER_MAX = 5_000
"""So many people are looked up one by one; of more, reading everybody costs less."""

_PERSON = (Person.id, EXTERNAL_ID, Person.name, Person.email, Person.active_from, Person.active_to)


def people_by_id(session: Session, tenant_id: UUID, ids: Collection[UUID]) -> dict[UUID, PersonView]:
    """Return the people of these ids that there are."""
    wanted = any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))
    rows = session.execute(select(*_PERSON).where(Person.tenant_id == tenant_id, Person.id == wanted))
    return {row.id: PersonView(*row) for row in rows}


def people_ever_of(
    session: Session, tenant_id: UUID, audiences: Collection[str], cost_centres: Collection[str]
) -> set[UUID] | None:
    """Return everybody who was ever stated to be of these audiences, or carried by these cost centres.

    It narrows what is read before it is decided who belongs there now: all who do are among them.

    Returns:
        People whose own statements say so; None where that is everybody or more than 5,000: the usual
        audience holds of whoever says no other.
    """
    if DEFAULT_TRAITS.audience in audiences:
        return None
    stated = (
        select(IdentityKey.home_person_id)
        .join(
            PersonTrait,
            (PersonTrait.tenant_id == IdentityKey.tenant_id) & (PersonTrait.identity_id == IdentityKey.id),
        )
        .where(IdentityKey.tenant_id == tenant_id, PersonTrait.trait == "audience", PersonTrait.value.in_(audiences))
    )
    carried = select(Assignment.person_id).where(
        Assignment.tenant_id == tenant_id, Assignment.cost_centre.in_(cost_centres)
    )
    found = set(session.execute(stated.union(carried).limit(EVER_MAX + 1)).scalars())
    return found if len(found) <= EVER_MAX else None


def active_people(
    session: Session, tenant_id: UUID, now: datetime, among: Collection[UUID] | None = None
) -> list[UUID]:
    """Return who is there at an instant and has not left, who came first first; `among` these, or of all.

    Who has left has left at once: a later end is one of a clock that was set back since.
    """
    query = select(Person.id).where(
        Person.tenant_id == tenant_id,
        Person.active_from <= now,
        Person.active_to.is_(None),
    )
    if among is not None:
        query = query.where(Person.id == any_(literal(list(among), ARRAY(PG_UUID(as_uuid=True)))))
    return list(session.execute(query.order_by(Person.active_from, Person.id)).scalars())


def find_people(session: Session, tenant_id: UUID, names: Iterable[str]) -> dict[str, PersonView]:
    """Return name → person for the names that tell exactly one.

    A name is an id, a sender's key, an external id or an e-mail address in any case, looked for in this order.
    Somebody who was found to be another is that other; so two accounts of one person may have one address.
    """
    found = _homes(session, tenant_id, names)
    survivors = _survivors(session, tenant_id, {home for homes in found.values() for home in homes})
    meant = {name: {survivors.get(home, home) for home in homes} for name, homes in found.items()}
    views = people_by_id(session, tenant_id, {one for persons in meant.values() for one in persons})
    return {name: views[next(iter(persons))] for name, persons in meant.items() if len(persons) == 1}


def unknown_people(session: Session, tenant_id: UUID, names: Iterable[str]) -> dict[str, PersonUnknown]:
    """Return the refusal of each name of which `find_people` has none: nobody is called so, or several are."""
    wanted = list(names)
    found = _homes(session, tenant_id, wanted) if wanted else {}
    return {name: PersonUnknown(name, several=len(found.get(name, ())) > 1) for name in wanted}


def unknown_person(session: Session, tenant_id: UUID, name: str) -> PersonUnknown:
    """Return the refusal of one such name."""
    return unknown_people(session, tenant_id, [name])[name]


def find_homes(session: Session, tenant_id: UUID, name: str) -> tuple[UUID, ...]:
    """Return whom a name tells, as `find_people` looks, whoever they were found to be; an address may tell several."""
    return _homes(session, tenant_id, [name]).get(name, ())


def _homes(session: Session, tenant_id: UUID, names: Iterable[str]) -> dict[str, tuple[UUID, ...]]:
    wanted = list(dict.fromkeys(names))
    asked = any_(literal(wanted, ARRAY(Text)))
    found: dict[str, tuple[UUID, ...]] = {}
    mails = {name: name.lower() for name in wanted if "@" in name}
    if mails:
        lowered = func.lower(Person.email)
        by_mail: dict[str, tuple[UUID, ...]] = {}
        rows = select(lowered, Person.id).where(
            Person.tenant_id == tenant_id, lowered == any_(literal(list(mails.values()), ARRAY(Text)))
        )
        for mail, person_id in session.execute(rows.order_by(Person.id)):
            by_mail[mail] = (*by_mail.get(mail, ()), person_id)
        found |= {name: by_mail[mail] for name, mail in mails.items() if mail in by_mail}
    by_external = select(Person.external_id, Person.id).where(
        Person.tenant_id == tenant_id, Person.external_id == asked
    )
    found |= {external: (one,) for external, one in session.execute(by_external) if external is not None}
    by_key = select(IdentityKey.key, IdentityKey.home_person_id).where(
        IdentityKey.tenant_id == tenant_id, IdentityKey.key == asked, IdentityKey.scheme != ERASED
    )
    found |= {key: (one,) for key, one in session.execute(by_key)}
    # A pseudonym is the erased person's alone, whoever else a sender calls so.
    erased = select(PSEUDONYM, Erasure.person_id).where(Erasure.tenant_id == tenant_id, asked == PSEUDONYM)
    found |= {name: (one,) for name, one in session.execute(erased)}
    ids = {name: UUID(name) for name in wanted if _is_uuid(name)}
    known = people_by_id(session, tenant_id, ids.values())
    return found | {name: (one,) for name, one in ids.items() if one in known}


def _survivors(session: Session, tenant_id: UUID, persons: set[UUID]) -> dict[UUID, UUID]:
    """Return home → survivor for people all of whose identities are another person now."""
    rows = session.execute(
        select(IdentityKey.home_person_id, IdentityLink.person_id)
        .join(
            IdentityLink,
            (IdentityLink.tenant_id == IdentityKey.tenant_id) & (IdentityLink.identity_id == IdentityKey.id),
        )
        .where(
            IdentityKey.tenant_id == tenant_id,
            IdentityKey.home_person_id == any_(literal(list(persons), ARRAY(PG_UUID(as_uuid=True)))),
        )
        .order_by(IdentityLink.recorded_at)
    )
    return dict(rows.tuples().all())


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
