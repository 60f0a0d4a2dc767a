"""Invite a customer's user, change what one is, shut one out, or let one in again."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput, NotFound
from tenants.actions.invite_user import Invitee, invite_user
from tenants.actions.record_audit import record_audit
from tenants.errors import KeyInUse
from tenants.reads import TenantView, UserView, find_account, password_allowed, users_of
from tenants.roles import GROUP_ROLES, Role
from tenants.sso.access import some_could_enter
from tenants.sso.errors import NobodyCouldSignIn
from tenants.sso.reads import administrators, ever_linked, find_provider
from tenants.sso.store import lock_access
from tenants.store import set_access

__all__ = ("change_user", "invite", "is_last_administrator", "user_named")


def user_named(session: Session, tenant_id: UUID, user_id: UUID) -> UserView:
    """Return a customer's user.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = next((one for one in users_of(session, tenant_id) if one.id == user_id), None)
    if found is None:
        raise NotFound("user", user_id)
    return found


def invite(session: Session, tenant: TenantView, who: Invitee, actor: str) -> UUID:
    """Invite somebody to be a user (`invite_user`), or once more who has not come in yet.

    Who came in, by a password or by the provider, is somebody: what they may is changed by `change_user`, which
    watches over the last administrator.

    Raises:
        KeyInUse: somebody of that address came in already (`key_in_use`).
        InvalidInput: as `invite_user` (`invalid_input`).
    """
    lock_access(session, tenant.id)
    known = find_account(session, who.email)
    if known is not None and ever_linked(session, tenant.id, known.id):
        raise KeyInUse("e-mail address", who.email)
    return invite_user(session, tenant, who, actor)


def change_user(
    session: Session, tenant_id: UUID, user_id: UUID, *, role: str | None, active: bool | None, actor: str
) -> UserView:
    """Give a user another role, shut them out with all browsers and keys, or let them in again.

    Args:
        session: scoped to the tenant.
        tenant_id: whose user.
        user_id: who.
        role: one that hangs on no cost centre; None: as it is.
        active: whether they may come in; None: as it is.
        actor: who says so.

    Raises:
        NotFound: there is no such user (`not_found`).
        InvalidInput: the role hangs on a centre, or the user's does (`invalid_input`).
        NobodyCouldSignIn: no administrator could sign in any more (`sso_nobody_could_sign_in`).
    """
    lock_access(session, tenant_id)
    user = user_named(session, tenant_id, user_id)
    now_is, comes_in = role or user.role, user.active if active is None else active
    if now_is != user.role and (now_is not in GROUP_ROLES or user.role == Role.COST_CENTRE_OWNER):
        detail = f"Use one of {', '.join(GROUP_ROLES)}. A cost-centre owner stays one: shut the user out instead."
        raise InvalidInput(InputError("/role", "role_unknown", detail))
    before, after = (user.role, user.active), (now_is, comes_in)
    if before == after:
        return user
    if before == (Role.TENANT_ADMIN, True) and is_last_administrator(session, tenant_id, user_id):
        raise NobodyCouldSignIn(
            "No other administrator could sign in any more. Let somebody else be an administrator first, who has"
            " signed in once."
        )
    set_access(session, user_id, role=now_is, active=comes_in)
    detail_of = {"role": now_is, "active": comes_in}
    record_audit(session, tenant_id, actor, "change_user", ("user", str(user_id)), detail_of)
    return user_named(session, tenant_id, user_id)


def is_last_administrator(session: Session, tenant_id: UUID, user_id: UUID) -> bool:
    """Tell whether no administrator but this one could sign in; access is locked until the transaction ends."""
    lock_access(session, tenant_id)
    provider = find_provider(session, tenant_id)
    issuer = provider.issuer if provider is not None else ""
    others = [one for one in administrators(session, tenant_id, issuer) if one.user_id != user_id]
    by_provider = provider is not None and provider.enabled
    return not some_could_enter(others, by_password=password_allowed(session, tenant_id), by_provider=by_provider)
