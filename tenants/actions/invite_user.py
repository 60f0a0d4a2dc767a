"""Invite somebody to be a user: told by mail, and let in by the password that they choose themselves."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InputError, InvalidInput
from core.signals import publish
from tenants.actions.create_user import MIN_PASSWORD, UserInput, create_user, hash_password, refuse_bad_user
from tenants.actions.record_audit import record_audit
from tenants.errors import UserInvitationOver, UserShutOut
from tenants.events import UserInvited
from tenants.invitations import UserLink, mark_of
from tenants.reads import Account, TenantView, all_cost_centres, find_account, get_account, house_of, password_allowed
from tenants.roles import Role
from tenants.store import lock_login, remove_sessions, set_password, set_user

__all__ = (
    "FORGOTTEN_HOURS", "INVITED_DAYS", "AdminInput", "Invitee", "choose_password", "invite_admin", "invite_user",
    "send_password_link",
)  # fmt: skip

INVITED_DAYS = 14
FORGOTTEN_HOURS = 2


@dataclass(frozen=True, slots=True)
class AdminInput:
    """A customer's administrator; `language` as `Accept-Language` has it: that of the mail."""

    email: str
    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who is to be a user, as what; a cost-centre owner, and nobody else, has a centre."""

    email: str
    name: str
    role: str
    cost_centre: str | None = None
    language: str = ""


def invite_admin(session: Session, tenant: TenantView, admin: AdminInput, actor: str) -> UUID:
    """Make a customer's administrator as `invite_user` does; faults point into `/admin`."""
    try:
        return invite_user(
            session, tenant, Invitee(admin.email, admin.name, Role.TENANT_ADMIN, None, admin.language), actor
        )
    except InvalidInput as refusal:
        raise InvalidInput(*(replace(one, pointer=f"/admin{one.pointer}") for one in refusal.errors)) from refusal


def invite_user(session: Session, tenant: TenantView, who: Invitee, actor: str) -> UUID:
    """Make a user of a customer, who gets a mail with a link to choose a password; return the user.

    Where the customer lets nobody in by password, they come in by its provider, and no mail is sent.

    Args:
        session: scoped to the tenant.
        tenant: the customer.
        who: whom.
        actor: who does it.

    Raises:
        InvalidInput: that is no address, there is no name or no such centre, or role and centre disagree
            (`invalid_input`).
        KeyInUse: somebody has that address already (`key_in_use`).
    """
    if not who.name.strip():
        raise InvalidInput(InputError("/name", "name_missing", "Say who is invited."))
    # By the real clock, also where the customer has a test clock: a person reads it.
    now = utc_now()
    known = find_account(session, who.email)
    given = UserInput(who.email, who.name.strip(), who.role, tenant.id, who.cost_centre)
    _refuse_unknown_centre(session, tenant.id, who.cost_centre)
    if known is not None and known.tenant_id == tenant.id and known.active and not known.has_password:
        # Whoever was invited and has not come in yet gets another mail, and is what the invitation says now.
        refuse_bad_user(given)
        user_id = known.id
        set_user(session, user_id, name=given.name, role=given.role, cost_centre=given.cost_centre)
        if known.role != given.role:
            record_audit(session, tenant.id, actor, "grant_role", ("user", str(user_id)), {"role": given.role})
    else:
        user_id = create_user(session, given, actor, now)
    if password_allowed(session, tenant.id):
        _tell(session, get_account(session, user_id), who.language, now + timedelta(days=INVITED_DAYS))
    return user_id


def _refuse_unknown_centre(session: Session, tenant_id: UUID, code: str | None) -> None:
    if code is not None and all(one.code != code for one in all_cost_centres(session, tenant_id)):
        detail = f"There is no cost centre '{code}'. Give the code of one, or create it first."
        raise InvalidInput(InputError("/cost_centre", "cost_centre_unknown", detail))


def send_password_link(session: Session, user_id: UUID, language: str, actor: str) -> None:
    """Send a user a link by which they choose another password; until then the old one holds.

    Args:
        session: scoped to the user's customer, or to VENDOR_ID for the vendor's people.
        user_id: who.
        language: of the mail, as `Accept-Language` has it.
        actor: who asks for it.

    Raises:
        UserShutOut: they may not come in (`user_shut_out`).
    """
    account = get_account(session, user_id)
    if not account.active:
        raise UserShutOut
    life = timedelta(hours=FORGOTTEN_HOURS) if account.has_password else timedelta(days=INVITED_DAYS)
    _tell(session, account, language, utc_now() + life)
    record_audit(session, account.scope_id, actor, "send_password_link", ("user", str(user_id)))


def _tell(session: Session, account: Account, language: str, until: datetime) -> None:
    login = lock_login(session, account.id)
    told = UserInvited(
        account.scope_id, house_of(session, account), account.id, account.email, account.role, language, until,
        mark_of(login.password_hash if login else None), account.has_password,
    )  # fmt: skip
    publish(session, told)


def choose_password(session: Session, link: UserLink, password: str, now: datetime) -> None:
    """Give a user the password that they chose, once; their other browsers are signed out.

    Args:
        session: scoped to the user's customer, or to VENDOR_ID for the vendor's people.
        link: what the address that they opened says.
        password: as they typed it.
        now: the real time.

    Raises:
        UserInvitationOver: there is another password since, its time is over, or the user was shut out
            (`user_invitation_over`).
        InvalidInput: the password is too short (`invalid_input`).
    """
    if len(password) < MIN_PASSWORD:
        detail = f"Use at least {MIN_PASSWORD} characters."
        raise InvalidInput(InputError("/password", "password_short", detail))
    hashed = hash_password(password)
    login = lock_login(session, link.user_id)
    if login is None or not login.active or mark_of(login.password_hash) != link.mark or now >= link.expires_at:
        raise UserInvitationOver
    set_password(session, link.user_id, hashed)
    remove_sessions(session, link.user_id)
    account = get_account(session, link.user_id)
    record_audit(session, account.scope_id, f"user:{account.id}", "choose_password", ("user", str(account.id)))
