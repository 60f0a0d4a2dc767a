"""Let out who left, and in who is back, as events say: the newest statement on somebody wins."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.ids import new_id
from core.signals import publish
from tenants.actions.record_audit import record_audit
from tenants.events import PeopleLeft, PersonReactivated
from tenants.models import Presence
from tenants.presence import newest_of
from tenants.reads.erasures import erasure_of
from tenants.reads.identities import merged_people, persons_of_identities
from tenants.reads.people import get_person
from tenants.reads.presence import said_of
from tenants.store import add_all, lock_people, set_active_to, set_followed

__all__ = ("ACTOR", "PresenceStatement", "follow_presence", "keep_here", "state_presence")

ACTOR = "system:events"
TICK = timedelta(microseconds=1)

PresenceStatement = tuple[UUID, int, datetime, bool]
"""Under which key, of which identity, from when on, and whether they are here."""


def state_presence(session: Session, tenant_id: UUID, statements: Collection[PresenceStatement]) -> None:
    """Write down what is said of identities by what is no event of the hot lane; to be followed."""
    add_all(session, Presence, [
        {"tenant_id": tenant_id, "statement_id": key, "identity_id": identity_id, "said_at": at, "here": here}
        for key, identity_id, at, here in statements
    ])  # fmt: skip


def keep_here(session: Session, tenant_id: UUID, person_id: UUID) -> None:
    """Let somebody who is there stay, whatever was said of whom they were found to be.

    That one account of theirs had ended is no news of them; what is said of it from now on is.
    """
    newest = newest_of(said_of(session, tenant_id, [person_id], ())[person_id])
    if newest is not None and not newest.here:
        row = {"tenant_id": tenant_id, "statement_id": new_id(), "person_id": person_id}
        add_all(session, Presence, [row | {"said_at": newest.said_at + TICK, "here": True, "followed": True}])


def follow_presence(
    session: Session,
    tenant_id: UUID,
    identities: Collection[int],
    followed: Sequence[UUID],
    without_effect: Collection[UUID],
    now: datetime,
) -> int:
    """Let the people of these identities be out or in as the newest statement on each has it.

    Nobody's facts change: figures read the events themselves. To follow the same again changes nothing.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        identities: of whom something was said, or something that was said holds no more.
        followed: the statements that are done with.
        without_effect: statements that do not hold: of events that were corrected.
        now: the tenant's time.

    Returns:
        How many people are out or in who were not before.
    """
    spoken = set(persons_of_identities(session, tenant_id, identities).values())
    also: dict[UUID, list[UUID]] = {}
    for one, survivor in merged_people(session, tenant_id).items():
        also.setdefault(survivor, []).append(one)
    lock_people(session, tenant_id, {*spoken, *(one for person in spoken for one in also.get(person, ()))})
    left: list[UUID] = []
    changed = 0
    for person_id, statements in sorted(said_of(session, tenant_id, spoken, without_effect).items()):
        newest = newest_of(statements)
        for one in (person_id, *sorted(also.get(person_id, ()))):
            person = get_person(session, tenant_id, one)
            if (newest is None or newest.here) == (person.active_to is None):
                continue
            if newest is not None and not newest.here:
                # A sender's clock may be ahead: they are out now.
                set_active_to(session, tenant_id, one, max(min(newest.said_at, now), person.active_from + TICK))
                record_audit(session, tenant_id, ACTOR, "deactivate_person", ("person", str(one)))
                left.append(one)
            elif erasure_of(session, tenant_id, one) is None:
                set_active_to(session, tenant_id, one, None)
                record_audit(session, tenant_id, ACTOR, "reactivate_person", ("person", str(one)))
                publish(session, PersonReactivated(tenant_id, one, now))
            else:
                continue
            changed += 1
    if left:
        publish(session, PeopleLeft(tenant_id, tuple(left), now))
    set_followed(session, tenant_id, followed)
    return changed
