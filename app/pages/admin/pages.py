"""The other addresses of the admin workspace: overview, bills, people."""

from uuid import UUID

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.admin.alerts import Place, alert_rows
from app.pages.admin.bills import bill_view, bills_table, why_no_bill
from app.pages.admin.overview import FOUR, OverviewInput, overview_view, plan_text
from app.pages.admin.reading import Gauge, running_charges
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from billing.reads import get_invoice, invoices
from plans.alerts.reads import alerts, told_and_not_rearmed
from plans.reads import subscriptions
from tenants.roles import Permission

__all__ = ("route_handlers",)


@get("/admin/{tenant_slug:str}", sync_to_thread=True)
def overview(visit: TenantVisit) -> Response[str]:
    """Four figures, the bill so far, the latest bill, alerts."""
    visit.need(Permission.USAGE_READ)
    picker, base = visit.months, _base(visit)
    held = [one for one in subscriptions(visit.session, visit.tenant.id, visit.now) if one.status != "ended"]
    gauge, place = Gauge(visit), Place(f"{base}/alerts", visit.tenant.tz, visit.tenant.currency)
    told = told_and_not_rearmed(visit.session, visit.tenant.id, visit.today)
    given = OverviewInput(
        base=base,
        period=picker.key,
        trends=[(meter, section, unit, gauge.months(meter, picker.first)) for meter, section, unit in FOUR],
        running=running_charges(visit, held) if visit.parameters.get("so_far") else None,
        today=visit.today,
        bills=invoices(visit.session, visit.tenant.id) if visit.may(Permission.INVOICES_READ) else (),
        no_bill=why_no_bill(visit.tenant),
        plan=plan_text(held),
        alerts=alert_rows(alerts(visit.session, visit.tenant.id), told, place),
    )
    return visit.page("admin/overview.html", "overview", *visit.crumbs(), picker=picker, view=overview_view(given))


@get("/admin/{tenant_slug:str}/bills", sync_to_thread=True)
def bills(visit: TenantVisit) -> Response[str]:
    """All bills."""
    visit.need(Permission.INVOICES_READ)
    table = bills_table(invoices(visit.session, visit.tenant.id), visit.query, f"{_base(visit)}/bills", visit.tenant)
    return visit.page("admin/bills.html", "bills", *visit.crumbs(Crumb(_("Bills"))), table=table)


@get("/admin/{tenant_slug:str}/bills/{invoice_id:uuid}", sync_to_thread=True)
def bill(visit: TenantVisit, invoice_id: UUID) -> Response[str]:
    """One bill with the steps of each line."""
    visit.need(Permission.INVOICES_READ)
    view = bill_view(get_invoice(visit.session, visit.tenant.id, invoice_id), visit.tenant, _base(visit))
    crumbs = visit.crumbs(Crumb(_("Bills"), f"{_base(visit)}/bills"), Crumb(view.title))
    return visit.page("admin/bill.html", "bills", *crumbs, view=view, here=visit.path)


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}"


route_handlers = (overview, bills, bill)
