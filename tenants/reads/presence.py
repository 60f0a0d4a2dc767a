"""What was said of people's being there."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.lists import any_of
from tenants.models import Departure, Presence
from tenants.presence import Statement
from tenants.reads.identities import identities_of_people

__all__ = (
    "Waiting",
    "customers_with_waiting",
    "last_left",
    "last_said",
    "said_of",
    "statements_under",
    "waiting_statements",
)


class Waiting(NamedTuple):
    """What an event said that nobody followed yet."""

    statement_id: UUID
    identity_id: int


def customers_with_waiting(session: Session) -> list[UUID]:
    """Return, as the steward, the tenants that have statements which nobody followed yet."""
    query = select(Presence.tenant_id).where(~Presence.followed).distinct().order_by(Presence.tenant_id)
    return list(session.execute(query).scalars())


def waiting_statements(session: Session, tenant_id: UUID, limit: int) -> list[Waiting]:
    """Return statements that nobody followed yet, the oldest first."""
    query = (
        select(Presence.statement_id, Presence.identity_id)
        .where(Presence.tenant_id == tenant_id, ~Presence.followed, Presence.identity_id.is_not(None))
        .order_by(Presence.said_at, Presence.statement_id)
        .limit(limit)
    )
    return [Waiting(key, identity) for key, identity in session.execute(query) if identity is not None]


def statements_under(session: Session, tenant_id: UUID, keys: Collection[UUID]) -> dict[UUID, int]:
    """Return the statements by events that stand under these keys → the identity that each is of."""
    query = select(Presence.statement_id, Presence.identity_id).where(
        Presence.tenant_id == tenant_id, any_of(Presence.statement_id, keys), Presence.identity_id.is_not(None)
    )
    return dict(session.execute(query).tuples().all())  # type: ignore[arg-type]


def said_of(
    session: Session, tenant_id: UUID, persons: Collection[UUID], without_effect: Collection[UUID]
) -> dict[UUID, list[Statement]]:
    """Return what was said of people: of themselves, and of the identities that they are now.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        persons: of whom; each is in the answer.
        without_effect: statements that do not hold: of events that were corrected.
    """
    owners = {
        identity: person
        for person, theirs in identities_of_people(session, tenant_id, persons).items()
        for identity in theirs
    }
    query = select(
        Presence.statement_id, Presence.identity_id, Presence.person_id, Presence.said_at, Presence.here
    ).where(
        Presence.tenant_id == tenant_id,
        any_of(Presence.person_id, persons) | any_of(Presence.identity_id, list(owners)),
    )
    told: dict[UUID, list[Statement]] = {person: [] for person in persons}
    for statement_id, identity_id, person_id, said_at, here in session.execute(query):
        if statement_id not in without_effect:
            told[person_id or owners[identity_id or 0]].append(Statement(said_at, here))
    return told


def last_left(session: Session, tenant_id: UUID, persons: Collection[UUID], after: datetime) -> datetime | None:
    """Return the last instant after another at which any of these people left, whether they are back or not.

    By whichever of their identities it was said, and if it holds no more; None where nothing is said of that time.
    """
    if not persons:
        return None
    theirs = identities_of_people(session, tenant_id, persons).values()
    identities = [identity for some in theirs for identity in some]
    recorded = select(Departure.left_at.label("at")).where(
        Departure.tenant_id == tenant_id, any_of(Departure.person_id, persons)
    )
    said = select(Presence.said_at).where(
        Presence.tenant_id == tenant_id,
        any_of(Presence.person_id, persons) | any_of(Presence.identity_id, identities),
        ~Presence.here,
    )
    left = recorded.union_all(said).subquery()
    found: datetime | None = session.execute(select(func.max(left.c.at)).where(left.c.at > after)).scalar_one()
    return found


def last_said(session: Session, tenant_id: UUID, person_id: UUID) -> datetime | None:
    """Return the instant of the newest statement on a person, whether it holds or not; None where there is none."""
    theirs = identities_of_people(session, tenant_id, [person_id]).get(person_id, [])
    return session.execute(
        select(func.max(Presence.said_at)).where(
            Presence.tenant_id == tenant_id,
            (Presence.person_id == person_id) | any_of(Presence.identity_id, theirs),
        )
    ).scalar_one()
