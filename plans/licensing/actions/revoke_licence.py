"""Recall a licence file before its end."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from plans.licensing.errors import LicenceUnknown
from plans.licensing.licences import LicenceView
from plans.licensing.reads import find_licence
from plans.licensing.store import put_revoked
from tenants.actions.record_audit import record_audit

__all__ = ("revoke_licence",)


def revoke_licence(
    session: Session, tenant_id: UUID, licence_id: UUID, reason: str, actor: str, now: datetime
) -> LicenceView:
    """Put a licence file on the revocation list until its validity ends; the same again changes nothing.

    Raises:
        LicenceUnknown: there is no such licence file (`not_found`).
    """
    if put_revoked(session, tenant_id, licence_id, now, reason):
        record_audit(session, tenant_id, actor, "revoke_licence", ("licence_file", str(licence_id)), {"reason": reason})
    found = find_licence(session, tenant_id, licence_id)
    if found is None:
        raise LicenceUnknown(licence_id)
    return found
