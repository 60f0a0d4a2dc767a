"""Invite somebody to be a user: told by mail, and let in by the password that they choose themselves."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InputError, InvalidInput
from core.signals import publish
from tenants.actions.create_user import MIN_PASSWORD, UserInput, create_user, hash_password
from tenants.actions.record_audit import record_audit
from tenants.errors import UserInvitationOver
from tenants.events import AdminInvited
from tenants.reads import TenantView, find_account, get_account
from tenants.roles import Role
from tenants.store import set_first_password

__all__ = ("INVITED_DAYS", "AdminInput", "choose_first_password", "invite_admin")

INVITED_DAYS = 14


@dataclass(frozen=True, slots=True)
class AdminInput:
    """A customer's administrator; `language` as `Accept-Language` has it: that of the mail."""

    email: str
    name: str
    language: str = ""


def invite_admin(session: Session, tenant: TenantView, admin: AdminInput, actor: str) -> UUID:
    """Make a customer's administrator, who gets a mail with a link to choose a password; return the user.

    Args:
        session: scoped to the tenant.
        tenant: the customer.
        admin: whom.
        actor: who does it.

    Raises:
        InvalidInput: that is no address, or there is no name (`invalid_input`).
        KeyInUse: somebody has that address already (`key_in_use`).
    """
    if not admin.name.strip():
        raise InvalidInput(InputError("/admin/name", "name_missing", "Say who is invited."))
    # By the real clock, also where the customer has a test clock: a person reads it.
    now = utc_now()
    known = find_account(session, admin.email)
    waits = known is not None and known.tenant_id == tenant.id and known.active and not known.has_password
    given = UserInput(admin.email, admin.name.strip(), Role.TENANT_ADMIN, tenant.id)
    try:
        # Whoever was invited and has not come in yet gets another mail.
        user_id = known.id if known is not None and waits else create_user(session, given, actor, now)
    except InvalidInput as refusal:
        raise InvalidInput(*(replace(one, pointer=f"/admin{one.pointer}") for one in refusal.errors)) from refusal
    until, email = now + timedelta(days=INVITED_DAYS), admin.email.strip()
    publish(session, AdminInvited(tenant.id, tenant.name, user_id, email, admin.language, until))
    return user_id


def choose_first_password(session: Session, user_id: UUID, expires_at: datetime, password: str, now: datetime) -> None:
    """Give a user who was invited the password that they chose, once.

    Args:
        session: scoped to the user's tenant.
        user_id: who opened the invitation.
        expires_at: until when it opens.
        password: as they typed it.
        now: the real time.

    Raises:
        UserInvitationOver: there is a password already, its time is over, or the user was shut out
            (`user_invitation_over`).
        InvalidInput: the password is too short (`invalid_input`).
    """
    if len(password) < MIN_PASSWORD:
        detail = f"Use at least {MIN_PASSWORD} characters."
        raise InvalidInput(InputError("/password", "password_short", detail))
    if now >= expires_at or not set_first_password(session, user_id, hash_password(password)):
        raise UserInvitationOver
    account = get_account(session, user_id)
    assert account.tenant_id is not None, "customers' people are invited"
    record_audit(session, account.tenant_id, f"user:{user_id}", "choose_password", ("user", str(user_id)))
