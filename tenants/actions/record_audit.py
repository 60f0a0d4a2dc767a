"""Write one line of the audit trail, in the transaction of what it tells about."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.ids import new_id
from core.outbox import put
from core.scope import VENDOR_ID
from tenants.models import AuditEntry
from tenants.store import add
from tenants.told import TOLD, told_of

__all__ = ("record_audit",)


def record_audit(
    session: Session,
    tenant_id: UUID,
    actor: str,
    action: str,
    target: tuple[str, str],
    detail: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Record who did what to which thing; acts that others follow (`tenants.told`) go to the outbox too.

    Args:
        session: the transaction that does it; scoped to `tenant_id` (the vendor's own is VENDOR_ID).
        tenant_id: under whose trail it stands.
        actor: `Principal.actor`, or `system:<job>`.
        action: a verb and a noun in snake_case, for instance `finalise_invoice`.
        target: type and id of the thing.
        detail: JSON-ready facts that a reader needs; no personal data.
        at: the real instant by default, also where a test clock tells the tenant's time.
    """
    add(
        session,
        AuditEntry(
            tenant_id=tenant_id,
            id=new_id(),
            at=at or utc_now(),
            actor=actor,
            action=action,
            object_type=target[0],
            object_id=target[1],
            detail=detail or {},
        ),
    )
    event_type = TOLD.get(action)
    if event_type is not None and tenant_id != VENDOR_ID:
        put(session, tenant_id, event_type, told_of(action, target, detail or {}), at or utc_now())
