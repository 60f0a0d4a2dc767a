"""POST /v1/people/{key}/deactivate and /reactivate: somebody leaves, or is back, without a directory to say so."""

from uuid import UUID

from litestar import Controller, post
from msgspec import Struct
from sqlalchemy.orm import Session

from tenants.actions.deactivate_person import let_leave, let_return
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("LeavingController",)


class LeavingAnswer(Struct):
    """How it stands with somebody now."""

    person_id: UUID
    active: bool


class LeavingController(Controller):
    """Somebody leaves, or comes back."""

    path = "/v1/people"
    tags = ("people",)

    @post("/{key:str}/deactivate", sync_to_thread=True, status_code=200)
    def deactivate(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> LeavingAnswer:
        """Let somebody leave now: seats, memberships and leases end, and nobody lets them in. Again changes nothing.

        `key` is the person's id, a key of a sender, external id or e-mail address.
        """
        require(principal, Permission.PEOPLE_WRITE)
        done = let_leave(session, tenant.id, key, principal.actor, tenant_now(session, tenant))
        return LeavingAnswer(done, active=False)

    @post("/{key:str}/reactivate", sync_to_thread=True, status_code=200)
    def reactivate(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> LeavingAnswer:
        """Let somebody who had left be back: the same person, holding nothing of what ended. Again changes nothing."""
        require(principal, Permission.PEOPLE_WRITE)
        done = let_return(session, tenant.id, key, principal.actor, tenant_now(session, tenant))
        return LeavingAnswer(done, active=True)
