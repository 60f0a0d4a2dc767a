"""Erase what is known of somebody; figures, invoices and evidence stay, of a pseudonym.

Facts name an identity by its number and nobody else, so that none of them changes. Beside the
pseudonym a hash of each former key is kept, sealed: who shows a key can be told whether it was theirs.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.sealing import derived_key, seal
from core.settings import secret_key
from core.signals import publish
from tenants.actions.deactivate_person import deactivate_person
from tenants.actions.grant_role import end_access
from tenants.actions.record_audit import record_audit
from tenants.erasure import ERASED, PURPOSE, hashes_of, pseudonym_of
from tenants.errors import PersonErasedBefore
from tenants.events import PersonErased
from tenants.models import Erasure
from tenants.reads import find_account, get_person
from tenants.reads.erasures import erasure_of, named_identities
from tenants.reads.finding import find_people, unknown_person
from tenants.reads.identities import merged_people
from tenants.store import add, lock_person, rename_identity, set_person

__all__ = ("Erased", "erase_person")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, or would be."""

    person_id: UUID
    pseudonym: str
    """What pages and evidence call the person from now on."""
    keys: int
    """How many keys of senders name nobody any more."""
    leaves: bool
    """The person was there, and leaves with it."""
    shut_out: bool
    """A user with the person's e-mail address could sign in, and cannot any more."""


def erase_person(session: Session, tenant_id: UUID, name: str, actor: str, now: datetime) -> Erased:
    """Erase a person's name, e-mail address, external id and keys, and those of who was found to be them.

    Users of the directory and the keys of xAPI originals go too, by those who listen. It cannot be
    taken back. Who comes in again by an old key is somebody new.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        name: the person's id, a key of a sender, external id or e-mail address.
        actor: who says so.
        now: when, in the tenant's time.

    Raises:
        PersonUnknown: that tells nobody, or not one alone (`person_unknown`).
        PersonErasedBefore: there is nothing left of them (`person_erased`).
    """
    found = find_people(session, tenant_id, [name]).get(name)
    if found is None:
        raise unknown_person(session, tenant_id, name)
    lock_person(session, tenant_id, found.id)
    if erasure_of(session, tenant_id, found.id) is not None:
        raise PersonErasedBefore(pseudonym_of(found.id))
    merged = merged_people(session, tenant_id)
    persons = (found.id, *sorted(one for one, survivor in merged.items() if survivor == found.id))
    known = [get_person(session, tenant_id, one) for one in persons]
    identities = named_identities(session, tenant_id, persons)
    emails = tuple(sorted({one.email for one in known if one.email}))
    accounts = [find_account(session, email) for email in emails]
    done = Erased(
        found.id, pseudonym_of(found.id), len(identities), leaves=any(one.active_to is None for one in known),
        shut_out=any(one is not None and one.tenant_id == tenant_id and one.active for one in accounts),
    )  # fmt: skip
    for person_id in persons:
        deactivate_person(session, tenant_id, person_id, now, actor, now)
    for email in emails:
        end_access(session, tenant_id, email, actor, only_granted=False)
    salt = os.urandom(16)  # one for all: they were one person, and a device of theirs is called alike in all
    for person_id in persons:
        theirs = {one.id: f"{one.scheme}\0{one.key}" for one in identities if one.home_person_id == person_id}
        plain, bound = hashes_of(theirs, salt), tenant_id.bytes + person_id.bytes
        sealed = seal(derived_key(secret_key(), PURPOSE), plain, bound)
        add(session, Erasure(tenant_id=tenant_id, person_id=person_id, erased_at=now, sealed=sealed))
        set_person(session, tenant_id, person_id, name="", email="", external_id=None)
    for one in identities:
        rename_identity(session, tenant_id, one.id, ERASED, f"erased-{one.id}")
    detail = {"people": len(persons), "keys": len(identities)}
    record_audit(session, tenant_id, actor, "erase_person", ("person", str(found.id)), detail)
    keys = tuple(one.key for one in identities)
    publish(session, PersonErased(tenant_id, persons, keys, emails, actor))
    return done
