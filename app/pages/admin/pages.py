"""The other addresses of the admin workspace: overview, bills, people."""

from uuid import UUID

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.admin.bills import bill_view, bills_table
from app.pages.admin.overview import FOUR, OverviewInput, overview_view, plan_text
from app.pages.admin.people import PAGE, people_table
from app.pages.admin.reading import Gauge, running_charges
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from billing.reads import get_invoice, invoices
from plans.reads import subscriptions
from tenants.reads import attribution, people_page
from tenants.roles import Permission

__all__ = ("route_handlers",)


@get("/admin/{tenant_slug:str}", sync_to_thread=True)
def overview(visit: TenantVisit) -> Response[str]:
    """Four figures, the bill so far, the latest bill."""
    visit.need(Permission.USAGE_READ)
    picker, base = visit.months, _base(visit)
    held = [one for one in subscriptions(visit.session, visit.tenant.id, visit.now) if one.status != "ended"]
    gauge = Gauge(visit)
    given = OverviewInput(
        base=base,
        period=picker.key,
        trends=[(meter, section, unit, gauge.months(meter, picker.first)) for meter, section, unit in FOUR],
        running=running_charges(visit, held) if visit.parameters.get("so_far") else None,
        today=visit.today,
        bills=invoices(visit.session, visit.tenant.id) if visit.may(Permission.INVOICES_READ) else (),
        plan=plan_text(held),
    )
    return visit.page("admin/overview.html", "overview", *visit.crumbs(), picker=picker, view=overview_view(given))


@get("/admin/{tenant_slug:str}/bills", sync_to_thread=True)
def bills(visit: TenantVisit) -> Response[str]:
    """All bills."""
    visit.need(Permission.INVOICES_READ)
    table = bills_table(invoices(visit.session, visit.tenant.id), visit.query, f"{_base(visit)}/bills")
    return visit.page("admin/bills.html", "bills", *visit.crumbs(Crumb(_("Bills"))), table=table)


@get("/admin/{tenant_slug:str}/bills/{invoice_id:uuid}", sync_to_thread=True)
def bill(visit: TenantVisit, invoice_id: UUID) -> Response[str]:
    """One bill with the steps of each line."""
    visit.need(Permission.INVOICES_READ)
    view = bill_view(get_invoice(visit.session, visit.tenant.id, invoice_id), visit.tenant, _base(visit))
    crumbs = visit.crumbs(Crumb(_("Bills"), f"{_base(visit)}/bills"), Crumb(view.title))
    return visit.page("admin/bill.html", "bills", *crumbs, view=view, here=visit.path)


@get("/admin/{tenant_slug:str}/people", sync_to_thread=True)
def people(visit: TenantVisit) -> Response[str]:
    """Find people, and who carries them today."""
    visit.need(Permission.PEOPLE_READ)
    after, search = _cursor(visit.query.get("after")), visit.query.get("search")
    found = people_page(visit.session, visit.tenant.id, search=search, after=after, limit=PAGE + 1)
    carried = attribution(visit.session, visit.tenant.id)
    centres = {person.id: carried.shares(person.id, visit.today) for person in found}
    table = people_table(found, centres, visit.query, visit.now, visit.tenant.tz)
    crumbs = visit.crumbs(Crumb(_("People")))
    return visit.page("admin/people.html", "people", *crumbs, table=table, search=search)


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}"


def _cursor(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


route_handlers = (overview, bills, bill, people)
