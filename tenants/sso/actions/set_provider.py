"""Say which provider lets a customer's people in, as what, and whether passwords still do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.sealing import derived_key, seal, unseal_by_any
from core.settings import load_sso_networks, secret_key, secret_keys
from tenants.actions.record_audit import record_audit
from tenants.calling import AddressForbidden, check_url
from tenants.reads import password_allowed
from tenants.roles import GROUP_ROLES, Role
from tenants.sso.access import some_could_enter
from tenants.sso.actions.begin_sign_in import PURPOSE
from tenants.sso.errors import NobodyCouldSignIn, NotSetUp
from tenants.sso.reads import ProviderView, administrators, find_provider
from tenants.sso.store import delete_links_of_user, delete_provider, lock_access, put_provider
from tenants.store import set_password_allowed

__all__ = ("DEFAULT_ROLES", "ProviderInput", "remove_provider", "reseal_sso_secret", "set_provider", "unlink_user")

DEFAULT_ROLES = tuple(role for role in GROUP_ROLES if role != Role.TENANT_ADMIN)
"""What everybody at the provider may be by default: an administrator is somebody whom a group names."""
GROUPS_MAX = 200
_TEXT = re.compile(r"[\x20-\x7e]+")
"""What client ids and secrets are made of (RFC 6749, VSCHAR)."""


@dataclass(frozen=True, slots=True)
class ProviderInput:
    """A provider; `client_secret` None keeps the one that is there, '' is a client without one."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    enabled: bool = True
    scopes: str = ""
    link_by_email: bool = False
    create_missing: bool = False
    default_role: str | None = None
    groups_claim: str = "groups"
    group_roles: Sequence[tuple[str, str]] = ()
    password_allowed: bool = True


def set_provider(session: Session, tenant_id: UUID, given: ProviderInput, actor: str, now: datetime) -> None:
    """Set up or change a customer's provider.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        given: what is wanted; all of it is said each time, but for the secret.
        actor: who says so.
        now: the current instant.

    Raises:
        InvalidInput: each fault with its field (`invalid_input`).
        NobodyCouldSignIn: no administrator could sign in any more (`sso_nobody_could_sign_in`).
    """
    lock_access(session, tenant_id)
    faults = _faults(given)
    if faults:
        raise InvalidInput(*faults)
    before = find_provider(session, tenant_id)
    # Who came in by another client or issuer has not shown that this one lets them in.
    proven = before is not None and (before.issuer, before.client_id) == (given.issuer, given.client_id)
    _keep_a_way_in(
        session, tenant_id, given.issuer, passwords=given.password_allowed, provider=given.enabled and proven
    )
    values = {name: getattr(given, name) for name in _PLAIN} | {
        "group_roles": [{"group": group.strip(), "role": role} for group, role in given.group_roles],
        "scopes": " ".join(given.scopes.split()), "name": given.name.strip(), "changed_at": now,
        "secret": _sealed(tenant_id, given, before),
    }  # fmt: skip
    put_provider(session, tenant_id, **values)
    set_password_allowed(session, tenant_id, allowed=given.password_allowed)
    detail = {name: values[name] for name in (*_PLAIN, "group_roles")} | {
        "password_allowed": given.password_allowed, "secret_changed": given.client_secret is not None,
    }  # fmt: skip
    record_audit(session, tenant_id, actor, "set_sso", ("tenant", str(tenant_id)), detail)


_PLAIN = ("issuer", "client_id", "enabled", "link_by_email", "create_missing", "default_role", "groups_claim")


def remove_provider(session: Session, tenant_id: UUID, actor: str) -> None:
    """Forget a customer's provider; nobody is signed out.

    Raises:
        NotSetUp: there is none (`sso_not_set_up`).
        NobodyCouldSignIn: as above.
    """
    lock_access(session, tenant_id)
    before = find_provider(session, tenant_id)
    if before is None:
        raise NotSetUp(str(tenant_id))
    allowed = password_allowed(session, tenant_id)
    _keep_a_way_in(session, tenant_id, before.issuer, passwords=allowed, provider=False)
    delete_provider(session, tenant_id)
    record_audit(session, tenant_id, actor, "remove_sso", ("tenant", str(tenant_id)), {"issuer": before.issuer})


def unlink_user(session: Session, tenant_id: UUID, user_id: UUID, actor: str) -> None:
    """Forget by which subject somebody signs in: the next one with their verified address is them.

    Raises:
        NobodyCouldSignIn: as above.
    """
    lock_access(session, tenant_id)
    before, allowed = find_provider(session, tenant_id), password_allowed(session, tenant_id)
    if delete_links_of_user(session, tenant_id, user_id) == 0:
        return
    if before is not None and not allowed:
        _keep_a_way_in(session, tenant_id, before.issuer, passwords=allowed, provider=before.enabled)
    record_audit(session, tenant_id, actor, "unlink_sso", ("user", str(user_id)))


def reseal_sso_secret(session: Session, tenant_id: UUID) -> int:
    """Seal a customer's client secret under the present SECRET_KEY, and return how many; safe to repeat.

    Raises:
        Unreadable: it was sealed under neither the present secret nor the one before.
    """
    found = find_provider(session, tenant_id)
    if found is None or found.sealed_secret is None:
        return 0
    plain = unseal_by_any(secret_keys(), PURPOSE, found.sealed_secret, tenant_id.bytes)
    secret = seal(derived_key(secret_key(), PURPOSE), plain, tenant_id.bytes)
    put_provider(session, tenant_id, **_stored(found) | {"secret": secret})
    return 1


def _stored(found: ProviderView) -> dict[str, object]:
    groups = [{"group": group, "role": role} for group, role in found.group_roles]
    plain = {name: getattr(found, name) for name in (*_PLAIN, "name", "scopes", "changed_at")}
    return plain | {"group_roles": groups}


def _keep_a_way_in(session: Session, tenant_id: UUID, issuer: str, *, passwords: bool, provider: bool) -> None:
    """Refuse a change after which no administrator could sign in, unless none can now and passwords stay allowed."""
    present = find_provider(session, tenant_id)
    people = administrators(session, tenant_id, issuer)
    if some_could_enter(people, by_password=passwords, by_provider=provider):
        return
    if not passwords:
        raise NobodyCouldSignIn(
            "No administrator has signed in by exactly this provider and client yet, so that nobody could come in"
            " without passwords. Allow passwords, save, sign in by the provider once, and switch them off then."
        )
    now_linked = administrators(session, tenant_id, present.issuer) if present else people
    could = some_could_enter(
        now_linked, by_password=password_allowed(session, tenant_id), by_provider=bool(present and present.enabled)
    )
    if could:
        raise NobodyCouldSignIn(
            "No administrator has a password, so that nobody could come in without this provider."
            " Give an administrator a password first, or keep the provider as it is."
        )


def _sealed(tenant_id: UUID, given: ProviderInput, before: ProviderView | None) -> bytes | None:
    if given.client_secret is None:
        return before.sealed_secret if before else None
    if not given.client_secret:
        return None
    return seal(derived_key(secret_key(), PURPOSE), given.client_secret.encode(), tenant_id.bytes)


def _faults(given: ProviderInput) -> list[InputError]:
    faults = []
    if not given.name.strip():
        faults.append(InputError("/name", "name_missing", "Give the name that the sign-in button shows."))
    try:
        check_url(given.issuer, load_sso_networks())
    except AddressForbidden as reason:
        faults.append(InputError("/issuer", "issuer_forbidden", str(reason)))
    if "?" in given.issuer:
        faults.append(InputError("/issuer", "issuer_forbidden", "An issuer's address has no query."))
    for name in ("client_id", "client_secret"):
        said = getattr(given, name)
        if (name == "client_id" or said) and not _TEXT.fullmatch(said):
            faults.append(InputError(f"/{name}", f"{name}_invalid", "Give it as the provider shows it: plain ASCII."))
    if given.default_role is not None and given.default_role not in DEFAULT_ROLES:
        detail = f"By default people may be one of {', '.join(DEFAULT_ROLES)}. Let a group name the administrators."
        faults.append(InputError("/default_role", "role_unknown", detail))
    if given.create_missing and given.default_role is None and not given.group_roles:
        detail = "Say what new users are: a default role, or roles by groups."
        faults.append(InputError("/default_role", "role_missing", detail))
    if given.group_roles and not given.groups_claim.strip():
        faults.append(InputError("/groups_claim", "claim_missing", "Name the claim that has the groups."))
    return faults + _group_faults(given.group_roles)


def _group_faults(rules: Sequence[tuple[str, str]]) -> list[InputError]:
    if len(rules) > GROUPS_MAX:
        return [InputError("/group_roles", "too_many", f"Use at most {GROUPS_MAX} groups.")]
    faults, seen = [], set[str]()
    for index, (group, role) in enumerate(rules):
        if not group.strip():
            faults.append(InputError(f"/group_roles/{index}/group", "group_missing", "Name the group."))
        elif group.strip() in seen:
            faults.append(InputError(f"/group_roles/{index}/group", "rule_twice", f"'{group}' stands there twice."))
        seen.add(group.strip())
        if role not in GROUP_ROLES:
            detail = f"Use one of {', '.join(GROUP_ROLES)}."
            faults.append(InputError(f"/group_roles/{index}/role", "role_unknown", detail))
    return faults
