"""Who was erased is named by no device either: in facts, leases and denials."""

from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from metering.actions.rename_devices import rename_devices
from plans.licensing.store import rename_denials
from tenants.actions.check_erasure import note_renamed, salt_of_erasure
from tenants.erasure import alias_of
from tenants.reads.erasures import ErasureView, named_identities

__all__ = ("rename_erased",)


def rename_erased(session: Session, tenant_id: UUID, erased: ErasureView, now: datetime) -> None:
    """Rename what an erased person's devices, sessions and client keys were called; safe to repeat.

    Each name gives one alias, made with the salt that is sealed beside the hashes of their keys: so it can
    be proven whose it was, and nobody can guess it.

    Args:
        session: the steward's.
        tenant_id: whose people.
        erased: who, and when.
        now: the service's time.
    """
    rename = partial(alias_of, salt_of_erasure(tenant_id, erased))
    identities = {one.id for one in named_identities(session, tenant_id, [erased.person_id])}
    if identities:
        rename_devices(session, tenant_id, identities, rename)
        rename_denials(session, tenant_id, identities, rename)
    note_renamed(session, tenant_id, erased.person_id, now)
