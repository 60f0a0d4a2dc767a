"""The address of the directory (SCIM) in the admin workspace: where it calls, and what its groups stand for."""

from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import connect_tabs
from app.pages.formats import quantity
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from core.errors import Refused
from tenants.directory.actions.set_group_rules import KINDS, set_group_rules
from tenants.directory.reads import Rule, count_groups, count_users, group_rules
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/{tenant_slug:str}/directory", sync_to_thread=True)
def shown(visit: TenantVisit) -> Response[str]:
    """Where a directory sends people, how many came, and what its groups stand for."""
    visit.need(Permission.CONNECT_WRITE)
    return _answer(visit)


@post("/admin/{tenant_slug:str}/directory/rules", sync_to_thread=True)
def add_rule(visit: TenantVisit, data: Form) -> Response[str] | Redirect:
    """Say what a group stands for."""
    visit.need(Permission.CONNECT_WRITE)
    rule = Rule(data.get("group", "").strip(), data.get("kind", ""), data.get("target", "").strip())
    return _set(visit, [*group_rules(visit.session, visit.tenant.id), rule], data)


@post("/admin/{tenant_slug:str}/directory/rules/remove", sync_to_thread=True)
def remove_rule(visit: TenantVisit, data: Form) -> Response[str] | Redirect:
    """Let a group stand for something no longer."""
    visit.need(Permission.CONNECT_WRITE)
    gone = (data.get("group", ""), data.get("kind", ""))
    held = group_rules(visit.session, visit.tenant.id)
    return _set(visit, [rule for rule in held if (rule.group, rule.kind) != gone], {})


def _set(visit: TenantVisit, rules: list[Rule], said: dict[str, str]) -> Response[str] | Redirect:
    session, tenant_id, who = visit.session, visit.tenant.id, visit.principal
    done = visit.attempt(lambda: set_group_rules(session, tenant_id, rules, who, visit.now))
    return _answer(visit, done, said) if isinstance(done, Refused) else Redirect(_base(visit), status_code=303)


def _answer(visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None) -> Response[str]:
    root = visit.request.app.state.get("public_url") or str(visit.request.base_url).rstrip("/")
    names = {"audience": _("Audience"), "role": _("Role"), "pool": _("Seat pool")}
    return visit.page(
        "admin/directory.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Directory"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said or {}, base=_base(visit),
        address=f"{root}/scim/v2", users=quantity(count_users(visit.session, visit.tenant.id, {})),
        groups=quantity(count_groups(visit.session, visit.tenant.id, {})),
        rules=group_rules(visit.session, visit.tenant.id), kinds=[(kind, names[kind]) for kind in KINDS], names=names,
        keys=f"/admin/{visit.tenant.slug}/keys", tabs=connect_tabs(visit, "directory"),
    )  # fmt: skip


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/directory"


route_handlers = (shown, add_rule, remove_rule)
