"""/v1/users of a customer: listed, invited by mail, changed, shut out, and let choose another password."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, patch, post
from litestar.datastructures import State
from sqlalchemy.orm import Session

from core.clock import utc_now
from tenants.actions.create_user import UserInput, create_user
from tenants.actions.invite_user import Invitee, send_password_link
from tenants.actions.issue_api_key import owner_of
from tenants.principal import Principal, require
from tenants.reads import TenantView, UserView, users_of
from tenants.roles import Permission
from tenants.schemas import Text, UserAnswer, UserBody
from tenants.sso.actions.keep_users import change_user, invite, user_named

__all__ = ("language_of", "route_handlers")


class InviteeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be a user, as what; a cost-centre owner, and nobody else, has a centre."""

    email: Text
    name: Text
    role: Text
    cost_centre: Text | None = None


class UserChange(msgspec.Struct, forbid_unknown_fields=True):
    """Another role, and whether the user may come in; what is left out stays."""

    role: Text | None = None
    active: bool | None = None


class UserLine(msgspec.Struct):
    """A user; one without a password was invited and has not come in yet, or comes in by the provider."""

    id: UUID
    email: str
    name: str
    role: str
    cost_centre: str | None
    active: bool
    has_password: bool

    @classmethod
    def of(cls, user: UserView) -> "UserLine":
        """Return the answer for a user."""
        return cls(user.id, user.email, user.name, user.role, user.cost_centre, user.active, user.has_password)


class UserController(Controller):
    """Who signs in, as what. Whoever decides that of a customer's people gives roles: it takes `sso:write`."""

    path = "/v1/users"
    tags = ("access",)

    @get(sync_to_thread=True)
    def listed(self, principal: Principal, session: Session, tenant: TenantView) -> list[UserLine]:
        """List a customer's users by e-mail."""
        require(principal, Permission.SSO_WRITE)
        return [UserLine.of(user) for user in users_of(session, tenant.id)]

    @post(sync_to_thread=True)
    def add(self, principal: Principal, session: Session, data: UserBody) -> UserAnswer:
        """Create a user of the acting tenant, or of the vendor where none is named, with a password or none."""
        require(principal, Permission.TENANTS_WRITE)
        user = UserInput(data.email, data.name, data.role, owner_of(session), data.cost_centre, data.password)
        return UserAnswer(create_user(session, user, principal.actor, utc_now()))

    @post("/invitations", sync_to_thread=True)
    def invite(
        self, request: Request[Any, Any, State], principal: Principal, session: Session, tenant: TenantView,
        data: InviteeBody,
    ) -> UserAnswer:  # fmt: skip
        """Make a user, who gets a mail (in the language of `Accept-Language`) with a link to choose a password."""
        require(principal, Permission.SSO_WRITE)
        who = Invitee(data.email, data.name, data.role, data.cost_centre, language_of(request))
        return UserAnswer(invite(session, tenant, who, principal.actor))

    @patch("/{user_id:uuid}", sync_to_thread=True)
    def change(
        self, principal: Principal, session: Session, tenant: TenantView, user_id: UUID, data: UserChange
    ) -> UserLine:
        """Give a user another role, shut them out with all browsers and keys, or let them in again."""
        require(principal, Permission.SSO_WRITE)
        done = change_user(
            session, tenant.id, user_id, role=data.role, active=data.active, actor=principal.actor
        )  # fmt: skip
        return UserLine.of(done)

    @post("/{user_id:uuid}/password-link", sync_to_thread=True, status_code=202)
    def send_link(
        self, request: Request[Any, Any, State], principal: Principal, session: Session, tenant: TenantView,
        user_id: UUID,
    ) -> None:  # fmt: skip
        """Send a user a link by which they choose another password; until then the old one holds."""
        require(principal, Permission.SSO_WRITE)
        user = user_named(session, tenant.id, user_id)
        send_password_link(session, user.id, language_of(request), principal.actor)


def language_of(request: Request[Any, Any, State]) -> str:
    """Return in which languages an answer is wished."""
    return request.headers.get("accept-language", "")[:100]


route_handlers = (UserController,)
