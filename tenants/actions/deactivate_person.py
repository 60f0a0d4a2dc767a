"""Somebody leaves, or comes back."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.ids import new_id
from core.signals import publish
from tenants.actions.record_audit import record_audit
from tenants.erasure import pseudonym_of
from tenants.errors import PersonErasedBefore
from tenants.events import PeopleLeft, PersonReactivated
from tenants.models import Departure, Presence
from tenants.reads import PersonView, get_person
from tenants.reads.erasures import erasure_of
from tenants.reads.finding import find_people, unknown_person
from tenants.reads.identities import merged_people
from tenants.reads.presence import last_said
from tenants.store import add_all, add_departures, last_departure, lock_people, set_active_to

__all__ = ("deactivate_person", "leave_again", "let_all_leave", "let_leave", "let_return", "reactivate_person")

TICK = timedelta(microseconds=1)


def deactivate_person(
    session: Session, tenant_id: UUID, person_id: UUID, at: datetime, actor: str, now: datetime
) -> None:
    """Record that a person leaves: memberships and seats end at that instant. Who has left stays so.

    It is newer than all that was said of the person before, so that no event of an earlier time undoes it.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        person_id: who leaves.
        at: when, in the tenant's time.
        actor: who says so.
        now: when it is recorded, in the tenant's time.

    Raises:
        NotFound: there is no such person (`not_found`).
    """
    left_at = _leave(session, tenant_id, person_id, at, actor, now)
    if left_at is not None:
        publish(session, PeopleLeft(tenant_id, (person_id,), left_at))


def _leave(
    session: Session, tenant_id: UUID, person_id: UUID, at: datetime, actor: str, now: datetime
) -> datetime | None:  # fmt: skip
    """Write down that a person leaves, and when; None where they have left. Nobody is told yet."""
    person = _stated(session, tenant_id, person_id, at, here=False)
    if person.active_to is not None:
        return None
    # On a clock that stands still a second departure is a tick later.
    before = last_departure(session, tenant_id, person_id)
    left_at = max(at, before + TICK) if before else at
    set_active_to(session, tenant_id, person_id, max(left_at, person.active_from + TICK))
    row = {"tenant_id": tenant_id, "person_id": person_id, "left_at": left_at, "recorded_at": max(now, left_at)}
    add_all(session, Departure, [row])
    record_audit(session, tenant_id, actor, "deactivate_person", ("person", str(person_id)))
    return left_at


def leave_again(session: Session, tenant_id: UUID, persons: Collection[UUID], at: datetime, now: datetime) -> None:
    """Record that people who have left are gone at a later instant, too: what began after they left ends then.

    They left by a clock that was set back, or it became known late. It says nothing new of whether they are there.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        persons: who have left.
        at: the later instant; the same again changes nothing.
        now: when it is recorded, in the tenant's time.
    """
    row = {"tenant_id": tenant_id, "left_at": at, "recorded_at": max(now, at)}
    add_departures(session, [row | {"person_id": one} for one in persons])


def reactivate_person(session: Session, tenant_id: UUID, person_id: UUID, at: datetime, actor: str) -> None:
    """Record that somebody is there, or is back: the same person, holding nothing of what ended.

    It is newer than all that was said of the person before, so that no event of an earlier time undoes it.

    Raises:
        NotFound: there is no such person (`not_found`).
    """
    person = _stated(session, tenant_id, person_id, at, here=True)
    if person.active_to is None:
        return
    set_active_to(session, tenant_id, person_id, None)
    record_audit(session, tenant_id, actor, "reactivate_person", ("person", str(person_id)))
    publish(session, PersonReactivated(tenant_id, person_id, at))


def let_leave(
    session: Session, tenant_id: UUID, name: str, actor: str, now: datetime, at: datetime | None = None
) -> UUID:
    """Record that somebody leaves, with all who were found to be them; return the person.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        name: the person's id, a key of a sender, external id or e-mail address.
        actor: who says so.
        now: when it is said, in the tenant's time.
        at: since when they are gone, now or before; None: now.

    Raises:
        PersonUnknown: that tells nobody, or not one alone (`person_unknown`).
    """
    first, *others = _known_as(session, tenant_id, name)
    for one in (first, *others):
        deactivate_person(session, tenant_id, one, at or now, actor, now)
    return first


def let_all_leave(
    session: Session, tenant_id: UUID, gone: Mapping[str, datetime], actor: str, now: datetime
) -> None:  # fmt: skip
    """Record that people leave, as `let_leave` does of one; pools hear once of all who left at one instant.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        gone: what each is called → since when they are gone, now or before.
        actor: who says so.
        now: when it is said, in the tenant's time.

    Raises:
        PersonUnknown: a name tells nobody, or not one alone (`person_unknown`).
    """
    if not gone:
        return
    known, others = find_people(session, tenant_id, gone), dict[UUID, list[UUID]]()
    for one, survivor in sorted(merged_people(session, tenant_id).items()):
        others.setdefault(survivor, []).append(one)
    left: dict[datetime, list[UUID]] = {}
    for name, at in sorted(gone.items()):
        if name not in known:
            raise unknown_person(session, tenant_id, name)
        for one in (known[name].id, *others.get(known[name].id, ())):
            left_at = _leave(session, tenant_id, one, at, actor, now)
            if left_at is not None:
                left.setdefault(left_at, []).append(one)
    for left_at, persons in sorted(left.items()):
        publish(session, PeopleLeft(tenant_id, tuple(persons), left_at))


def let_return(session: Session, tenant_id: UUID, name: str, actor: str, now: datetime) -> UUID:
    """Record that somebody is back, with all who were found to be them; as `let_leave`.

    Raises:
        PersonUnknown: that tells nobody, or not one alone (`person_unknown`).
        PersonErasedBefore: there is nobody to come back; who comes again is somebody new (`person_erased`).
    """
    first, *others = _known_as(session, tenant_id, name)
    if erasure_of(session, tenant_id, first) is not None:
        raise PersonErasedBefore(pseudonym_of(first))
    for one in (first, *others):
        reactivate_person(session, tenant_id, one, now, actor)
    return first


def _stated(session: Session, tenant_id: UUID, person_id: UUID, at: datetime, *, here: bool) -> PersonView:
    """Write down what is said of a person, who is locked; return them."""
    lock_people(session, tenant_id, [person_id])
    person = get_person(session, tenant_id, person_id)
    before = last_said(session, tenant_id, person_id)
    said_at = max(at, before + TICK) if before else at
    row = {"tenant_id": tenant_id, "statement_id": new_id(), "person_id": person_id, "said_at": said_at}
    add_all(session, Presence, [row | {"here": here, "followed": True}])
    return person


def _known_as(session: Session, tenant_id: UUID, name: str) -> tuple[UUID, ...]:
    """Return the person of a name, and who was found to be the same."""
    found = find_people(session, tenant_id, [name]).get(name)
    if found is None:
        raise unknown_person(session, tenant_id, name)
    merged = merged_people(session, tenant_id)
    return found.id, *sorted(one for one, survivor in merged.items() if survivor == found.id)
