"""/v1/api-keys: made, shown once, rotated with an overlap, revoked."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from tenants.actions.issue_api_key import KeyWish, issue_api_key, owner_of, rotate_api_key
from tenants.actions.revoke_api_key import revoke_api_key
from tenants.principal import Principal, require
from tenants.reads import keys_of
from tenants.roles import Permission
from tenants.schemas import KeyAnswer, KeyBody, NewKeyAnswer, Page, RotationBody

__all__ = ("KeyController",)

Limit = Annotated[int, Parameter(ge=1, le=500)]


class KeyController(Controller):
    """Keys: what programs ask with."""

    path = "/v1/api-keys"
    tags = ("access",)

    @get(sync_to_thread=True)
    def listed(self, principal: Principal, session: Session, cursor: UUID | None = None, limit: Limit = 50) -> Page:
        """List the keys of the acting tenant's users, newest first; no key shows its secret."""
        require(principal, Permission.CONNECT_WRITE)
        found, now = keys_of(session, owner_of(session), cursor, limit), utc_now()
        return Page([KeyAnswer.of(key, now) for key in found], str(found[-1].id) if len(found) == limit else None)

    @post(sync_to_thread=True)
    def add(self, principal: Principal, session: Session, data: KeyBody) -> NewKeyAnswer:
        """Make a key for oneself, or for a user of the acting tenant (`tenants:write`); its token is shown this once.

        One's own key never reaches further than what it is asked with.
        """
        require(principal, Permission.CONNECT_WRITE)
        scopes = tuple(data.scopes) if data.scopes is not None else None
        made = issue_api_key(session, principal, KeyWish(data.name, data.email, scopes, data.expires_at), utc_now())
        return NewKeyAnswer(made.id, made.token, made.hint, data.expires_at)

    @post("/{key_id:uuid}/rotate", sync_to_thread=True)
    def rotate(self, principal: Principal, session: Session, key_id: UUID, data: RotationBody) -> NewKeyAnswer:
        """Make a key like this one; the old one goes on working for `overlap_hours`, then it has expired."""
        require(principal, Permission.CONNECT_WRITE)
        overlap = timedelta(hours=data.overlap_hours)
        made, ends = rotate_api_key(session, principal, key_id, overlap, utc_now())
        return NewKeyAnswer(made.id, made.token, made.hint, ends)

    @delete("/{key_id:uuid}", sync_to_thread=True)
    def revoke(self, principal: Principal, session: Session, key_id: UUID) -> None:
        """Revoke a key: within two seconds it is refused everywhere. It stays in the list."""
        require(principal, Permission.CONNECT_WRITE)
        revoke_api_key(session, key_id, principal.actor, utc_now())
