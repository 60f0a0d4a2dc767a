"""Give somebody access by what a directory or a sign-in provider says, and end it."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.actions.create_user import UserInput, create_user
from tenants.actions.record_audit import record_audit
from tenants.reads import find_account
from tenants.roles import Role
from tenants.store import set_access

__all__ = ("end_access", "grant_role")


def grant_role(
    session: Session, tenant_id: UUID, user: UserInput, actor: str, now: datetime, is_last: Callable[[UUID], bool]
) -> UUID | None:
    """Let somebody in with a role: a new user without a password, or the known one of this customer.

    Args:
        session: scoped to the tenant.
        tenant_id: whose user.
        user: address, name of a new one, and the role from now on.
        actor: who says so.
        now: the current instant.
        is_last: whether a user is the last administrator who could sign in: that one's role no group takes.

    Returns:
        The user; None where the address belongs to another customer's or the vendor's user: those are
        never touched from here.
    """
    known, role = find_account(session, user.email), user.role
    if known is None:
        return create_user(session, user, actor, now)
    if known.tenant_id != tenant_id:
        return None
    if known.role == Role.COST_CENTRE_OWNER:
        role = known.role  # it hangs on a centre, which no group names
    elif (known.role, known.active) == (Role.TENANT_ADMIN, True) and role != known.role and is_last(known.id):
        role = known.role
    if known.role != role or not known.active:
        set_access(session, known.id, role=role, active=True)
        record_audit(session, tenant_id, actor, "grant_role", ("user", str(known.id)), {"role": role})
    return known.id


def end_access(session: Session, tenant_id: UUID, email: str, actor: str, *, only_granted: bool) -> None:
    """Shut a user of this customer out, browsers and keys too.

    Args:
        session: scoped to the tenant.
        tenant_id: whose user.
        email: the address.
        actor: who says so.
        only_granted: leave users with a password alone; they were not let in by groups.
    """
    known = find_account(session, email)
    if known is None or known.tenant_id != tenant_id or not known.active or (only_granted and known.has_password):
        return
    set_access(session, known.id, role=known.role, active=False)
    record_audit(session, tenant_id, actor, "end_access", ("user", str(known.id)))
