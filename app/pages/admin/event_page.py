"""One event: as it was sent, what was corrected about it, and where it was billed."""

from collections.abc import Mapping

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.formats import instant, period
from app.pages.frame import Crumb
from app.pages.tables import Cell, Column, Table, cell, number, status
from app.pages.visit import TenantVisit
from app.pages.words import meter_name
from app.where_billed import ByBilling
from core.exact_json import encode_exact
from core.periods import Period
from metering.reads.event_log import CorrectionView, EventView, find_event
from metering.schemas import BilledAnswer
from tenants.reads import all_cost_centres, users_of
from tenants.roles import Permission

__all__ = ("route_handlers",)


@get("/admin/{tenant_slug:str}/event", sync_to_thread=True)
def event(visit: TenantVisit) -> Response[str]:
    """The event that `source` and `id` name, with its whole story."""
    visit.need(Permission.USAGE_READ)
    named = visit.may(Permission.PEOPLE_READ)
    found = find_event(visit.session, visit.tenant.id, visit.query.get("source"), visit.query.get("id"), named=named)
    billed = None
    if visit.may(Permission.INVOICES_READ):
        billed = _billed(visit, ByBilling().find(visit.session, visit.tenant.id, found))
    crumbs = visit.crumbs(Crumb(_("Live events"), f"/admin/{visit.tenant.slug}/live"), Crumb(found.id))
    return visit.page(
        "admin/event.html", "live", *crumbs,
        event=found,
        state=_state(found),
        facts=_facts(visit, found),
        data=encode_exact(found.data).decode(),
        history=_history(visit, found),
        billed=billed,
    )  # fmt: skip


def _state(found: EventView) -> tuple[str, str]:
    states = {
        "original": (_("As it was sent"), "good"),
        "replaced": (_("Replaced"), "warn"),
        "voided": (_("Voided"), "bad"),
    }
    return states[found.status]


def _facts(visit: TenantVisit, found: EventView) -> list[tuple[str, str]]:
    return [
        (_("Type"), found.type),
        (_("Source"), found.source),
        (_("Person"), found.subject or "–"),
        (_("When"), instant(found.time, visit.tenant.tz)),
        (_("Accepted"), instant(found.accepted_at, visit.tenant.tz)),
        *_centre(visit, found),
    ]


def _centre(visit: TenantVisit, found: EventView) -> list[tuple[str, str]]:
    """Return the cost centre that the event names; of one that there is not, what becomes of it."""
    code = found.data.get("cost_centre") if isinstance(found.data, dict) else None
    if not isinstance(code, str):
        return []
    known = any(centre.code == code for centre in all_cost_centres(visit.session, visit.tenant.id))
    lost = _("%(code)s: there is no such cost centre. The chargeback holds its part back as unassigned until there is.")
    return [(_("Cost centre"), code if known else lost % {"code": code})]


def _history(visit: TenantVisit, found: EventView) -> Table:
    authors = {f"user:{user.id}": user.email for user in users_of(visit.session, visit.tenant.id)}
    return Table(
        id="history",
        caption=_("Corrections, the last one holds"),
        columns=(Column(_("Recorded")), Column(_("What")), Column(_("Why")), Column(_("By"))),
        rows=tuple(_correction(visit, one, authors) for one in found.corrections),
        empty_title=_("Never corrected"),
        empty_text=_("The event holds as it was sent."),
    )


def _correction(visit: TenantVisit, one: CorrectionView, authors: Mapping[str, str]) -> tuple[Cell, ...]:
    instead = one.replacement
    what = cell(_("Taken away"))
    if instead is not None:
        told = (instead["type"], instead["subject"] or "–", instant(instead["time"], visit.tenant.tz))
        what = cell(_("Replaced"), sub=" · ".join((*told, encode_exact(instead["data"]).decode())), css="event")
    recorded = Cell(instant(one.recorded_at, visit.tenant.tz), css="nowrap", plain=one.recorded_at.isoformat())
    return recorded, what, cell(one.reason), cell(authors.get(one.author) or _("The vendor"))


def _billed(visit: TenantVisit, lines: list[BilledAnswer]) -> Table:
    return Table(
        id="billed",
        caption=_("Where it was billed"),
        columns=(Column(_("Bill")), Column(_("Meter")), Column(_("Period")), Column(_("Its part"), numeric=True)),
        rows=tuple(_line(visit, one) for one in lines),
        empty_title=_("On no bill yet"),
        empty_text=_("Bills whose evidence names this event are listed here."),
    )


def _line(visit: TenantVisit, one: BilledAnswer) -> tuple[Cell, ...]:
    # Whose bill a parent pays has no number to tell here, and no page.
    bill = cell(one.number, f"/admin/{visit.tenant.slug}/bills/{one.invoice_id}") if one.number else cell("–")
    span = period(Period(one.starts_at, one.ends_at), visit.tenant.tz)
    part = number(one.quantity, one.quantity) if one.counted else status(_("Not counted"), "warn")
    return bill, cell(meter_name(one.meter)), cell(span), part


route_handlers = (event,)
