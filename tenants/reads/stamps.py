"""What readings of people were made from, in numbers: while they are the same, so are the people."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Integer, any_, exists, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session, aliased

from tenants.models import Assignment, Departure, IdentityKey, IdentityLink, PersonTrait

__all__ = ("assignments_by_day", "newest_identity", "people_stamps", "traits_stated_by")


def newest_identity(session: Session, tenant_id: UUID) -> int:
    """Return the greatest id of an identity, 0 where there is none."""
    found: int | None = session.execute(
        select(func.max(IdentityKey.id)).where(IdentityKey.tenant_id == tenant_id)
    ).scalar_one()
    return found or 0


def people_stamps(session: Session, tenant_id: UUID, marks: Collection[int]) -> Mapping[int, tuple[int, int, int, int]]:
    """Return, for each mark, the counts that tell whether what is known of people has changed.

    A result that was made when the newest identity was `mark` need not be made again because people
    came who were not there: only what is said of those up to the mark is counted, and newcomers who
    are one of them by their external id.

    Returns:
        Statements on class and audience, newcomers who are somebody known, links (merges), departures.
    """
    if not marks:
        return {}
    ordered = sorted(marks)
    traits = session.execute(
        select(*(func.count().filter(PersonTrait.identity_id <= mark) for mark in ordered)).where(
            PersonTrait.tenant_id == tenant_id
        )
    ).one()
    other = aliased(IdentityKey)
    known_before = exists().where(
        other.tenant_id == tenant_id, other.home_person_id == IdentityKey.home_person_id, other.id < IdentityKey.id
    )
    joined = session.execute(
        select(IdentityKey.id).where(IdentityKey.tenant_id == tenant_id, IdentityKey.id > ordered[0], known_before)
    ).scalars()
    newcomers = list(joined)
    links = select(func.count()).where(IdentityLink.tenant_id == tenant_id).scalar_subquery()
    departed = session.execute(
        select(func.count()).select_from(Departure).where(Departure.tenant_id == tenant_id)
    ).scalar_one()
    linked = session.execute(select(links)).scalar_one()
    return {
        mark: (told, sum(1 for identity_id in newcomers if identity_id > mark), linked, departed)
        for mark, told in zip(ordered, traits, strict=True)
    }


def assignments_by_day(session: Session, tenant_id: UUID) -> Mapping[date, int]:
    """Return how many statements on who carries whom begin on each day, whenever they were recorded."""
    rows = session.execute(
        select(Assignment.valid_from, func.count())
        .where(Assignment.tenant_id == tenant_id)
        .group_by(Assignment.valid_from)
    )
    return dict(rows.tuples().all())


def traits_stated_by(session: Session, tenant_id: UUID, keys: Collection[UUID]) -> int:
    """Return how many statements on class and audience came by these events or corrections."""
    if not keys:
        return 0
    return session.execute(
        select(func.count(type_=Integer)).where(
            PersonTrait.tenant_id == tenant_id,
            PersonTrait.event_key == any_(literal(list(keys), ARRAY(PG_UUID))),
        )
    ).scalar_one()
