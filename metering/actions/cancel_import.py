"""Stop an import where it stands."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.errors import ImportOver
from metering.reads.imports import ImportView, get_import, hold_import
from metering.store import drop_import_parts, end_import
from tenants.actions.record_audit import record_audit

__all__ = ("cancel_import",)


def cancel_import(session: Session, tenant_id: UUID, job_id: UUID, actor: str, now: datetime) -> ImportView:
    """Let nothing more of a file be taken; what was taken stays. To send the file again goes on.

    Args:
        session: scoped to the tenant.
        tenant_id: whose import.
        job_id: which.
        actor: `Principal.actor`.
        now: the tenant's time.

    Raises:
        ImportNotFound: there is none of that id (`import_not_found`).
        ImportOver: it has ended (`import_over`).
    """
    known = get_import(session, tenant_id, job_id)
    if not end_import(session, tenant_id, job_id, "cancelled", now):
        raise ImportOver(get_import(session, tenant_id, job_id).status)
    record_audit(session, tenant_id, actor, "cancel_import", ("import", str(job_id)), {"rows_read": known.rows_read})
    if hold_import(session, tenant_id, job_id):  # a worker that has the file clears it away itself
        drop_import_parts(session, tenant_id, job_id)
    return get_import(session, tenant_id, job_id)
