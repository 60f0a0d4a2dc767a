"""Make a key for somebody, or a new one in place of an old one: in the name of who asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput, NotFound
from core.scope import VENDOR_ID
from tenants.actions.create_user import KeyInput, NewKey, create_api_key
from tenants.actions.record_audit import record_audit
from tenants.errors import KeyNotActive, KeyNotYours
from tenants.principal import Principal
from tenants.reads import get_key, users_of
from tenants.roles import Permission
from tenants.store import end_key

__all__ = ("KeyWish", "issue_api_key", "owner_of", "rotate_api_key")


@dataclass(frozen=True, slots=True)
class KeyWish:
    """A key as it is asked for. `email` None means who asks; `scopes` None means all they may."""

    name: str
    email: str | None = None
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None


def owner_of(session: Session) -> UUID | None:
    """Return the acting tenant, or None where the vendor acts for itself (the nil id)."""
    tenant_id: UUID = session.info["scope"].tenant_id
    return None if tenant_id == VENDOR_ID else tenant_id


def issue_api_key(session: Session, principal: Principal, wish: KeyWish, now: datetime) -> NewKey:
    """Make a key; its token is returned this once.

    A key acts in its user's name, so that only who may manage users makes one for somebody else, and
    one's own never reaches further than what it is asked with.

    Raises:
        KeyNotYours: it is for somebody else, and the asker may not manage users (`key_not_yours`).
        NotFound: there is no such user here (`not_found`).
        InvalidInput: a scope is beyond the role or beyond the asker, no name, or an end in the past
            (`invalid_input`).
    """
    if wish.email is None or wish.email.strip().lower() == principal.email:
        scopes = tuple(sorted(principal.scopes)) if wish.scopes is None else wish.scopes
        _refuse_reaching_further(scopes, principal)
        user_id, role = principal.user_id, principal.role
    else:
        _refuse_another(principal)
        email, scopes = wish.email.strip().lower(), wish.scopes  # type: ignore[assignment]
        user = next((user for user in users_of(session, owner_of(session)) if user.email == email), None)
        if user is None:
            raise NotFound("user", wish.email)
        user_id, role = user.id, user.role
    return create_api_key(session, KeyInput(user_id, role, wish.name, scopes, wish.expires_at), principal.actor, now)


def rotate_api_key(
    session: Session, principal: Principal, key_id: UUID, overlap: timedelta, now: datetime
) -> tuple[NewKey, datetime | None]:
    """Make a key like an old one, which goes on working for the overlap and then ends.

    A key that ends gets a successor of the same length of life, from now on.

    Returns:
        The new key, and when it ends.

    Raises:
        NotFound: there is no such key here (`not_found`).
        KeyNotYours: it acts for somebody else, and the asker may not manage users (`key_not_yours`).
        KeyNotActive: it is revoked or has expired (`key_not_active`).
        InvalidInput: it reaches further than what it is asked with (`invalid_input`).
    """
    old = get_key(session, owner_of(session), key_id)
    if old.user_id == principal.user_id:
        _refuse_reaching_further(old.scopes, principal)
    else:
        _refuse_another(principal)
    if old.status(now) != "active":
        raise KeyNotActive
    ends = now + (old.expires_at - old.created_at) if old.expires_at else None
    made = create_api_key(session, KeyInput(old.user_id, old.role, old.name, old.scopes, ends), principal.actor, now)
    end_key(session, key_id, now + overlap)
    detail = {"successor": str(made.id), "overlap_s": int(overlap.total_seconds())}
    record_audit(
        session, session.info["scope"].tenant_id, principal.actor, "rotate_api_key", ("api_key", str(key_id)), detail
    )
    return made, ends


def _refuse_another(principal: Principal) -> None:
    if not principal.may(Permission.TENANTS_WRITE):
        raise KeyNotYours


def _refuse_reaching_further(scopes: tuple[str, ...], principal: Principal) -> None:
    beyond = sorted(scope for scope in scopes if scope not in principal.scopes)
    if beyond:
        detail = f"What you ask with does not include {', '.join(beyond)}, so that a new key cannot either."
        raise InvalidInput(InputError("/scopes", "scope_beyond_asker", detail))
