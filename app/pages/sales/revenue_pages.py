"""The address of recurring revenue."""

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.frame import Crumb, parse_month
from app.pages.sales.revenue import chosen, moves_table, revenue_view, risks_table
from app.pages.tables import Table
from app.pages.visit import VendorVisit, csv_file
from app.pages.workbook import workbook
from billing.revenue.api import parse_wanted
from billing.revenue.reads import read_revenue, read_risks
from core.errors import InvalidInput
from plans.reads import list_plans
from tenants.reads import list_tenants
from tenants.roles import Permission

__all__ = ("route_handlers",)

AHEAD_DAYS = 180
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@get("/sales/revenue", sync_to_thread=True)
def revenue(vendor: VendorVisit) -> Response[str] | Response[bytes]:
    """MRR and what moved it, retention, plans, what is at risk; as a page, a CSV or an Excel file."""
    vendor.need(Permission.TENANTS_READ)
    vendor.need(Permission.INVOICES_READ)
    query = vendor.query
    try:
        wanted = parse_wanted(query.get("first"), query.get("last"), query.get("base") or None)
    except InvalidInput:
        wanted = parse_wanted(None, None, None)
    found = read_revenue(vendor.session, wanted)
    names = {plan.key: plan.name for plan in list_plans(vendor.session)}
    tenants = {one.id: one for one in list_tenants(vendor.session)}
    view, shown = revenue_view(found, names, query), chosen(found, query)
    of = parse_month(query.get("month")) or found.last
    moves = moves_table(shown.movements, tenants, names, of, query)
    risks = risks_table(read_risks(vendor.session, vendor.now, AHEAD_DAYS), tenants, names, query)
    match query.get("format"):
        case "csv":
            return csv_file(view.months, "revenue")
        case "xlsx":
            return _excel((view.months, view.tiers, moves, risks))
        case _:
            return vendor.page(
                "sales/revenue.html", "revenue", Crumb(_("Revenue")), view=view, moves=moves, risks=risks,
                excel=query.href(format="xlsx"), first=f"{found.first:%Y-%m}", last=f"{found.last:%Y-%m}",
            )  # fmt: skip


def _excel(tables: tuple[Table, ...]) -> Response[bytes]:
    headers = {"Content-Disposition": 'attachment; filename="revenue.xlsx"'}
    return Response(workbook(tables), media_type=XLSX, headers=headers)


route_handlers = (revenue,)
