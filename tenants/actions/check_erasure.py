"""Prove whose figures those of a pseudonym are, to who shows the key; and keep that possible under a new SECRET_KEY."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.sealing import derived_key, seal, unseal_by_any
from core.settings import secret_keys
from tenants.actions.import_people import SUBJECT
from tenants.actions.record_audit import record_audit
from tenants.erasure import PURPOSE, alias_of, salt_of, was_known_as
from tenants.errors import PersonNotErased
from tenants.reads.erasures import ErasureView, erasure_of, erasures
from tenants.reads.finding import find_people, unknown_person
from tenants.reads.identities import merged_people
from tenants.store import set_erasure, set_renamed, set_unrenamed

__all__ = ("ErasureProof", "check_erasure", "erase_names_again", "note_renamed", "reseal_erasures", "salt_of_erasure")


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """Whether a key was the erased person's."""

    person_id: UUID
    erased_at: datetime
    matches: bool
    alias: str
    """What a device, session or client key of theirs of that name is called now."""


def check_erasure(session: Session, tenant_id: UUID, name: str, key: str, actor: str) -> ErasureProof:
    """Tell whether an erased person was known to senders by a key; that somebody asked is audited.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        name: the person's id or pseudonym.
        key: the key as senders used it.
        actor: who asks.

    Raises:
        PersonUnknown: that tells nobody who was erased (`person_unknown`).
        Unreadable: the hashes open under no SECRET_KEY.
    """
    found = find_people(session, tenant_id, [name]).get(name)
    # Who was found to be them was erased with them, each with hashes of their own.
    merged = merged_people(session, tenant_id)
    persons = [found.id, *sorted(one for one, other in merged.items() if other == found.id)] if found else []
    erased = [one for person in persons if (one := erasure_of(session, tenant_id, person)) is not None]
    if found is None:
        raise unknown_person(session, tenant_id, name)
    if not erased:
        raise PersonNotErased(name)
    theirs = [_hashes(tenant_id, one) for one in erased]
    known = [hashes for hashes in theirs if was_known_as(hashes, f"{SUBJECT}\0{key}")]
    matches = bool(known)
    record_audit(session, tenant_id, actor, "check_erasure", ("person", str(found.id)), {"matches": matches})
    return ErasureProof(found.id, erased[0].erased_at, matches, alias_of(salt_of((known or theirs)[0]), key))


def salt_of_erasure(tenant_id: UUID, erased: ErasureView) -> bytes:
    """Return what the names of an erased person's devices are made unreadable with.

    Raises:
        Unreadable: it opens under no SECRET_KEY.
    """
    return salt_of(_hashes(tenant_id, erased))


def note_renamed(session: Session, tenant_id: UUID, person_id: UUID, now: datetime) -> None:
    """Note that the devices and sessions of somebody who was erased have other names; the steward's."""
    set_renamed(session, tenant_id, person_id, now)


def erase_names_again(session: Session, tenant_id: UUID) -> None:
    """See to it that whose erasure is done is looked at once more, since facts came back; the steward's."""
    set_unrenamed(session, tenant_id)


def _hashes(tenant_id: UUID, erased: ErasureView) -> bytes:
    return unseal_by_any(secret_keys(), PURPOSE, erased.sealed, tenant_id.bytes + erased.person_id.bytes)


def reseal_erasures(session: Session, tenant_id: UUID) -> int:
    """Seal a customer's hashes under the present SECRET_KEY, and return how many; safe to repeat.

    Raises:
        Unreadable: one was sealed under neither the present secret nor the one before.
    """
    secrets, found = secret_keys(), erasures(session, tenant_id)
    for one in found:
        bound = tenant_id.bytes + one.person_id.bytes
        plain = _hashes(tenant_id, one)
        set_erasure(session, tenant_id, one.person_id, seal(derived_key(secrets[0], PURPOSE), plain, bound))
    return len(found)
