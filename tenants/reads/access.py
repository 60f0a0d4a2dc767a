"""Who is behind a key or a cookie; global tables only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenants.models import ApiKey, IdempotencyRecord, UserAccount, UserSession
from tenants.principal import Principal
from tenants.roles import permissions_of

__all__ = (
    "KeyView",
    "Login",
    "UserView",
    "find_login",
    "keys_of",
    "principal_of_cookie",
    "principal_of_key",
    "users_of",
)


@dataclass(frozen=True, slots=True)
class Login:
    """What a sign-in is checked against."""

    user_id: UUID
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as administrators see it."""

    id: UUID
    email: str
    name: str
    role: str
    cost_centre: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key without its secret."""

    id: UUID
    name: str
    hint: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


_USER = (
    UserAccount.id,
    UserAccount.name,
    UserAccount.email,
    UserAccount.role,
    UserAccount.tenant_id,
    UserAccount.cost_centre,
)


def find_login(session: Session, email: str) -> Login | None:
    """Return the active user of that e-mail address, if any."""
    row = session.execute(
        select(UserAccount.id, UserAccount.password_hash).where(UserAccount.email == email, UserAccount.active)
    ).one_or_none()
    return Login(*row) if row else None


def principal_of_key(session: Session, token_hash: bytes, now: datetime) -> tuple[UUID, Principal] | None:
    """Return key id and principal of a key that is neither revoked nor expired, of an active user."""
    row = session.execute(
        select(ApiKey.id, ApiKey.scopes, *_USER)
        .join(UserAccount, UserAccount.id == ApiKey.user_id)
        .where(ApiKey.token_hash == token_hash, ApiKey.revoked_at.is_(None), UserAccount.active)
        .where(ApiKey.expires_at.is_(None) | (ApiKey.expires_at > now))
    ).one_or_none()
    if row is None:
        return None
    key_id, scopes, user_id, name, email, role, tenant_id, cost_centre = row
    allowed = frozenset(scope for scope in scopes if scope in permissions_of(role))
    return key_id, Principal(user_id, name, email, role, tenant_id, cost_centre, allowed)


def principal_of_cookie(session: Session, token_hash: bytes, now: datetime) -> Principal | None:
    """Return the principal of a signed-in browser whose session has not expired."""
    row = session.execute(
        select(UserSession.csrf_token, *_USER)
        .join(UserAccount, UserAccount.id == UserSession.user_id)
        .where(UserSession.token_hash == token_hash, UserSession.expires_at > now, UserAccount.active)
    ).one_or_none()
    if row is None:
        return None
    csrf_token, user_id, name, email, role, tenant_id, cost_centre = row
    scopes = frozenset(permission.value for permission in permissions_of(role))
    return Principal(user_id, name, email, role, tenant_id, cost_centre, scopes, csrf_token)


def users_of(session: Session, tenant_id: UUID | None) -> tuple[UserView, ...]:
    """Return the users of a tenant, or the vendor's own for None, by e-mail."""
    rows = session.execute(
        select(
            UserAccount.id,
            UserAccount.email,
            UserAccount.name,
            UserAccount.role,
            UserAccount.cost_centre,
            UserAccount.active,
        )
        .where(UserAccount.tenant_id == tenant_id if tenant_id else UserAccount.tenant_id.is_(None))
        .order_by(UserAccount.email)
    )
    return tuple(UserView(*row) for row in rows)


def keys_of(session: Session, user_id: UUID) -> tuple[KeyView, ...]:
    """Return a user's keys, newest first."""
    rows = session.execute(
        select(
            ApiKey.id,
            ApiKey.name,
            ApiKey.hint,
            ApiKey.scopes,
            ApiKey.expires_at,
            ApiKey.revoked_at,
            ApiKey.last_used_at,
        )
        .where(ApiKey.user_id == user_id)
        .order_by(ApiKey.id.desc())
    )
    return tuple(KeyView(row[0], row[1], row[2], tuple(row[3]), *row[4:]) for row in rows)


@dataclass(frozen=True, slots=True)
class Answer:
    """The stored first answer to a request with an Idempotency-Key."""

    request_hash: bytes
    status: int
    body: bytes


def stored_answer(session: Session, tenant_id: UUID, key: str, route: str) -> Answer | None:
    """Return the first answer, if there is one."""
    row = session.execute(
        select(IdempotencyRecord.request_hash, IdempotencyRecord.status, IdempotencyRecord.body).where(
            IdempotencyRecord.tenant_id == tenant_id, IdempotencyRecord.key == key, IdempotencyRecord.route == route
        )
    ).one_or_none()
    return Answer(row[0], row[1], row[2]) if row and row[1] is not None and row[2] is not None else None
