"""Find two people to be one, and take it back. No fact changes: identities point to another person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.signals import publish
from tenants.actions.follow_presence import keep_here
from tenants.actions.record_audit import record_audit
from tenants.errors import NotMerged, PersonUnknown, SamePerson
from tenants.events import PeopleLeft
from tenants.models import IdentityLink
from tenants.reads import get_person
from tenants.reads.finding import find_homes, find_people, unknown_person
from tenants.reads.identities import (
    identities_of_home,
    identities_of_people,
    last_links,
    merged_people,
    paths_of,
    persons_of_identities,
)
from tenants.store import add_all

__all__ = ("Merged", "merge_people", "unmerge_person")

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Merged:
    """Which identities point to which person from now on."""

    person_id: UUID
    identities: tuple[int, ...]
    leaves: bool
    """Whether somebody who was there is out now, since they are found to be somebody who has left."""


def merge_people(
    session: Session, tenant_id: UUID, key: str, into: str, reason: str, actor: str, now: datetime
) -> Merged:  # fmt: skip
    """Record that the person known as `key` is the one known as `into`, who survives.

    All that points to the first person points to the survivor from now on; class, audience and cost
    centres are the survivor's. Open periods count one person throughout, closed ones get deltas.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        key: what the person is called who is found to be another: id, sender's key, external id or e-mail address.
        into: what the survivor is called.
        reason: why, for the audit trail.
        actor: who says so.
        now: when it is recorded, in the tenant's time.

    Raises:
        InvalidInput: no reason (`invalid_input`).
        PersonUnknown: nobody, or several, are called so (`person_unknown`).
        SamePerson: they are one already (`same_person`).
    """
    _refuse_no_reason(reason)
    known = find_people(session, tenant_id, [key, into])
    for name in (key, into):
        if name not in known:
            raise unknown_person(session, tenant_id, name)
    gone, person_id = known[key].id, known[into].id
    if gone == person_id:
        raise SamePerson(key, into)
    moved = tuple(identities_of_people(session, tenant_id, [gone]).get(gone, ()))
    _link(session, tenant_id, moved, person_id, now)
    detail = {"into": str(person_id), "identities": len(moved), "reason": reason.strip()}
    record_audit(session, tenant_id, actor, "merge_people", ("person", str(gone)), detail)
    _out_if_left(session, tenant_id, person_id, now)
    leaves = known[key].active_to is None and known[into].active_to is not None
    return Merged(person_id, moved, leaves)


def unmerge_person(session: Session, tenant_id: UUID, key: str, reason: str, actor: str, now: datetime) -> Merged:
    """Record that the person known as `key` is nobody else after all.

    Theirs are the identities that were made for them, and those that were found to be theirs before they were
    found to be another. By an address that both have, the one who was found to be the other is meant.

    Raises:
        InvalidInput: no reason (`invalid_input`).
        PersonUnknown: nobody is called so, or several (`person_unknown`).
        NotMerged: they were never merged, or it was taken back (`not_merged`).
    """
    _refuse_no_reason(reason)
    homes, merged = find_homes(session, tenant_id, key), merged_people(session, tenant_id)
    if not homes:
        raise PersonUnknown(key)
    elsewhere = [one for one in homes if one in merged]
    if not elsewhere:
        raise NotMerged(key)
    if len(elsewhere) > 1:
        raise PersonUnknown(key, several=True)
    (home,) = elsewhere
    made = identities_of_home(session, tenant_id, home)
    who = persons_of_identities(session, tenant_id, made)
    moved = tuple(one for one in made if who[one] != home)
    moved += _came_along(session, tenant_id, home, moved, merged[home])
    _link(session, tenant_id, moved, home, now)
    detail = {"from": str(merged[home]), "identities": len(moved), "reason": reason.strip()}
    record_audit(session, tenant_id, actor, "unmerge_person", ("person", str(home)), detail)
    _out_if_left(session, tenant_id, home, now)
    before, now_is = (get_person(session, tenant_id, one) for one in (merged[home], home))
    return Merged(home, moved, before.active_to is None and now_is.active_to is not None)


def _came_along(session: Session, tenant_id: UUID, home: UUID, own: tuple[int, ...], survivor: UUID) -> tuple[int, ...]:
    """Return the identities of others who were this person, and went with their own ones ever since they were."""
    theirs = identities_of_people(session, tenant_id, [survivor]).get(survivor, ())
    paths = paths_of(session, tenant_id, {*own, *theirs})
    since = {one: _since(path, home) for one, path in paths.items()}
    ways = [since[one] for one in own]
    return tuple(one for one in theirs if one not in own and since[one] is not None and since[one] in ways)


def _since(path: Sequence[tuple[datetime | None, UUID]], person: UUID) -> Sequence[tuple[datetime | None, UUID]] | None:
    """Return whom an identity was since it was this person for the last time; None where it never was."""
    last = max((place for place, (_, one) in enumerate(path) if one == person), default=None)
    return None if last is None else path[last + 1 :]


def _refuse_no_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(InputError("/reason", "reason_missing", "Say why: it stays in the audit trail."))


def _out_if_left(session: Session, tenant_id: UUID, person_id: UUID, now: datetime) -> None:
    """Who is found to be somebody that has left holds nothing any more either; who is there stays so."""
    person = get_person(session, tenant_id, person_id)
    if person.active_to is None:
        keep_here(session, tenant_id, person_id)
    else:
        publish(session, PeopleLeft(tenant_id, (person_id,), now))


def _link(session: Session, tenant_id: UUID, identities: tuple[int, ...], person_id: UUID, now: datetime) -> None:
    """Append links; on a clock that stands still a later one is a tick later.

    Later than those of whoever is that person already, too: by its time is told who came along with whom.
    """
    there = identities_of_people(session, tenant_id, [person_id]).get(person_id, ())
    before = last_links(session, tenant_id, (*identities, *there))
    recorded_at = max([now, *(at + TICK for at in before)])
    add_all(session, IdentityLink, [
        {"tenant_id": tenant_id, "identity_id": i, "recorded_at": recorded_at, "person_id": person_id}
        for i in identities
    ])  # fmt: skip
