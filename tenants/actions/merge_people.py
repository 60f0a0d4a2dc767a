"""Find two people to be one, and take it back. No fact changes: identities point to another person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.signals import publish
from tenants.actions.follow_presence import keep_here
from tenants.actions.import_people import SUBJECT
from tenants.actions.record_audit import record_audit
from tenants.errors import NotMerged, PersonUnknown, SamePerson
from tenants.events import PeopleLeft
from tenants.models import IdentityLink
from tenants.reads import get_person, people
from tenants.reads.identities import home_of, identities_of_home, identity_of_key, last_links
from tenants.store import add_all

__all__ = ("Merged", "merge_people", "unmerge_person")

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Merged:
    """Which identities point to which person from now on."""

    person_id: UUID
    identities: tuple[int, ...]


def merge_people(
    session: Session, tenant_id: UUID, key: str, into: str, reason: str, actor: str, now: datetime
) -> Merged:  # fmt: skip
    """Record that the person known as `key` is the one known as `into`, who survives.

    All that points to the first person points to the survivor from now on; class, audience and cost
    centres are the survivor's. Open periods count one person throughout, closed ones get deltas.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        key: a sender's key of the person who is found to be another.
        into: a sender's key of the survivor.
        reason: why, for the audit trail.
        actor: who says so.
        now: when it is recorded, in the tenant's time.

    Raises:
        InvalidInput: no reason (`invalid_input`).
        PersonUnknown: nobody is known by one of the keys (`person_unknown`).
        SamePerson: they are one already (`same_person`).
    """
    _refuse_no_reason(reason)
    gone, survivor = _identity(session, tenant_id, key), _identity(session, tenant_id, into)
    who = people(session, tenant_id).identities()
    person_id = who[survivor]
    if who[gone] == person_id:
        raise SamePerson(key, into)
    moved = tuple(sorted(identity for identity, person in who.items() if person == who[gone]))
    _link(session, tenant_id, moved, person_id, now)
    detail = {"into": str(person_id), "identities": len(moved), "reason": reason.strip()}
    record_audit(session, tenant_id, actor, "merge_people", ("person", str(who[gone])), detail)
    _out_if_left(session, tenant_id, person_id, now)
    return Merged(person_id, moved)


def unmerge_person(session: Session, tenant_id: UUID, key: str, reason: str, actor: str, now: datetime) -> Merged:
    """Record that the person known as `key` is nobody else after all: whose identities they were made for.

    Raises:
        InvalidInput: no reason (`invalid_input`).
        PersonUnknown: nobody is known by the key (`person_unknown`).
        NotMerged: they were never merged, or it was taken back (`not_merged`).
    """
    _refuse_no_reason(reason)
    identity = _identity(session, tenant_id, key)
    home = home_of(session, tenant_id, identity)
    who = people(session, tenant_id).identities()
    if who[identity] == home:
        raise NotMerged(key)
    moved = tuple(i for i in identities_of_home(session, tenant_id, home) if who[i] != home)
    _link(session, tenant_id, moved, home, now)
    detail = {"from": str(who[identity]), "identities": len(moved), "reason": reason.strip()}
    record_audit(session, tenant_id, actor, "unmerge_person", ("person", str(home)), detail)
    _out_if_left(session, tenant_id, home, now)
    return Merged(home, moved)


def _refuse_no_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(InputError("/reason", "reason_missing", "Say why: it stays in the audit trail."))


def _identity(session: Session, tenant_id: UUID, key: str) -> int:
    found = identity_of_key(session, tenant_id, SUBJECT, key)
    if found is None:
        raise PersonUnknown(key)
    return found


def _out_if_left(session: Session, tenant_id: UUID, person_id: UUID, now: datetime) -> None:
    """Who is found to be somebody that has left holds nothing any more either; who is there stays so."""
    left = get_person(session, tenant_id, person_id).active_to
    if left is None:
        keep_here(session, tenant_id, person_id)
    elif left <= now:
        publish(session, PeopleLeft(tenant_id, (person_id,), now))


def _link(session: Session, tenant_id: UUID, identities: tuple[int, ...], person_id: UUID, now: datetime) -> None:
    """Append links; on a clock that stands still a later one is a tick later."""
    before = last_links(session, tenant_id, identities)
    recorded_at = max([now, *(at + TICK for at in before)])
    add_all(session, IdentityLink, [
        {"tenant_id": tenant_id, "identity_id": i, "recorded_at": recorded_at, "person_id": person_id}
        for i in identities
    ])  # fmt: skip
