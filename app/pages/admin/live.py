"""Connect → live events: what has just been accepted, and why something counts nowhere."""

from collections.abc import Sequence

from litestar import Response, get
from litestar.response import Stream

from app.i18n import gettext as _
from app.i18n import reader as current_reader
from app.i18n import use
from app.pages.environment import render
from app.pages.evidence_link import event_address
from app.pages.formats import instant
from app.pages.frame import Crumb
from app.pages.tables import Cell, Column, Table, cell
from app.pages.visit import Req, TenantVisit
from app.pages.words import unmetered_reason
from core.db import Database
from metering.api.tail import TailReader, event_stream
from metering.reads.tail import TailItem
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission

__all__ = ("route_handlers",)

SHOWN = 50


@get("/admin/{tenant_slug:str}/live", sync_to_thread=True)
def live(visit: TenantVisit, database: Database) -> Response[str]:
    """The last 50 accepted events; with scripts, new ones come in at the top."""
    visit.need(Permission.USAGE_READ)
    reader = TailReader(database, visit.tenant, named=visit.may(Permission.PEOPLE_READ))
    items, place = reader.last(SHOWN)
    crumbs = visit.crumbs(Crumb(_("Live events")))
    table = _table(items, visit.tenant, visit.connect)
    return visit.page(
        "admin/live.html", "live", *crumbs, table=table, stream=f"{visit.path}/stream", after=place.text()
    )


@get("/admin/{tenant_slug:str}/live/stream")
async def stream(
    request: Req, principal: Principal, tenant: TenantView, database: Database, after: str | None = None
) -> Stream:
    """Rows of the page as server-sent events, in the reader's language."""
    require(principal, Permission.USAGE_READ)
    reader = TailReader(database, tenant, named=principal.may(Permission.PEOPLE_READ))
    language = current_reader()

    def shown(item: TailItem) -> str:
        use(language)
        return _markup(item, tenant)

    return await event_stream(request, reader, tenant, after, shown)


def _markup(item: TailItem, tenant: TenantView) -> str:
    """Return the row as one line of data."""
    return " ".join(render("admin/live_row.html", row=_row(item, tenant)).split("\n"))


def _table(items: Sequence[TailItem], tenant: TenantView, way: tuple[str, str] = ("", "")) -> Table:
    return Table(
        id="live",
        caption=_("Events, the last accepted first"),
        columns=(
            Column(_("Type")),
            Column(_("Event")),
            Column(_("Person")),
            Column(_("When")),
            Column(_("Counted by")),
        ),
        rows=tuple(_row(item, tenant) for item in items),
        empty_title=_("Nothing has come in yet"),
        empty_text=_("What your systems send appears here at once."),
        empty_way=way,
    )


def _row(item: TailItem, tenant: TenantView) -> tuple[Cell, ...]:
    event, reason = item.event, item.unmetered
    lost = _("no such cost centre: %(code)s") % {"code": item.unknown_centre} if item.unknown_centre else ""
    return (
        cell(event.type),
        Cell(event.id, event_address(tenant.slug, event.source, event.id), sub=event.source, css="event"),
        cell(event.subject or "–"),
        Cell(instant(event.time, tenant.tz), css="nowrap", plain=event.time.isoformat()),
        Cell(_("A meter"), tone="good", sub=lost, css="told")
        if reason is None
        else Cell(_("No meter"), tone="warn", sub=unmetered_reason(reason), css="told"),
    )


route_handlers = (live, stream)
