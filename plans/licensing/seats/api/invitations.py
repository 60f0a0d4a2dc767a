"""Invitations: a seat is taken when one is activated."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from sqlalchemy.orm import Session

from core.errors import Refused
from plans.licensing.seats.actions.invite import InviteInput, activate_invitation, invite, withdraw_invitation
from plans.licensing.seats.reads import find_pool, invitations
from plans.licensing.seats.schemas import (
    ActivationAnswer,
    InvitationAnswer,
    InvitationBody,
    InvitationPage,
    RowAnswer,
)
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("InvitationController",)


class InvitationController(Controller):
    """Invitations to take a seat."""

    path = "/v1"
    tags = ("seats",)

    @get("/seat-pools/{key:str}/invitations", sync_to_thread=True)
    def all(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> InvitationPage:
        """List a pool's invitations, newest first."""
        require(principal, Permission.SEATS_READ)
        pool, now = find_pool(session, tenant.id, key), tenant_now(session, tenant)
        found = invitations(session, tenant.id, pool.key, now)
        links_of = tenant.id if principal.may(Permission.SEATS_WRITE) else None
        return InvitationPage([InvitationAnswer.of(view, links_of) for view in found])

    @post("/seat-pools/{key:str}/invitations", sync_to_thread=True)
    def add(
        self, request: Request[Any, Any, State], principal: Principal, session: Session, tenant: TenantView, key: str,
        data: InvitationBody,
    ) -> InvitationAnswer:  # fmt: skip
        """Invite somebody; until they activate it, it takes no seat."""
        require(principal, Permission.SEATS_WRITE)
        now = tenant_now(session, tenant)
        language = request.headers.get("accept-language", "")[:100] if data.mail else None
        given = InviteInput(data.days, language)
        [made] = invite(session, tenant, key, [data.person], given, principal.actor, now)
        if isinstance(made, Refused):
            raise made
        return InvitationAnswer.of(made, tenant.id)

    @post("/seat-invitations/{invitation_id:uuid}/activate", sync_to_thread=True, status_code=200)
    def activate(
        self, principal: Principal, session: Session, tenant: TenantView, invitation_id: UUID
    ) -> ActivationAnswer:
        """Take the seat, for the suite in which the person accepted; the same again changes nothing."""
        require(principal, Permission.SEATS_WRITE)
        now = tenant_now(session, tenant)
        view, row = activate_invitation(session, tenant, invitation_id, principal.actor, now)
        return ActivationAnswer(InvitationAnswer.of(view), RowAnswer.of(row))

    @delete("/seat-invitations/{invitation_id:uuid}", sync_to_thread=True)
    def withdraw(self, principal: Principal, session: Session, tenant: TenantView, invitation_id: UUID) -> None:
        """Withdraw an open invitation."""
        require(principal, Permission.SEATS_WRITE)
        withdraw_invitation(session, tenant, invitation_id, principal.actor, tenant_now(session, tenant))
