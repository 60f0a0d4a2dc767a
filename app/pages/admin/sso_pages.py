"""Single sign-on in the admin workspace: which provider, whom it lets in as what, and whether it works."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import connect_tabs
from app.pages.admin.sso import LINKS_SHOWN, links_table, said_of, wish_of
from app.pages.environment import role_name
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit, confirm_word
from core.clock import utc_now
from core.errors import Refused
from tenants.reads import password_allowed
from tenants.roles import GROUP_ROLES, Permission
from tenants.sso.actions.set_provider import DEFAULT_ROLES, remove_provider, set_provider, unlink_user
from tenants.sso.actions.try_provider import Finding, try_provider
from tenants.sso.api import redirect_uri_of
from tenants.sso.reads import find_provider, links, provider_of

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/admin/{tenant_slug:str}/sso", sync_to_thread=True)
def shown(visit: TenantVisit) -> Response[str]:
    """The provider, or the form for one."""
    visit.need(Permission.SSO_WRITE)
    return _answer(visit)


@post("/admin/{tenant_slug:str}/sso", sync_to_thread=True)
def change(visit: TenantVisit, data: Form) -> Answer:
    """Set it up, or change it."""
    actor = visit.principal.actor
    return _act(visit, lambda: set_provider(visit.session, visit.tenant.id, wish_of(data), actor, utc_now()), data)


@post("/admin/{tenant_slug:str}/sso/test", sync_to_thread=True)
def test(visit: TenantVisit) -> Response[str]:
    """Ask the provider what it is and whether it accepts the client; say what is wrong."""
    visit.need(Permission.SSO_WRITE)
    provider = provider_of(visit.session, visit.tenant.id, visit.tenant.slug)
    return _answer(visit, findings=try_provider(provider, redirect_uri_of(visit.request, visit.tenant.slug)))


@post("/admin/{tenant_slug:str}/sso/remove", sync_to_thread=True)
def remove(visit: TenantVisit, data: Form) -> Answer:
    """Forget it."""

    def act() -> None:
        confirm_word(data, _("remove"))
        remove_provider(visit.session, visit.tenant.id, visit.principal.actor)

    return _act(visit, act)


@post("/admin/{tenant_slug:str}/sso/links/{user_id:uuid}/remove", sync_to_thread=True)
def unlink(visit: TenantVisit, user_id: UUID) -> Answer:
    """Forget by which account of the provider somebody signs in."""
    return _act(visit, lambda: unlink_user(visit.session, visit.tenant.id, user_id, visit.principal.actor))


def _act(visit: TenantVisit, act: Callable[[], None], said: dict[str, str] | None = None) -> Answer:
    visit.need(Permission.SSO_WRITE)
    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _answer(visit, done, said)
    return Redirect(f"/admin/{visit.tenant.slug}/sso", status_code=303)


def _answer(
    visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None,
    findings: tuple[Finding, ...] = (),
) -> Response[str]:  # fmt: skip
    provider, base = find_provider(visit.session, visit.tenant.id), f"/admin/{visit.tenant.slug}/sso"
    found = links(visit.session, visit.tenant.id, limit=LINKS_SHOWN)
    return visit.page(
        "admin/sso.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Single sign-on"))),
        status=refusal.status if refusal else 200, refusal=refusal, base=base, provider=provider, findings=findings,
        said=said_of(provider, password_allowed(visit.session, visit.tenant.id), said),
        redirect_uri=redirect_uri_of(visit.request, visit.tenant.slug), tabs=connect_tabs(visit, "sso"),
        steps={"description": _("Description"), "keys": _("Keys"), "client": _("Client id and secret")},
        group_roles=[(str(role), role_name(role)) for role in GROUP_ROLES],
        default_roles=[(str(role), role_name(role)) for role in DEFAULT_ROLES],
        begin=f"/sign-in?at={visit.tenant.slug}", links=links_table(found, visit.tenant.tz), linked=found,
    )  # fmt: skip


route_handlers = (shown, change, test, remove, unlink)
