"""Selects about providers and who signed in by them; they return frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from tenants.models import Person, UserAccount
from tenants.roles import Role
from tenants.sso.access import Administrator
from tenants.sso.errors import NotSetUp
from tenants.sso.models import SsoLink, SsoProvider

__all__ = (
    "LinkView",
    "ProviderView",
    "administrators",
    "ever_linked",
    "find_provider",
    "has_left",
    "is_linked",
    "linked_user",
    "links",
    "provider_for",
    "provider_of",
)


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A customer's provider, and whom it lets in as what."""

    tenant_id: UUID
    name: str
    issuer: str
    client_id: str
    sealed_secret: bytes | None = field(repr=False)
    enabled: bool
    scopes: str
    link_by_email: bool
    create_missing: bool
    default_role: str | None
    groups_claim: str
    group_roles: tuple[tuple[str, str], ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class LinkView:
    """Who signed in by which provider."""

    user_id: UUID
    email: str
    role: str
    active: bool
    issuer: str
    linked_at: datetime
    used_at: datetime


_PROVIDER = (
    SsoProvider.tenant_id, SsoProvider.name, SsoProvider.issuer, SsoProvider.client_id, SsoProvider.secret,
    SsoProvider.enabled, SsoProvider.scopes, SsoProvider.link_by_email, SsoProvider.create_missing,
    SsoProvider.default_role, SsoProvider.groups_claim, SsoProvider.group_roles, SsoProvider.changed_at,
)  # fmt: skip


def find_provider(session: Session, tenant_id: UUID) -> ProviderView | None:
    """Return a customer's provider, on or off."""
    row = session.execute(select(*_PROVIDER).where(SsoProvider.tenant_id == tenant_id)).one_or_none()
    if row is None:
        return None
    values = list(row)
    values[11] = tuple((one["group"], one["role"]) for one in row.group_roles)
    return ProviderView(*values)


def provider_of(session: Session, tenant_id: UUID, slug: str) -> ProviderView:
    """Return a customer's provider, on or off.

    Raises:
        NotSetUp: there is none (`sso_not_set_up`).
    """
    found = find_provider(session, tenant_id)
    if found is None:
        raise NotSetUp(slug)
    return found


def provider_for(session: Session, tenant_id: UUID, slug: str) -> ProviderView:
    """Return the provider that lets a customer's people in.

    Raises:
        NotSetUp: there is none, or it is off (`sso_not_set_up`).
    """
    found = provider_of(session, tenant_id, slug)
    if not found.enabled:
        raise NotSetUp(slug)
    return found


def linked_user(session: Session, tenant_id: UUID, issuer: str, subject: str) -> UUID | None:
    """Return the user who signed in as that subject before."""
    query = select(SsoLink.user_id).where(
        SsoLink.tenant_id == tenant_id, SsoLink.issuer == issuer, SsoLink.subject == subject
    )
    return session.execute(query).scalar_one_or_none()


def is_linked(session: Session, tenant_id: UUID, issuer: str, user_id: UUID) -> bool:
    """Tell whether some subject of an issuer is that user."""
    query = select(SsoLink.subject).where(
        SsoLink.tenant_id == tenant_id, SsoLink.issuer == issuer, SsoLink.user_id == user_id
    )
    return session.execute(query).first() is not None


def links(session: Session, tenant_id: UUID, after: str = "", limit: int = 500) -> tuple[LinkView, ...]:
    """Return who signed in by a provider, by e-mail address after a cursor."""
    rows = session.execute(
        select(
            UserAccount.id, UserAccount.email, UserAccount.role, UserAccount.active, SsoLink.issuer,
            SsoLink.linked_at, SsoLink.used_at,
        )
        .join(UserAccount, UserAccount.id == SsoLink.user_id)
        .where(SsoLink.tenant_id == tenant_id, UserAccount.email > after)
        .order_by(UserAccount.email, SsoLink.issuer)
        .limit(limit)
    )  # fmt: skip
    return tuple(LinkView(*row) for row in rows)


def ever_linked(session: Session, tenant_id: UUID, user_id: UUID) -> bool:
    """Tell whether a user ever signed in by a provider."""
    query = select(SsoLink.user_id).where(SsoLink.tenant_id == tenant_id, SsoLink.user_id == user_id).limit(1)
    return session.execute(query).first() is not None


def administrators(session: Session, tenant_id: UUID, issuer: str) -> tuple[Administrator, ...]:
    """Return a customer's active administrators, and by what each could come in."""
    linked = select(SsoLink.user_id).where(SsoLink.tenant_id == tenant_id, SsoLink.issuer == issuer)
    rows = session.execute(
        select(UserAccount.id, UserAccount.password_hash.is_not(None), UserAccount.id.in_(linked)).where(
            UserAccount.tenant_id == tenant_id, UserAccount.role == Role.TENANT_ADMIN, UserAccount.active
        )
    )
    return tuple(Administrator(*row) for row in rows)


def has_left(session: Session, tenant_id: UUID, email: str) -> bool:
    """Tell whether an address, in lower case, is that of people who have all left, however they write it."""
    query: Select[Any] = select(Person.active_to).where(
        Person.tenant_id == tenant_id, func.lower(Person.email) == email
    )
    ends = session.execute(query).scalars().all()
    return bool(ends) and all(end is not None for end in ends)
