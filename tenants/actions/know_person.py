"""Find the person whom keys name, or make one; give a person further keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.ids import new_id
from tenants.actions.import_people import SUBJECT
from tenants.errors import PersonKeyTaken
from tenants.models import IdentityKey, Person
from tenants.reads import get_person
from tenants.reads.identities import merged_people
from tenants.store import add, add_all, identities_by_key

__all__ = ("know_person", "name_person")


def know_person(session: Session, tenant_id: UUID, keys: Sequence[str], external_id: str | None, now: datetime) -> UUID:
    """Return the person of these keys, all of which name the person from now on.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        keys: how senders name the person; the first one counts most.
        external_id: the key that never changes, if there is one: who has another is somebody else.
        now: from when on a new person exists.

    Raises:
        PersonKeyTaken: the keys are those of two people, or of somebody with another external id
            (`person_key_taken`).
    """
    known = identities_by_key(session, tenant_id, SUBJECT, keys)
    if not known:
        person_id = new_id()
        add(session, Person(tenant_id=tenant_id, id=person_id, active_from=now))
    else:
        key = next(key for key in keys if key in known)
        person_id = known[key][1]
        before = get_person(session, tenant_id, person_id).external_id
        if external_id is not None and key != external_id and before not in (None, key, external_id):
            raise PersonKeyTaken(key)
    name_person(session, tenant_id, person_id, SUBJECT, keys, now)
    return person_id


def name_person(
    session: Session, tenant_id: UUID, person_id: UUID, scheme: str, keys: Sequence[str], now: datetime
) -> None:
    """Give a person these keys, of which it, or who was found to be the same, may have some.

    Raises:
        PersonKeyTaken: one of them is somebody else's (`person_key_taken`).
    """
    known = identities_by_key(session, tenant_id, scheme, keys)
    others = {key: owner for key, (_, owner) in known.items() if owner != person_id}
    merged = merged_people(session, tenant_id) if others else {}
    for key, owner in others.items():
        if merged.get(owner, owner) != merged.get(person_id, person_id):
            raise PersonKeyTaken(key)
    add_all(session, IdentityKey, [
        {"tenant_id": tenant_id, "scheme": scheme, "key": key, "home_person_id": person_id, "created_at": now}
        for key in keys
        if key not in known
    ])  # fmt: skip
