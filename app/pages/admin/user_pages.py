"""The addresses of users in the admin workspace: invited, given another role, shut out, let choose a password."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import connect_tabs
from app.pages.admin.users import comes_in_by, users_table
from app.pages.environment import role_name
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from core.errors import Refused
from core.settings import mail_server
from tenants.actions.invite_user import Invitee, send_password_link
from tenants.reads import cost_centres, password_allowed, users_of
from tenants.roles import GROUP_ROLES, Permission, Role
from tenants.sso.actions import keep_users
from tenants.sso.actions.keep_users import change_user, user_named
from tenants.sso.reads import links
from tenants.sso.users import language_of

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
INVITED_AS = (*GROUP_ROLES, Role.COST_CENTRE_OWNER)


@get("/admin/{tenant_slug:str}/users", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """Who signs in, as what, and the form to invite somebody."""
    visit.need(Permission.SSO_WRITE)
    return _list_answer(visit)


@post("/admin/{tenant_slug:str}/users", sync_to_thread=True)
def invite(visit: TenantVisit, data: Form) -> Answer:
    """Make a user, who gets a mail with a link to choose a password."""
    visit.need(Permission.SSO_WRITE)
    role = data.get("role", "")
    centre = data.get("cost_centre", "").strip() or None if role == Role.COST_CENTRE_OWNER else None
    who = Invitee(data.get("email", "").strip(), data.get("name", ""), role, centre, language_of(visit.request))
    done = visit.attempt(lambda: keep_users.invite(visit.session, visit.tenant, who, visit.principal.actor))
    if isinstance(done, Refused):
        return _list_answer(visit, done, data)
    return Redirect(f"{_base(visit)}/{done}?done=invited", status_code=303)


@get("/admin/{tenant_slug:str}/users/{user_id:uuid}", sync_to_thread=True)
def one(visit: TenantVisit, user_id: UUID) -> Response[str]:
    """A user: what they may, how they come in, and what can be changed about it."""
    visit.need(Permission.SSO_WRITE)
    return _one_answer(visit, user_id)


@post("/admin/{tenant_slug:str}/users/{user_id:uuid}", sync_to_thread=True)
def change(visit: TenantVisit, user_id: UUID, data: Form) -> Answer:
    """Give a user another role, shut them out or let them in again."""
    visit.need(Permission.SSO_WRITE)
    active = {"shut_out": False, "let_in": True}.get(data.get("act", ""))

    def act() -> None:
        role, actor = data.get("role") or None, visit.principal.actor
        change_user(visit.session, visit.tenant.id, user_id, role=role, active=active, actor=actor)

    return _act(visit, user_id, act, "changed")


@post("/admin/{tenant_slug:str}/users/{user_id:uuid}/password-link", sync_to_thread=True)
def send_link(visit: TenantVisit, user_id: UUID) -> Answer:
    """Send a user a link to choose a password."""
    visit.need(Permission.SSO_WRITE)

    def act() -> None:
        user, language = user_named(visit.session, visit.tenant.id, user_id), language_of(visit.request)
        send_password_link(visit.session, user.id, language, visit.principal.actor)

    return _act(visit, user_id, act, "sent")


def _act(visit: TenantVisit, user_id: UUID, act: Callable[[], None], told: str) -> Answer:
    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _one_answer(visit, user_id, done)
    return Redirect(f"{_base(visit)}/{user_id}?done={told}", status_code=303)


def _list_answer(
    visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None
) -> Response[str]:
    session, tenant = visit.session, visit.tenant
    linked = frozenset(one.email for one in links(session, tenant.id))
    return visit.page(
        "admin/users.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Users"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said or {}, base=_base(visit),
        table=users_table(users_of(session, tenant.id), linked, visit.query, _base(visit), tenant.tz),
        roles=[(str(role), role_name(role)) for role in INVITED_AS], owner=str(Role.COST_CENTRE_OWNER),
        centres=[(one.code, one.name) for one in cost_centres(session, tenant.id, visit.today)],
        passwords=password_allowed(session, tenant.id), unsent=mail_server() is None, tabs=connect_tabs(visit, "users"),
    )  # fmt: skip


def _one_answer(visit: TenantVisit, user_id: UUID, refusal: Refused | None = None) -> Response[str]:
    session, tenant = visit.session, visit.tenant
    user = user_named(session, tenant.id, user_id)
    linked = any(one.email == user.email for one in links(session, tenant.id))
    crumbs = visit.crumbs(Crumb(_("Connect")), Crumb(_("Users"), _base(visit)), Crumb(user.name or user.email))
    done = {
        "invited": _("A mail with a link to choose a password is on its way. The link opens for 14 days.")
        if password_allowed(session, tenant.id) else _("The user is there and comes in by your provider."),
        "changed": _("Done. It holds from the next click on, in all browsers and for all keys of the user."),
        "sent": _("A mail with the link is on its way. Until another password is chosen, the old one holds."),
    }  # fmt: skip
    return visit.page(
        "admin/user.html", "connect", *crumbs, status=refusal.status if refusal else 200, refusal=refusal, user=user,
        told=done.get(visit.query.get("done"), "") if refusal is None else "", ways=comes_in_by(user, linked),
        here=f"{_base(visit)}/{user_id}", roles=[(str(role), role_name(role)) for role in GROUP_ROLES],
        may_change=user.role in GROUP_ROLES, passwords=password_allowed(session, tenant.id),
        unsent=mail_server() is None, tz=tenant.tz,
    )  # fmt: skip


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/users"


route_handlers = (listed, invite, one, change, send_link)
