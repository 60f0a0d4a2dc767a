"""/v1/sso: which provider lets a customer's people in, as what, and whether it works."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, post, put
from litestar.datastructures import State
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from tenants.principal import Principal, require
from tenants.reads import TenantView, password_allowed
from tenants.roles import Permission
from tenants.schemas import Page
from tenants.sso.actions.set_provider import ProviderInput, remove_provider, set_provider, unlink_user
from tenants.sso.actions.try_provider import Finding, try_provider
from tenants.sso.reads import LinkView, ProviderView, links, provider_of

__all__ = ("redirect_uri_of", "route_handlers")

Req = Request[Any, Any, State]
Limit = Annotated[int, Parameter(ge=1, le=500)]
Text = Annotated[str, msgspec.Meta(max_length=500)]


class GroupRole(msgspec.Struct, forbid_unknown_fields=True):
    """A group by the exact name or id that the provider sends, and what its members are here."""

    group: Text
    role: Text


class SsoBody(msgspec.Struct, forbid_unknown_fields=True):
    """A provider. Without `client_secret` the one that is there stays; `""` is a client without one."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    client_id: Text
    client_secret: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    enabled: bool = True
    scopes: Text = ""
    link_by_email: bool = False
    create_missing: bool = False
    default_role: str | None = None
    groups_claim: Annotated[str, msgspec.Meta(max_length=200)] = "groups"
    group_roles: list[GroupRole] = []
    password_allowed: bool = True


class SsoAnswer(msgspec.Struct):
    """A provider as it is set up; the secret is never shown."""

    name: str
    issuer: str
    client_id: str
    has_secret: bool
    enabled: bool
    scopes: str
    link_by_email: bool
    create_missing: bool
    default_role: str | None
    groups_claim: str
    group_roles: list[GroupRole]
    password_allowed: bool
    redirect_uri: str
    """What is to be entered at the provider."""
    changed_at: datetime

    @classmethod
    def of(cls, view: ProviderView, allowed: bool, redirect_uri: str) -> "SsoAnswer":
        """Return the view as JSON shows it."""
        return cls(
            view.name, view.issuer, view.client_id, view.sealed_secret is not None, view.enabled, view.scopes,
            view.link_by_email, view.create_missing, view.default_role, view.groups_claim,
            [GroupRole(*one) for one in view.group_roles], allowed, redirect_uri, view.changed_at,
        )  # fmt: skip


class FindingAnswer(msgspec.Struct):
    """One step of a trial: `ok` null where it could not be told."""

    step: str
    ok: bool | None
    detail: str

    @classmethod
    def of(cls, found: Finding) -> "FindingAnswer":
        """Return the finding as JSON shows it."""
        return cls(found.step, found.well, found.detail)


class LinkAnswer(msgspec.Struct):
    """A user who signed in by a provider."""

    user_id: UUID
    email: str
    role: str
    active: bool
    issuer: str
    linked_at: datetime
    used_at: datetime

    @classmethod
    def of(cls, view: LinkView) -> "LinkAnswer":
        """Return the view as JSON shows it."""
        return cls(view.user_id, view.email, view.role, view.active, view.issuer, view.linked_at, view.used_at)


def redirect_uri_of(request: Req, slug: str) -> str:
    """Return where a customer's provider sends people back to: an address of that customer's alone.

    So an answer that was meant for another customer arrives at another address.
    """
    root = request.app.state.get("public_url") or str(request.base_url).rstrip("/")
    return f"{root}/sign-in/sso/{slug}/callback"


class SsoController(Controller):
    """Single sign-on by OpenID Connect."""

    path = "/v1/sso"
    tags = ("access",)

    @get(sync_to_thread=True)
    def shown(self, request: Req, principal: Principal, session: Session, tenant: TenantView) -> SsoAnswer:
        """Show the provider."""
        require(principal, Permission.SSO_WRITE)
        return _answer(request, session, tenant)

    @put(sync_to_thread=True)
    def change(
        self, request: Req, principal: Principal, session: Session, tenant: TenantView, data: SsoBody
    ) -> SsoAnswer:
        """Set the provider up, or change it; switching passwords off takes an administrator who signed in by it."""
        require(principal, Permission.SSO_WRITE)
        given = {name: getattr(data, name) for name in SsoBody.__struct_fields__}
        pairs = tuple((one.group, one.role) for one in data.group_roles)
        set_provider(session, tenant.id, ProviderInput(**given | {"group_roles": pairs}), principal.actor, utc_now())
        return _answer(request, session, tenant)

    @delete(sync_to_thread=True)
    def remove(self, principal: Principal, session: Session, tenant: TenantView) -> None:
        """Forget the provider; nobody is signed out."""
        require(principal, Permission.SSO_WRITE)
        remove_provider(session, tenant.id, principal.actor)

    @post("/test", sync_to_thread=True, status_code=200)
    def test(self, request: Req, principal: Principal, session: Session, tenant: TenantView) -> list[FindingAnswer]:
        """Ask the provider for its description and keys, and whether it accepts the client; nobody signs in."""
        require(principal, Permission.SSO_WRITE)
        found = try_provider(provider_of(session, tenant.id, tenant.slug), redirect_uri_of(request, tenant.slug))
        return [FindingAnswer.of(one) for one in found]

    @get("/links", sync_to_thread=True)
    def linked(
        self, principal: Principal, session: Session, tenant: TenantView, cursor: str = "", limit: Limit = 50
    ) -> Page:
        """List who signed in by a provider, by e-mail address."""
        require(principal, Permission.SSO_WRITE)
        found = links(session, tenant.id, cursor, limit)
        return Page([LinkAnswer.of(one) for one in found], found[-1].email if len(found) == limit else None)

    @delete("/links/{user_id:uuid}", sync_to_thread=True)
    def unlink(self, principal: Principal, session: Session, tenant: TenantView, user_id: UUID) -> None:
        """Forget by which account of the provider a user signs in, for instance after they got another there."""
        require(principal, Permission.SSO_WRITE)
        unlink_user(session, tenant.id, user_id, principal.actor)


def _answer(request: Req, session: Session, tenant: TenantView) -> SsoAnswer:
    allowed = password_allowed(session, tenant.id)
    return SsoAnswer.of(provider_of(session, tenant.id, tenant.slug), allowed, redirect_uri_of(request, tenant.slug))


route_handlers = (SsoController,)
