"""Take on a customer together with whom it begins with: its first administrator, who is invited."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.acting import act_for
from tenants.actions.create_tenant import TenantInput, create_tenant
from tenants.actions.invite_user import AdminInput, invite_admin
from tenants.reads import TenantView

__all__ = ("take_on_customer",)


def take_on_customer(
    session: Session, tenant: TenantInput, admin: AdminInput | None, actor: str, now: datetime
) -> TenantView:
    """Create a customer and, where one is named, invite its first administrator: both or nothing.

    Args:
        session: scoped to the vendor.
        tenant: the customer.
        admin: who will run it there; None: nobody is invited.
        actor: who does it.
        now: the current instant.

    Raises:
        Those of `create_tenant` and `invite_admin`.
    """
    made = create_tenant(session, tenant, actor, now)
    if admin is not None:
        with act_for(session, made.id):
            invite_admin(session, made, admin, actor)
    return made
