"""The address of the directory (SCIM) in the admin workspace: where it calls, and what its groups stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import connect_tabs
from app.pages.environment import role_name
from app.pages.formats import quantity
from app.pages.frame import Crumb
from app.pages.sales.policy_words import audience_name
from app.pages.visit import TenantVisit
from core.errors import Refused
from plans.licensing.seats.reads import all_pools
from tenants.directory.actions.set_group_rules import KINDS, set_group_rules
from tenants.directory.reads import Rule, count_groups, count_users, group_rules, groups_named, groups_where
from tenants.people import AUDIENCES
from tenants.roles import GROUP_ROLES, Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
GROUPS_OFFERED = 200
"""So many names of groups are offered to choose from; others are typed."""


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
        rules=_rules(visit, names), kinds=[(kind, names[kind]) for kind in KINDS],
        sent=[group.display_name for group in groups_where(visit.session, visit.tenant.id, {}, 0, GROUPS_OFFERED)],
        targets=_targets(visit), keys=f"/admin/{visit.tenant.slug}/keys", tabs=connect_tabs(visit, "directory"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _RuleView:
    """What a group stands for, in words; and whether the directory has sent a group of that name."""

    group: str
    kind: str
    words: str
    sent: bool


def _rules(visit: TenantVisit, names: Mapping[str, str]) -> list[_RuleView]:
    rules, called = group_rules(visit.session, visit.tenant.id), dict(_targets(visit))
    wanted = {rule.group.casefold() for rule in rules}
    sent = {group.display_name.casefold() for group in groups_named(visit.session, visit.tenant.id, wanted)}
    return [
        _RuleView(
            rule.group, rule.kind, f"{names[rule.kind]}: {called.get(rule.target, rule.target)}",
            rule.group.casefold() in sent,
        )
        for rule in rules
    ]  # fmt: skip


def _targets(visit: TenantVisit) -> list[tuple[str, str]]:
    """Return what a group may stand for, each with what it is called."""
    audiences = [(one, audience_name(one)) for one in AUDIENCES]
    roles = [(str(role), role_name(role)) for role in GROUP_ROLES]
    return [*audiences, *roles, *((pool.key, pool.name) for pool in all_pools(visit.session, visit.tenant.id))]


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/directory"


route_handlers = (shown, add_rule, remove_rule)
