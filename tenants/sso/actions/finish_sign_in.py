"""Let somebody in whom a provider proved: link, user, role and session in one transaction, or none of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.actions.create_user import UserInput, create_user
from tenants.actions.record_audit import record_audit
from tenants.actions.start_session import SignedIn, start_session
from tenants.reads import Account, find_account, get_account
from tenants.roles import Role
from tenants.sso.access import Identity, keeps_role, role_by_groups, some_could_enter
from tenants.sso.errors import RoleMissing, UserInactive, UserUnknown
from tenants.sso.models import SsoLink
from tenants.sso.reads import ProviderView, administrators, has_left, is_linked, linked_user
from tenants.sso.store import lock_access, touch_link
from tenants.store import add, set_access

__all__ = ("ACTOR", "finish_sign_in")

ACTOR = "system:sso"


def finish_sign_in(session: Session, provider: ProviderView, who: Identity, now: datetime) -> SignedIn:
    """Start a session for the user of a subject; link or make one where that is allowed.

    Args:
        session: scoped to the provider's customer.
        provider: as it is set up now.
        who: whom it proved.
        now: the current instant.

    Raises:
        UserUnknown: there is no user for them, and none may be linked or made (`sso_user_unknown`).
        UserInactive: they were shut out, or have left (`sso_user_inactive`).
        RoleMissing: their groups give none (`sso_role_missing`).
    """
    tenant_id = provider.tenant_id
    # Two browsers of one new user, and the last administrator's role, are decided one after the other.
    lock_access(session, tenant_id)
    user_id = linked_user(session, tenant_id, who.issuer, who.subject)
    if user_id is None:
        user_id = _link(session, provider, who, now)
    account = get_account(session, user_id)
    if not account.active or has_left(session, tenant_id, account.email):
        raise UserInactive
    _give_role(session, provider, who, account)
    touch_link(session, tenant_id, who.issuer, who.subject, now)
    return start_session(session, user_id, now)


def _link(session: Session, provider: ProviderView, who: Identity, now: datetime) -> UUID:
    """Find or make the user of somebody who is new here: an address is enough once, and only a verified one."""
    tenant_id = provider.tenant_id
    account = find_account(session, who.email) if who.email else None
    if account is not None and account.tenant_id == tenant_id and provider.link_by_email:
        # Whoever has the address of a leaver at the provider is not the leaver.
        if is_linked(session, tenant_id, who.issuer, account.id):
            raise UserUnknown(f"The user {who.email} is linked to another account of {provider.name}. {_ASK}")
        user_id = account.id
    elif account is None and who.email and provider.create_missing:
        if has_left(session, tenant_id, who.email):
            raise UserInactive
        role = _role(provider, who, None)
        user_id = create_user(session, UserInput(who.email, who.name, role, tenant_id), ACTOR, now)
    else:
        raise UserUnknown(_unknown(provider, who))
    row = SsoLink(
        tenant_id=tenant_id, issuer=who.issuer, subject=who.subject, user_id=user_id, linked_at=now, used_at=now
    )
    add(session, row)
    record_audit(session, tenant_id, ACTOR, "link_sso", ("user", str(user_id)), {"issuer": who.issuer})
    return user_id


def _give_role(session: Session, provider: ProviderView, who: Identity, account: Account) -> None:
    """Give and take what the groups say, but never the role of the last administrator who could sign in."""
    if not provider.group_roles or keeps_role(account.role):
        return
    last = account.role == Role.TENANT_ADMIN and not some_could_enter(
        [one for one in administrators(session, provider.tenant_id, provider.issuer) if one.user_id != account.id],
        by_password=True, by_provider=True,
    )  # fmt: skip
    role = account.role if last else _role(provider, who, account)
    if role != account.role:
        set_access(session, account.id, role=role, active=True)
        record_audit(session, provider.tenant_id, ACTOR, "grant_role", ("user", str(account.id)), {"role": role})


def _role(provider: ProviderView, who: Identity, account: Account | None) -> str:
    if not provider.group_roles and account is not None:
        return account.role
    if who.groups is None:
        text = f"{provider.name} has more groups for you than fit into its answer, so that none is known. {_ASK}"
        raise RoleMissing(text)
    role = role_by_groups(provider.group_roles, who.groups, provider.default_role)
    if role is None:
        raise RoleMissing(f"None of your groups at {provider.name} has a role here. {_ASK}")
    return role


_ASK = "Ask an administrator of Tollbook at your organisation."


def _unknown(provider: ProviderView, who: Identity) -> str:
    if who.unverified:
        return f"{provider.name} does not say that it verified {who.unverified}, so that it tells nobody here. {_ASK}"
    if not who.email:
        return f"{provider.name} sent no e-mail address, so that nobody here is found by it. {_ASK}"
    return f"There is no user here for {who.email}, or it may not be linked. {_ASK}"
