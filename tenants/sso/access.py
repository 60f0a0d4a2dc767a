"""Who comes in as what, and whether anybody still could (pure)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.roles import GROUP_ROLES, Role

__all__ = ("Administrator", "Identity", "identity_of", "keeps_role", "role_by_groups", "some_could_enter")

TEXT_MAX = 320
GROUPS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider names. `email` only where the provider verified it; `groups` None where it can't be told."""

    issuer: str
    subject: str
    name: str
    email: str
    unverified: str
    """An address that the provider sent and did not verify: for the refusal's text, and for nothing else."""
    groups: tuple[str, ...] | None


def identity_of(claims: Mapping[str, Any], groups_claim: str) -> Identity:
    """Read what matters of claims that are proven; `iss` and `sub` are in them.

    >>> claims = {"iss": "https://id.example", "sub": "7", "email": "Ann@acme.example", "email_verified": True}
    >>> ann = identity_of(claims | {"groups": ["a", 1]}, "groups")
    >>> ann.name, ann.email, ann.groups
    ('ann', 'ann@acme.example', ('a',))
    >>> identity_of(claims | {"email_verified": False}, "groups").email
    ''
    """
    said = claims.get("email")
    email = said.strip().lower() if isinstance(said, str) and "@" in said and len(said) <= TEXT_MAX else ""
    # Some providers write the truth value as text.
    verified = claims.get("email_verified") in (True, "true")
    named = claims.get("name")
    name = named.strip()[:200] if isinstance(named, str) and named.strip() else email.partition("@")[0]
    return Identity(
        claims["iss"], claims["sub"], name, email if verified else "", "" if verified else email,
        _groups(claims, groups_claim),
    )  # fmt: skip


def _groups(claims: Mapping[str, Any], claim: str) -> tuple[str, ...] | None:
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, Mapping) and claim in elsewhere:
        return None  # too many to fit, as Entra has it: "none" would take roles away
    said = claims.get(claim, ())
    if isinstance(said, str):
        said = (said,)
    return tuple(one for one in said if isinstance(one, str))[:GROUPS_MAX] if isinstance(said, list | tuple) else ()


def role_by_groups(group_roles: Sequence[tuple[str, str]], groups: Collection[str], default: str | None) -> str | None:
    """Return the strongest role that the groups give, else the default; groups are told apart by case.

    >>> rules = [("Finance", "tenant_finance"), ("IT", "tenant_admin")]
    >>> role_by_groups(rules, ["IT", "Finance"], None), role_by_groups(rules, ["it"], "tenant_auditor")
    (<Role.TENANT_ADMIN: 'tenant_admin'>, 'tenant_auditor')
    """
    given = {role for group, role in group_roles if group in groups}
    return next((rank for rank in GROUP_ROLES if rank in given), default)


@dataclass(frozen=True, slots=True)
class Administrator:
    """An active administrator of a customer, and by what they could come in."""

    user_id: UUID
    has_password: bool
    linked: bool
    """They signed in by the present issuer before."""


def some_could_enter(administrators: Collection[Administrator], *, by_password: bool, by_provider: bool) -> bool:
    """Tell whether an administrator could sign in: by a password, or by a provider that let them in before."""
    return any((one.has_password and by_password) or (one.linked and by_provider) for one in administrators)


def keeps_role(held: str) -> bool:
    """Tell whether groups leave a role alone: a cost-centre owner hangs on a centre, which no group names."""
    return held == Role.COST_CENTRE_OWNER
