"""What senders call people: personal data, for those who may see it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, any_, func, literal, select
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from core.lists import any_of
from tenants.models import IdentityKey, IdentityLink

__all__ = (
    "identities_of_home",
    "identities_of_people",
    "identity_keys",
    "identity_of_key",
    "last_links",
    "merged_people",
    "paths_of",
    "persons_of_identities",
    "spoken_of",
)


def identity_keys(session: Session, tenant_id: UUID, identity_ids: Collection[int]) -> dict[int, str]:
    """Return identity → the sender's key."""
    rows = session.execute(
        select(IdentityKey.id, IdentityKey.key).where(
            IdentityKey.tenant_id == tenant_id, any_of(IdentityKey.id, sorted(set(identity_ids)))
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


def identities_of_home(session: Session, tenant_id: UUID, person_id: UUID) -> tuple[int, ...]:
    """Return the identities that were made for a person."""
    query = select(IdentityKey.id).where(IdentityKey.tenant_id == tenant_id, IdentityKey.home_person_id == person_id)
    return tuple(session.execute(query.order_by(IdentityKey.id)).scalars())


def identities_of_people(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> dict[UUID, list[int]]:
    """Return the identities that are these people now, the ones known longest first."""
    latest = (
        select(IdentityLink.identity_id, IdentityLink.person_id)
        .where(IdentityLink.tenant_id == tenant_id)
        .distinct(IdentityLink.identity_id)
        .order_by(IdentityLink.identity_id, IdentityLink.recorded_at.desc())
        .cte("latest")
    )
    wanted = any_(literal(list(persons), ARRAY(PG_UUID(as_uuid=True))))
    # Few are found to be another: who they were made for is asked by index, and only the rest by what is linked.
    made = select(IdentityKey.id, IdentityKey.home_person_id.label("person_id")).where(
        IdentityKey.tenant_id == tenant_id,
        IdentityKey.home_person_id == wanted,
        IdentityKey.id.not_in(select(latest.c.identity_id)),
    )
    found = made.union_all(select(latest.c.identity_id, latest.c.person_id).where(latest.c.person_id == wanted))
    theirs: dict[UUID, list[int]] = {}
    for identity_id, person_id in sorted(session.execute(found).tuples()):
        theirs.setdefault(person_id, []).append(identity_id)
    return theirs


def persons_of_identities(session: Session, tenant_id: UUID, identity_ids: Collection[int]) -> dict[int, UUID]:
    """Return identity → who it is now."""
    latest = (
        select(IdentityLink.identity_id, IdentityLink.person_id)
        .where(IdentityLink.tenant_id == tenant_id, any_of(IdentityLink.identity_id, identity_ids))
        .distinct(IdentityLink.identity_id)
        .order_by(IdentityLink.identity_id, IdentityLink.recorded_at.desc())
        .subquery()
    )
    query = (
        select(IdentityKey.id, func.coalesce(latest.c.person_id, IdentityKey.home_person_id))
        .outerjoin(latest, latest.c.identity_id == IdentityKey.id)
        .where(IdentityKey.tenant_id == tenant_id, any_of(IdentityKey.id, identity_ids))
    )
    return dict(session.execute(query).tuples().all())


def merged_people(session: Session, tenant_id: UUID) -> Mapping[UUID, UUID]:
    """Return who was found to be somebody else → whom; of a customer's people few are."""
    latest = (
        select(IdentityLink.identity_id, IdentityLink.person_id)
        .where(IdentityLink.tenant_id == tenant_id)
        .distinct(IdentityLink.identity_id)
        .order_by(IdentityLink.identity_id, IdentityLink.recorded_at.desc())
        .subquery()
    )
    query = (
        select(IdentityKey.home_person_id, latest.c.person_id)
        .join(latest, latest.c.identity_id == IdentityKey.id)
        .where(IdentityKey.tenant_id == tenant_id, IdentityKey.home_person_id != latest.c.person_id)
    )
    return dict(session.execute(query).tuples().all())


def spoken_of(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Return person → of whom it is said what is said of these people together, in a file for instance.

    Who was found to be somebody else is that one. Where that one is named too, they speak for themselves, and of the
    other it is only written down, for the case that the merge is taken back.
    """
    merged, spoken, named = merged_people(session, tenant_id), {}, set(persons)
    for person in sorted(named):
        survivor = merged.get(person, person)
        spoken[person] = person if survivor in named else survivor
        named.add(spoken[person])
    return spoken


def paths_of(
    session: Session, tenant_id: UUID, identity_ids: Collection[int]
) -> dict[int, list[tuple[datetime | None, UUID]]]:
    """Return of each identity whom it was, one after the other, each since when; since None whom it was made for."""
    homes = select(IdentityKey.id, IdentityKey.home_person_id).where(
        IdentityKey.tenant_id == tenant_id, any_of(IdentityKey.id, identity_ids)
    )
    links = select(IdentityLink.identity_id, IdentityLink.recorded_at, IdentityLink.person_id).where(
        IdentityLink.tenant_id == tenant_id, any_of(IdentityLink.identity_id, identity_ids)
    )
    paths: dict[int, list[tuple[datetime | None, UUID]]] = {
        identity: [(None, home)] for identity, home in session.execute(homes).tuples()
    }
    for identity, recorded_at, person in session.execute(links.order_by(IdentityLink.recorded_at)).tuples():
        paths[identity].append((recorded_at, person))
    return paths


def last_links(session: Session, tenant_id: UUID, identity_ids: Collection[int]) -> tuple[datetime, ...]:
    """Return when identities were linked to persons."""
    query = select(IdentityLink.recorded_at).where(
        IdentityLink.tenant_id == tenant_id, any_of(IdentityLink.identity_id, identity_ids)
    )
    return tuple(session.execute(query).scalars())
