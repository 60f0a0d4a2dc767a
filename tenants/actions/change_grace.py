"""Change how long after a period's end its bill waits for facts that are still on their way."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from tenants.actions.record_audit import record_audit
from tenants.store import set_particulars

__all__ = ("change_grace",)


def change_grace(session: Session, tenant_id: UUID, grace_hours: int, actor: str) -> None:
    """Set the grace of a tenant; periods that are billed already are not touched.

    Raises:
        InvalidInput: fewer than 0 hours (`invalid_input`).
    """
    if grace_hours < 0:
        raise InvalidInput(InputError("/grace_hours", "grace_negative", "Give 0 hours or more."))
    set_particulars(session, tenant_id, grace_hours=grace_hours)
    record_audit(
        session,
        session.info["scope"].tenant_id,
        actor,
        "change_grace",
        ("tenant", str(tenant_id)),
        {"grace_hours": grace_hours},
    )
