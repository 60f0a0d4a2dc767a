"""Who is behind a key or a cookie; global tables only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import Select, bindparam, func, select, true
from sqlalchemy.orm import Session

from core.db import driver_text
from core.errors import NotFound
from core.scope import VENDOR_ID
from tenants.invitations import mark_of
from tenants.models import ApiKey, IdempotencyRecord, Tenant, UserAccount, UserSession
from tenants.principal import Principal
from tenants.roles import permissions_of

__all__ = (
    "Account",
    "KeyView",
    "KnownKey",
    "Login",
    "UserView",
    "ask_key",
    "find_account",
    "find_key",
    "find_login",
    "get_account",
    "get_key",
    "house_of",
    "keys_of",
    "password_allowed",
    "password_mark",
    "principal_of_cookie",
    "users_of",
)


@dataclass(frozen=True, slots=True)
class Login:
    """What a sign-in is checked against."""

    user_id: UUID
    password_hash: str | None
    password_allowed: bool
    """Their organisation lets people in by password."""


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as administrators see it."""

    id: UUID
    email: str
    name: str
    role: str
    cost_centre: str | None
    active: bool
    has_password: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key without its secret, and whom it acts for."""

    id: UUID
    name: str
    hint: str
    scopes: tuple[str, ...]
    user_id: UUID
    email: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def status(self, now: datetime) -> str:
        """Return `revoked`, `expired` or `active`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that opens, whom it acts for, and when it was noted to be used."""

    id: UUID
    last_used_at: datetime | None
    principal: Principal


@dataclass(frozen=True, slots=True)
class Account:
    """A user as access is given and ended."""

    id: UUID
    tenant_id: UUID | None
    email: str
    role: str
    active: bool
    has_password: bool

    @property
    def scope_id(self) -> UUID:
        """Under which tenant's rows what is theirs stands: their customer's, or the vendor's."""
        return self.tenant_id or VENDOR_ID


_ACCOUNT = (
    UserAccount.id, UserAccount.tenant_id, UserAccount.email, UserAccount.role, UserAccount.active,
    UserAccount.password_hash.is_not(None),
)  # fmt: skip


def find_account(session: Session, email: str) -> Account | None:
    """Return the user of that e-mail address, active or not."""
    row = session.execute(select(*_ACCOUNT).where(UserAccount.email == email.strip().lower())).one_or_none()
    return Account(*row) if row else None


def get_account(session: Session, user_id: UUID) -> Account:
    """Return a user that there is."""
    return Account(*session.execute(select(*_ACCOUNT).where(UserAccount.id == user_id)).one())


def house_of(session: Session, account: Account) -> str:
    """Return whose person a user is, as one tells them: the customer's name, or that of this service."""
    if account.tenant_id is None:
        return "Tollbook"
    return str(session.execute(select(Tenant.name).where(Tenant.id == account.tenant_id)).scalar_one())


def password_mark(session: Session, user_id: UUID) -> bytes:
    """Return the mark of the password that a user has now (`tenants.invitations`)."""
    return mark_of(session.execute(select(UserAccount.password_hash).where(UserAccount.id == user_id)).scalar_one())


def accounts_of(session: Session, tenant_id: UUID) -> tuple[Account, ...]:
    """Return a customer's users by e-mail, active or not."""
    query = select(*_ACCOUNT).where(UserAccount.tenant_id == tenant_id).order_by(UserAccount.email)
    return tuple(Account(*row) for row in session.execute(query))


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
        select(UserAccount.id, UserAccount.password_hash, func.coalesce(Tenant.password_allowed, true()))
        .outerjoin(Tenant, Tenant.id == UserAccount.tenant_id)
        .where(UserAccount.email == email, UserAccount.active)
    ).one_or_none()
    return Login(*row) if row else None


def password_allowed(session: Session, tenant_id: UUID) -> bool:
    """Return whether a customer lets people in by password."""
    return bool(session.execute(select(Tenant.password_allowed).where(Tenant.id == tenant_id)).scalar_one())


_OPENING = (
    select(ApiKey.id, ApiKey.last_used_at, ApiKey.scopes, *_USER)
    .join(UserAccount, UserAccount.id == ApiKey.user_id)
    .where(ApiKey.token_hash == bindparam("token_hash"), ApiKey.revoked_at.is_(None), UserAccount.active)
    .where(ApiKey.expires_at.is_(None) | (ApiKey.expires_at > bindparam("now")))
)
_OPENING_TEXT = driver_text(_OPENING)


def find_key(session: Session, token_hash: bytes, now: datetime) -> KnownKey | None:
    """Return the key of that digest if it is neither revoked nor expired, and its user is active."""
    row = session.execute(_OPENING, {"token_hash": token_hash, "now": now}).one_or_none()
    return None if row is None else _known_key(row)


async def ask_key(connection: AsyncConnection[Any], token_hash: bytes, now: datetime) -> KnownKey | None:
    """Return what `find_key` does, in the event loop."""
    cursor = await connection.execute(_OPENING_TEXT, {"token_hash": token_hash, "now": now})
    row = await cursor.fetchone()
    return None if row is None else _known_key(row)


def _known_key(row: Sequence[Any]) -> KnownKey:
    key_id, last_used_at, scopes, user_id, name, email, role, tenant_id, cost_centre = row
    allowed = frozenset(scope for scope in scopes if scope in permissions_of(role))
    return KnownKey(key_id, last_used_at, Principal(user_id, name, email, role, tenant_id, cost_centre, allowed))


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
            UserAccount.password_hash.is_not(None),
            UserAccount.created_at,
        )
        .where(UserAccount.tenant_id == tenant_id if tenant_id else UserAccount.tenant_id.is_(None))
        .order_by(UserAccount.email)
    )
    return tuple(UserView(*row) for row in rows)


_KEY = (
    ApiKey.id,
    ApiKey.name,
    ApiKey.hint,
    ApiKey.scopes,
    ApiKey.user_id,
    UserAccount.email,
    UserAccount.role,
    ApiKey.created_at,
    ApiKey.expires_at,
    ApiKey.revoked_at,
    ApiKey.last_used_at,
)


def _keys(tenant_id: UUID | None) -> Select[Any]:
    return (
        select(*_KEY)
        .join(UserAccount, UserAccount.id == ApiKey.user_id)
        .where(UserAccount.tenant_id == tenant_id if tenant_id else UserAccount.tenant_id.is_(None))
    )


def keys_of(
    session: Session, tenant_id: UUID | None, before: UUID | None = None, limit: int = 50
) -> tuple[KeyView, ...]:
    """Return the keys of a tenant's users, or of the vendor's own for None, newest first, after a cursor."""
    query = _keys(tenant_id).order_by(ApiKey.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ApiKey.id < before)
    return tuple(_key_view(row) for row in session.execute(query))


def get_key(session: Session, tenant_id: UUID | None, key_id: UUID) -> KeyView:
    """Return one of these keys.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    row = session.execute(_keys(tenant_id).where(ApiKey.id == key_id)).one_or_none()
    if row is None:
        raise NotFound("key", key_id)
    return _key_view(row)


def _key_view(row: Any) -> KeyView:
    key_id, name, hint, scopes, *rest = row
    return KeyView(key_id, name, hint, tuple(scopes), *rest)


@dataclass(frozen=True, slots=True)
class Answer:
    """The stored first answer to a request with an Idempotency-Key."""

    request_hash: bytes
    scopes: frozenset[str]
    status: int
    body: bytes


def stored_answer(session: Session, tenant_id: UUID, key: str, route: str) -> Answer | None:
    """Return the first answer, if there is one."""
    row = session.execute(
        select(
            IdempotencyRecord.request_hash, IdempotencyRecord.scopes, IdempotencyRecord.status, IdempotencyRecord.body
        ).where(
            IdempotencyRecord.tenant_id == tenant_id, IdempotencyRecord.key == key, IdempotencyRecord.route == route
        )
    ).one_or_none()
    if row is None or row.status is None or row.body is None:
        return None
    return Answer(row.request_hash, frozenset(row.scopes), row.status, row.body)
