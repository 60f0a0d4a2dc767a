"""The addresses of usage: members, seats, concurrency, courses, and any figure's evidence."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.admin.asked import asked_measurement
from app.pages.admin.concurrency import Gate, day_chart, day_denials_chart, denials_chart, peaks_chart
from app.pages.admin.courses import courses_table
from app.pages.admin.evidence import (
    EvidenceWish,
    centres_note,
    evidence_export,
    evidence_table,
    unknown_centres,
)
from app.pages.admin.reading import Gauge, day_curve, readers
from app.pages.admin.usage import SECTIONS, Section, chosen_meter, month_chart, stat, tabs
from app.pages.formats import instant
from app.pages.formats import period as period_text
from app.pages.frame import Crumb, Months
from app.pages.tables import TableQuery
from app.pages.visit import TenantVisit, csv_file
from app.pages.words import meter_meaning, meter_name
from core.periods import Period, local_date
from metering.measurement import Measurement
from plans.licensing.reads import all_pools, denial_counts, limits_of
from tenants.reads import all_cost_centres
from tenants.roles import Permission

__all__ = ("route_handlers",)


@get("/admin/{tenant_slug:str}/members", sync_to_thread=True)
def members(visit: TenantVisit) -> Response[str]:
    """Members: registered, active, contributing."""
    return _section_page(visit, SECTIONS["members"], Gauge(visit))


@get("/admin/{tenant_slug:str}/seats", sync_to_thread=True)
def seats(visit: TenantVisit) -> Response[str]:
    """Named seats."""
    pools = f"/admin/{visit.tenant.slug}/seat-pools" if visit.may(Permission.SEATS_READ) else ""
    return _section_page(visit, SECTIONS["seats"], Gauge(visit), pools=pools)


@get("/admin/{tenant_slug:str}/concurrency", sync_to_thread=True)
def concurrency(visit: TenantVisit) -> Response[str]:
    """How many at once: the month's daily peaks and a day's curve, against the limit, and who was not let in."""
    visit.need(Permission.USAGE_READ)
    gauge, period = Gauge(visit), visit.months.period
    p95 = gauge.measure("sessions.concurrent.p95", period).quantity
    days = gauge.days("sessions.concurrent.peak", period)
    day = _chosen_day(visit.query, days)
    gate, tz = _gate(visit, period), visit.tenant.tz
    curve = day_chart(day, day_curve(visit, day), p95, gate, tz) if day else None
    links = tuple((one, visit.query.href(day=one.isoformat()) + "#day") for one, _peak in days)
    floors = f"/admin/{visit.tenant.slug}/floating-pools" if visit.may(Permission.LICENCES_READ) else ""
    return _section_page(
        visit, SECTIONS["concurrency"], gauge, peaks=peaks_chart(days, p95, gate, tz), curve=curve, day=day,
        denied=denials_chart(days, gate, tz), days=links, floors=floors,
        denied_then=day_denials_chart(day, gate, visit.now, tz) if day else None,
    )  # fmt: skip


@get("/admin/{tenant_slug:str}/courses", sync_to_thread=True)
def courses(visit: TenantVisit) -> Response[str]:
    """Course transactions by course, and refunds."""
    visit.need(Permission.USAGE_READ)
    gauge, period = Gauge(visit), visit.months.period
    charged = gauge.measure("courses.transactions.charged", period)
    refunded = gauge.measure("courses.transactions.refunded", period)
    return _section_page(visit, SECTIONS["courses"], gauge, courses=courses_table(charged, refunded))


@get("/admin/{tenant_slug:str}/evidence", sync_to_thread=True)
def evidence(visit: TenantVisit) -> Response[str]:
    """Who was counted in any figure of any period: where the lines of bills and statements lead."""
    visit.need(Permission.USAGE_READ)
    measurement = asked_measurement(visit)
    export = visit.query.href(f"{visit.path}/export", after=None)
    wish = _wish(visit, measurement, export)
    return visit.page(
        "admin/evidence.html", "", *visit.crumbs(Crumb(meter_name(measurement.meter))),
        title=meter_name(measurement.meter),
        text=meter_meaning(measurement.meter),
        period=period_text(measurement.period, visit.tenant.tz),
        note=_as_known(visit),
        stat=stat(measurement.meter, measurement.unit, measurement.quantity, None, ""),
        centres=centres_note(sorted(wish.unknown)),
        table=evidence_table(measurement, wish, readers(visit)),
    )  # fmt: skip


@get("/admin/{tenant_slug:str}/evidence/export", sync_to_thread=True)
def evidence_file(visit: TenantVisit) -> Response[str]:
    """The rows of an evidence table as a file: the same filter, the same order, all pages."""
    visit.need(Permission.USAGE_READ)
    measurement = asked_measurement(visit)
    table = evidence_export(measurement, _wish(visit, measurement, None), readers(visit))
    first = local_date(measurement.period.starts_at, visit.tenant.tz)
    return csv_file(table, f"{visit.tenant.slug}-{measurement.meter}-{first}")


def _section_page(visit: TenantVisit, section: Section, gauge: Gauge, **more: Any) -> Response[str]:
    visit.need(Permission.USAGE_READ)
    picker, meter = visit.months, chosen_meter(section, visit.query)
    months = gauge.months(meter, picker.first)
    measurement = gauge.measure(meter, picker.period)
    export = visit.query.href(
        f"/admin/{visit.tenant.slug}/evidence/export", **_span(picker), meter=meter, period=None, after=None, day=None
    )
    wish = _wish(visit, measurement, export)
    return visit.page(
        "admin/usage.html", section.key, *visit.crumbs(Crumb(section.title)), picker=picker,
        title=section.title,
        meaning=meter_meaning(meter),
        tabs=tabs(section, visit.query, meter),
        stat=stat(meter, measurement.unit, measurement.quantity, months[-2], "#evidence"),
        trend=month_chart(meter, months, running=picker.running),
        table=evidence_table(measurement, wish, readers(visit)),
        table_text=_evidence_text(measurement),
        centres=centres_note(sorted(wish.unknown)),
        more=more,
    )  # fmt: skip


def _wish(visit: TenantVisit, measurement: Measurement, export: str | None) -> EvidenceWish:
    known = {centre.code for centre in all_cost_centres(visit.session, visit.tenant.id)}
    unknown = frozenset(unknown_centres(measurement, known))
    return EvidenceWish(visit.query, visit.tenant, export, unknown, visit.connect)


def _gate(visit: TenantVisit, period: Period) -> Gate:
    """Return the limits and denials of the floating pools, for who may know them."""
    session, tenant_id = visit.session, visit.tenant.id
    pools = [one.rules.key for one in all_pools(session, tenant_id)] if visit.may(Permission.LICENCES_READ) else []
    if not pools:
        return Gate({}, ())
    return Gate(limits_of(session, tenant_id, pools), denial_counts(session, tenant_id, pools, period, visit.now))


def _evidence_text(measurement: Measurement) -> str:
    if measurement.unit == "session":
        return _("The sessions behind the figure, with the time each one carried; the bill rests on the same list.")
    return _("The rows add up to the figure above; the same list stands behind the bill.")


def _as_known(visit: TenantVisit) -> str:
    """Return as of when the figure is told: that of a bill is what was known when it was issued."""
    as_of = visit.query.get("as_of")
    if visit.query.get("origin_end"):
        return _("Of the transactions charged in this period, up to the bill.")
    if not as_of:
        return ""
    return _("As known on %(time)s, when the bill was issued.") % {
        "time": instant(datetime.fromisoformat(as_of), visit.tenant.tz)
    }


def _span(picker: Months) -> dict[str, str]:
    return {"from": picker.period.starts_at.isoformat(), "to": picker.period.ends_at.isoformat()}


def _chosen_day(query: TableQuery, days: tuple[tuple[date, Fraction], ...]) -> date | None:
    """Return the day of the address if the month has it, else the busiest one."""
    known = {one.isoformat(): one for one, _peak in days}
    busiest = max(days, key=lambda one: one[1], default=None)
    return known.get(query.get("day")) or (busiest[0] if busiest else None)


route_handlers = (members, seats, concurrency, courses, evidence, evidence_file)
