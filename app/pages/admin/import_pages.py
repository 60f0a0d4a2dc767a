"""The addresses of imports in the admin workspace: send a file, watch it, fetch the report, stop it."""

from uuid import UUID

from anyio import to_thread
from litestar import Response, get, post
from litestar.response import Redirect, ServerSentEvent, Stream

from app.i18n import gettext as _
from app.pages.admin.connect import connect_tabs
from app.pages.admin.imports import PAGE, import_view, imports_table, preset_choices, ways_to_read
from app.pages.frame import Crumb
from app.pages.visit import Req, TenantVisit, provide_visit
from core.db import Database
from core.errors import Forbidden, Refused
from core.scope import TenantScope
from metering.actions.cancel_import import cancel_import
from metering.api.import_stream import progress_events, report_file
from metering.api.imports import accepted_file
from metering.api.uploads import MAX_REQUEST_BYTES
from metering.imports.encodings import ENCODINGS
from metering.imports.plan import Options
from metering.imports.text import DELIMITERS
from metering.reads.imports import get_import, imports_by_place
from tenants.principal import Principal
from tenants.reads import TenantView
from tenants.roles import Permission

__all__ = ("route_handlers",)

_SAYS = ("preset", "source", "zone", "order", "numbers", "encoding", "delimiter", "mapping", "dry_run")


@get("/admin/{tenant_slug:str}/imports", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The form, and the files that were sent."""
    visit.need(Permission.USAGE_READ)
    return _list_answer(visit)


def _list_answer(
    visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None
) -> Response[str]:
    found = imports_by_place(visit.session, visit.tenant.id, visit.query.after, PAGE + 1)
    return visit.page(
        "admin/imports.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Files"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said or dict.fromkeys(_SAYS, ""),
        table=imports_table(found, visit.query, _base(visit), visit.tenant.tz), base=_base(visit),
        ways=ways_to_read(refusal), choices=preset_choices(), encodings=tuple(ENCODINGS), delimiters=_delimiters(),
        may_send=visit.may(Permission.EVENTS_WRITE), tabs=connect_tabs(visit, "imports"),
    )  # fmt: skip


def _delimiters() -> tuple[tuple[str, str], ...]:
    names = {"comma": _("comma"), "semicolon": _("semicolon"), "tab": _("tab"), "pipe": _("vertical bar")}
    return tuple((key, names[key]) for key in DELIMITERS)


@post("/admin/{tenant_slug:str}/imports", request_max_body_size=MAX_REQUEST_BYTES)
async def send(request: Req, principal: Principal, tenant: TenantView, database: Database) -> Response[str] | Redirect:
    """Take a file; it needs no transaction while it comes in."""
    form = await request.form()
    said = {name: str(form.get(name, "")) for name in _SAYS}
    try:
        if not principal.may(Permission.EVENTS_WRITE):
            raise Forbidden(_("Your role does not include sending files. Ask an administrator if you need it."))
        view, _queued = await accepted_file(request, database, tenant, Options(), principal.actor, dry_run=False)
    except Refused as refusal:
        return await to_thread.run_sync(_refused, request, principal, tenant, database, refusal, said)
    return Redirect(f"/admin/{tenant.slug}/imports/{view.id}", status_code=303)


def _refused(
    request: Req, principal: Principal, tenant: TenantView, database: Database, refusal: Refused, said: dict[str, str]
) -> Response[str]:
    with database.begin(TenantScope(tenant.id)) as session:
        return _list_answer(provide_visit(request, principal, tenant, session), refusal, said)


@get("/admin/{tenant_slug:str}/imports/{job_id:uuid}", sync_to_thread=True)
def one(visit: TenantVisit, job_id: UUID) -> Response[str]:
    """One import: how far it is, what came of it, its first rows."""
    visit.need(Permission.USAGE_READ)
    return _one_answer(visit, job_id)


def _one_answer(visit: TenantVisit, job_id: UUID, refusal: Refused | None = None) -> Response[str]:
    found = get_import(visit.session, visit.tenant.id, job_id)
    named = visit.may(Permission.PEOPLE_READ)
    view = import_view(found, visit.now, visit.tenant.tz, named=named)
    crumbs = visit.crumbs(Crumb(_("Connect")), Crumb(_("Files"), _base(visit)), Crumb(view.title))
    return visit.page(
        "admin/import.html", "connect", *crumbs, status=refusal.status if refusal else 200, refusal=refusal,
        view=view, here=f"{_base(visit)}/{job_id}", named=named, may_cancel=visit.may(Permission.EVENTS_WRITE),
    )  # fmt: skip


@get("/admin/{tenant_slug:str}/imports/{job_id:uuid}/events")
async def events(principal: Principal, tenant: TenantView, database: Database, job_id: UUID) -> ServerSentEvent:
    """The progress, as the page's script follows it."""
    _need(principal, Permission.USAGE_READ)
    return await progress_events(database, tenant, job_id)


@get("/admin/{tenant_slug:str}/imports/{job_id:uuid}/report")
async def report(principal: Principal, tenant: TenantView, database: Database, job_id: UUID) -> Stream:
    """The list of bad rows."""
    _need(principal, Permission.USAGE_READ)
    _need(principal, Permission.PEOPLE_READ)
    return await report_file(database, tenant, job_id)


@post("/admin/{tenant_slug:str}/imports/{job_id:uuid}/cancel", sync_to_thread=True)
def cancel(visit: TenantVisit, job_id: UUID) -> Response[str] | Redirect:
    """Take nothing more of the file."""
    visit.need(Permission.EVENTS_WRITE)
    try:
        with visit.session.begin_nested():
            cancel_import(visit.session, visit.tenant.id, job_id, visit.principal.actor, visit.now)
    except Refused as refusal:
        return _one_answer(visit, job_id, refusal)
    return Redirect(f"{_base(visit)}/{job_id}", status_code=303)


def _need(principal: Principal, permission: Permission) -> None:
    if not principal.may(permission):
        raise Forbidden(_("Your role does not include this page. Ask an administrator if you need it."))


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/imports"


route_handlers = (listed, send, one, events, report, cancel)
