"""Let somebody in: users, their passwords and their keys."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id, new_token
from tenants.actions.record_audit import record_audit
from tenants.errors import KeyInUse
from tenants.models import ApiKey, UserAccount
from tenants.roles import VENDOR_ROLES, Role, permissions_of
from tenants.store import add

__all__ = (
    "KeyInput", "NewKey", "UserInput", "create_api_key", "create_user", "hash_password", "refuse_bad_user",
    "token_hash",
)  # fmt: skip

PASSWORDS = PasswordHasher()
"""argon2id with the library's defaults (RFC 9106's second recommended option)."""

MIN_PASSWORD = 10


@dataclass(frozen=True, slots=True)
class UserInput:
    """A named user; `tenant_id` is None for the vendor's own people."""

    email: str
    name: str
    role: str
    tenant_id: UUID | None = None
    cost_centre: str | None = None
    password: str | None = None
    password_hash: str | None = None
    """Instead of the password, what `hash_password` made of it: hashing is slow on purpose, and who
    sets up many users with one password does it once."""


@dataclass(frozen=True, slots=True)
class KeyInput:
    """A key to be made. `scopes` None means all of the role's; `expires_at` None means no end."""

    user_id: UUID
    role: str
    name: str
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown once."""

    id: UUID
    token: str
    hint: str


def token_hash(token: str) -> bytes:
    """Return what is stored of a token. It has 256 random bits, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def hash_password(password: str) -> str:
    """Return what is stored of a password."""
    return PASSWORDS.hash(password)


def refuse_bad_user(user: UserInput) -> None:
    """Refuse what nobody can be.

    Raises:
        InvalidInput: role and side disagree, or role and centre do, that is no address, or the password is too short
            (`invalid_input`).
    """
    faults = []
    if user.role not in Role.__members__.values():
        faults.append(InputError("/role", "role_unknown", f"Use one of {', '.join(Role)}."))
    elif (Role(user.role) in VENDOR_ROLES) != (user.tenant_id is None):
        faults.append(InputError("/role", "role_side", "The vendor's roles have no tenant, all others have one."))
    if (user.role == Role.COST_CENTRE_OWNER) != (user.cost_centre is not None):
        faults.append(
            InputError("/cost_centre", "cost_centre_missing", "A cost-centre owner, and nobody else, has one.")
        )
    if "@" not in user.email:
        faults.append(InputError("/email", "email_invalid", "Give an e-mail address."))
    if user.password is not None and len(user.password) < MIN_PASSWORD:
        faults.append(InputError("/password", "password_short", f"Use at least {MIN_PASSWORD} characters."))
    if faults:
        raise InvalidInput(*faults)


def create_user(session: Session, user: UserInput, actor: str, now: datetime) -> UUID:
    """Create a user and return the id.

    Raises:
        InvalidInput: nobody can be that (`refuse_bad_user`).
        KeyInUse: the e-mail address is taken (`key_in_use`).
    """
    refuse_bad_user(user)
    user_id = new_id()
    row = UserAccount(
        id=user_id,
        email=user.email.strip().lower(),
        name=user.name,
        role=user.role,
        tenant_id=user.tenant_id,
        cost_centre=user.cost_centre,
        password_hash=hash_password(user.password) if user.password else user.password_hash,
        active=True,
        created_at=now,
    )
    try:
        with session.begin_nested():
            add(session, row)
    except IntegrityError as error:
        raise KeyInUse("e-mail address", user.email) from error
    record_audit(session, session.info["scope"].tenant_id, actor, "create_user", ("user", str(user_id)))
    return user_id


def create_api_key(session: Session, key: KeyInput, actor: str, now: datetime) -> NewKey:
    """Make a key that acts for a user; the token is returned once and stored hashed.

    Args:
        session: scoped to the user's tenant, or to VENDOR_ID for the vendor's people.
        key: whom it acts for and how far.
        actor: who makes it.
        now: the current instant.

    Raises:
        InvalidInput: a scope is not one of the role's, there is no name, or it would have expired
            already (`invalid_input`).
    """
    allowed = permissions_of(key.role)
    wanted = sorted(allowed) if key.scopes is None else list(key.scopes)
    beyond = [scope for scope in wanted if scope not in allowed]
    faults = []
    if not key.name.strip():
        faults.append(InputError("/name", "name_missing", "Name the key after what will use it."))
    if beyond:
        detail = f"{key.role} does not include {', '.join(beyond)}; it includes {', '.join(sorted(allowed))}."
        faults.append(InputError("/scopes", "scope_beyond_role", detail))
    if not wanted:
        faults.append(InputError("/scopes", "scopes_missing", "Choose at least one thing that the key may do."))
    if key.expires_at is not None and key.expires_at <= now:
        faults.append(InputError("/expires_at", "expiry_past", "Choose an end that lies ahead."))
    if faults:
        raise InvalidInput(*faults)
    token = new_token("tb")
    made = NewKey(new_id(), token, f"{token[:7]}…{token[-4:]}")
    add(
        session,
        ApiKey(
            id=made.id,
            token_hash=token_hash(token),
            user_id=key.user_id,
            name=key.name.strip(),
            hint=made.hint,
            scopes=[str(scope) for scope in wanted],
            created_at=now,
            expires_at=key.expires_at,
        ),
    )
    record_audit(session, session.info["scope"].tenant_id, actor, "create_api_key", ("api_key", str(made.id)))
    return made
