"""The addresses of xAPI in the admin workspace: what statements mean here, a try-out, and whose accounts are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import connect_tabs
from app.pages.admin.xapi import (
    FIELDS,
    along_table,
    own_rows,
    row_fields,
    silent_table,
    takes_of,
    trial_views,
    types_of,
    wished_row,
)
from app.pages.formats import quantity
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from core.db import Database
from core.errors import InvalidInput, Refused
from core.settings import secret_keys
from metering.actions.change_xapi_mapping import RuleInput, add_directory, put_rule, remove_directory, remove_rule
from metering.actions.remap_statements import Remapped, remap_statements
from metering.reads.statements import tenant_mapping, unmetered_statements
from metering.xapi.sealing import Vault
from metering.xapi.trial import Trial, tried
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
KINDS_SHOWN = 20
LONGEST_TRIAL = 100_000
"""Characters that may be pasted to be tried."""


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody just did on the page, and what came of it."""

    refusal: Refused | None = None
    row: Mapping[str, str] | None = None
    """The form of a row, as it was sent."""
    home_page: str = ""
    statement: str = ""
    trials: tuple[Trial, ...] = ()
    remapped: Remapped | None = None


@get("/admin/{tenant_slug:str}/xapi", sync_to_thread=True)
def shown(visit: TenantVisit) -> Response[str]:
    """The whole mapping; the address may name values for the form of a row."""
    visit.need(Permission.USAGE_READ)
    return _answer(visit, Told())


@post("/admin/{tenant_slug:str}/xapi/try", sync_to_thread=True)
def try_out(visit: TenantVisit, data: Form) -> Response[str]:
    """Say what a statement would become; nothing is stored."""
    visit.need(Permission.USAGE_READ)
    statement = data.get("statement", "")[:LONGEST_TRIAL]
    mapping = tenant_mapping(visit.session, visit.tenant.id)
    try:
        trials = tried(statement.encode(errors="replace"), mapping, visit.now)
    except Refused as refusal:
        return _answer(visit, Told(refusal, statement=statement))
    return _answer(visit, Told(statement=statement, trials=tuple(trials)))


@post("/admin/{tenant_slug:str}/xapi/rows", sync_to_thread=True)
def put_row(visit: TenantVisit, data: Form) -> Answer:
    """Add a row, or put it in the place of the one of the same verb and type."""
    visit.need(Permission.EVENTS_WRITE)

    def act() -> None:
        wanted = RuleInput(wished_row(data), visit.principal.actor, visit.now)
        put_rule(visit.session, visit.tenant.id, wanted)

    done = visit.attempt(act)
    return _answer(visit, Told(done, row=data)) if isinstance(done, Refused) else _back(visit, "own")


@post("/admin/{tenant_slug:str}/xapi/rows/remove", sync_to_thread=True)
def remove_row(visit: TenantVisit, data: Form) -> Answer:
    """Take a row of one's own away: what comes along holds again."""
    visit.need(Permission.EVENTS_WRITE)
    verb, kind, actor = data.get("verb", ""), data.get("activity_type", ""), visit.principal.actor
    done = visit.attempt(lambda: remove_rule(visit.session, visit.tenant.id, verb, kind, actor))
    return _answer(visit, Told(done)) if isinstance(done, Refused) else _back(visit, "own")


@post("/admin/{tenant_slug:str}/xapi/remap", sync_to_thread=True)
def remap(visit: TenantVisit, database: Database, data: Form) -> Response[str]:
    """Look again at statements that made no event, a few thousand at a time."""
    visit.need(Permission.EVENTS_WRITE)
    try:
        done = remap_statements(database, visit.tenant, _instant(data.get("after", "")), Vault(*secret_keys()))
    except Refused as refusal:
        return _answer(visit, Told(refusal))
    return _answer(visit, Told(remapped=done))


@post("/admin/{tenant_slug:str}/xapi/directories", sync_to_thread=True)
def put_directory(visit: TenantVisit, data: Form) -> Answer:
    """Say that accounts of a home page are named by the customer's own keys of people."""
    visit.need(Permission.PEOPLE_WRITE)
    page, actor = data.get("home_page", "").strip(), visit.principal.actor
    done = visit.attempt(lambda: add_directory(visit.session, visit.tenant.id, page, actor, visit.now))
    if isinstance(done, Refused):
        return _answer(visit, Told(done, home_page=page))
    return _back(visit, "directories")


@post("/admin/{tenant_slug:str}/xapi/directories/remove", sync_to_thread=True)
def drop_directory(visit: TenantVisit, data: Form) -> Answer:
    """Take that back."""
    visit.need(Permission.PEOPLE_WRITE)
    page, actor = data.get("home_page", ""), visit.principal.actor
    done = visit.attempt(lambda: remove_directory(visit.session, visit.tenant.id, page, actor))
    return _answer(visit, Told(done)) if isinstance(done, Refused) else _back(visit, "directories")


def _answer(visit: TenantVisit, told: Told) -> Response[str]:
    mapping, base = tenant_mapping(visit.session, visit.tenant.id), _base(visit)
    silent = unmetered_statements(visit.session, visit.tenant.id, KINDS_SHOWN)
    may_change, tz = visit.may(Permission.EVENTS_WRITE), visit.tenant.tz
    root = visit.request.app.state.get("public_url") or str(visit.request.base_url).rstrip("/")
    asked = {name: text for name in FIELDS if (text := visit.query.get(name))}
    faults = told.refusal.errors if isinstance(told.refusal, InvalidInput) and told.row is not None else ()
    return visit.page(
        "admin/xapi.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("xAPI"))),
        status=told.refusal.status if told.refusal else 200, told=told, base=base, tabs=connect_tabs(visit, "xapi"),
        address=f"{root}/xapi/", keys=f"/admin/{visit.tenant.slug}/keys" if visit.may(Permission.CONNECT_WRITE) else "",
        own=own_rows(mapping.rules, base), along=along_table(mapping.rules, visit.query, base, may_change=may_change),
        silent=silent_table(silent, base, tz, may_change=may_change), directories=sorted(mapping.directories),
        fields=row_fields(told.row if told.row is not None else asked, faults), opened=bool(asked or told.row),
        trials=trial_views(told.trials), again=_again(told.remapped), types=types_of(), takes=takes_of(),
        may_change=may_change, may_name=visit.may(Permission.PEOPLE_WRITE),
    )  # fmt: skip


def _again(done: Remapped | None) -> tuple[str, str]:
    """Return what came of looking again, and where to go on; nothing where nobody looked."""
    if done is None:
        return "", ""
    figures = {"looked_at": quantity(done.looked_at), "metered": quantity(done.metered)}
    text = _("Looked at again: %(looked_at)s. Made an event now: %(metered)s.") % figures
    return text, done.next_after.isoformat() if done.next_after else ""


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _back(visit: TenantVisit, part: str) -> Redirect:
    return Redirect(f"{_base(visit)}#{part}", status_code=303)


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/xapi"


route_handlers = (shown, try_out, put_row, remove_row, remap, put_directory, drop_directory)
