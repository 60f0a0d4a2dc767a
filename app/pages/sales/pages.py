"""The addresses of the sales workspace."""

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.admin.bills import bills_table
from app.pages.formats import instant
from app.pages.frame import Crumb
from app.pages.sales.catalogue import CURRENCIES, Offer, catalogue_view
from app.pages.sales.customers import (
    Customer,
    contracts,
    customers_table,
    latest_issued,
    newest_by_tenant,
    usage_cards,
)
from app.pages.sales.plan import charge_rows, curve, curve_wish, holders_table, versions_table
from app.pages.visit import TenantVisit, VendorVisit
from billing.reads import InvoiceFilter, get_invoice, invoices, invoices_page
from core.errors import NotFound
from plans.reads import PlanView, all_subscriptions, get_plan, list_plans, subscriptions, versions
from tenants.reads import list_tenants
from tenants.roles import Permission

__all__ = ("route_handlers",)

RECENT = 500
"""How many documents are looked through for the newest of each customer."""


@get("/sales", sync_to_thread=True)
def sales(vendor: VendorVisit) -> Response[str]:
    """The workspace begins with the customers."""
    return _customers(vendor)


@get("/sales/customers", sync_to_thread=True)
def customers(vendor: VendorVisit) -> Response[str]:
    """All customers."""
    return _customers(vendor)


@get("/sales/customers/{tenant_slug:str}", sync_to_thread=True)
def customer(visit: TenantVisit) -> Response[str]:
    """One customer: contract, usage in the last bill, bills."""
    visit.need(Permission.TENANTS_READ)
    tenant, held = visit.tenant, subscriptions(visit.session, visit.tenant.id, visit.now)
    found = invoices(visit.session, tenant.id)
    newest = latest_issued(found, tenant.id)
    bill = get_invoice(visit.session, tenant.id, newest.id) if newest else None
    names = {one.id: one.name for one in visit.tenants}
    return visit.page(
        "sales/customer.html", "customers", Crumb(_("Customers"), "/sales/customers"), Crumb(tenant.name),
        contracts=contracts(held, tenant.tz, names),
        usage=usage_cards(bill, tenant),
        bills=bills_table(found, visit.query, f"/admin/{tenant.slug}/bills"),
        time=instant(visit.now, tenant.tz),
    )  # fmt: skip


@get("/sales/catalogue", sync_to_thread=True)
def catalogue(vendor: VendorVisit) -> Response[str]:
    """Plans side by side."""
    vendor.need(Permission.CATALOGUE_READ)
    wished = vendor.query.get("currency")
    view = catalogue_view(_offers(list_plans(vendor.session)), wished if wished in CURRENCIES else CURRENCIES[0])
    return vendor.page("sales/catalogue.html", "catalogue", Crumb(_("Catalogue")), view=view)


@get("/sales/catalogue/{plan_key:str}", sync_to_thread=True)
def plan(vendor: VendorVisit, plan_key: str) -> Response[str]:
    """One plan: charges, price curve, versions, who is on it."""
    vendor.need(Permission.CATALOGUE_READ)
    offer = _offer(get_plan(vendor.session, plan_key))
    wish = curve_wish(offer, vendor.query)
    held = all_subscriptions(vendor.session)
    return vendor.page(
        "sales/plan.html", "catalogue", Crumb(_("Catalogue"), "/sales/catalogue"), Crumb(offer.name),
        offer=offer,
        charges=charge_rows(offer, wish, vendor.query),
        curve=curve(wish),
        versions=versions_table(versions(vendor.session, plan_key)),
        holders=holders_table(held, plan_key, {one.id: one for one in list_tenants(vendor.session)}),
    )  # fmt: skip


def _customers(vendor: VendorVisit) -> Response[str]:
    vendor.need(Permission.TENANTS_READ)
    table = customers_table(_known(vendor), vendor.query)
    search = vendor.query.get("search")
    return vendor.page("sales/customers.html", "customers", Crumb(_("Customers")), table=table, search=search)


def _known(vendor: VendorVisit) -> tuple[Customer, ...]:
    session, held = vendor.session, all_subscriptions(vendor.session)
    newest = newest_by_tenant(invoices_page(session, InvoiceFilter(limit=RECENT)))
    bills = {tenant_id: get_invoice(session, tenant_id, one.id) for tenant_id, one in newest.items()}
    tenants = {one.id: one for one in list_tenants(session)}
    return tuple(
        Customer(
            tenant=tenant,
            payer=tenants[tenant.payer_id] if tenant.payer_id != tenant.id else None,
            subscriptions=tuple(one for one in held if one.tenant_id == tenant.id),
            bill=bills.get(tenant.payer_id),
        )
        for tenant in tenants.values()
    )


def _offers(plans: tuple[PlanView, ...]) -> list[Offer]:
    return [_offer(one) for one in plans if one.newest is not None]


def _offer(one: PlanView) -> Offer:
    if one.newest is None:
        raise NotFound("published version of plan", one.key)
    return Offer(one.key, one.name, one.kind, one.rank, one.newest.number, one.newest.document)


route_handlers = (sales, customers, customer, catalogue, plan)
