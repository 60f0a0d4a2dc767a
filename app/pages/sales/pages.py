"""The addresses of the sales workspace."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.bills import bills_table
from app.pages.admin.reading import running_charges
from app.pages.formats import instant
from app.pages.frame import Crumb
from app.pages.sales.agreement_words import agreement_rows
from app.pages.sales.catalogue import CURRENCIES, Offer, catalogue_view
from app.pages.sales.contracts.acts import done_text
from app.pages.sales.customers import (
    Customer,
    contracts,
    customers_table,
    latest_issued,
    newest_by_tenant,
    particulars_facts,
    usage_cards,
)
from app.pages.sales.health import Forecast, HealthInput, bills_chart, forecast, signals
from app.pages.sales.plan import charge_rows, curve, curve_wish, holders_table, rivals, versions_table
from app.pages.sales.policy_words import policy_rows
from app.pages.visit import TenantVisit, VendorVisit, confirm_word
from billing.quotes.offers import State
from billing.quotes.reads import QuoteFilter, quotes_page
from billing.reads import InvoiceFilter, InvoiceSummary, get_invoice, invoices, invoices_page
from core.errors import NotFound, Refused
from plans.actions.retire_version import retire_version
from plans.reads import (
    PlanView,
    VersionView,
    all_subscriptions,
    draft,
    get_plan,
    list_plans,
    new_drafts,
    subscriptions,
    versions,
)
from plans.subscriptions import SubscriptionView
from tenants.reads import get_legal_entity, list_tenants, users_of
from tenants.roles import Permission, Role

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
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
        signals=signals(_health(visit, held, found)), chart=bills_chart(found),
        forecasts=_forecasts(visit, held, found),
        may_write=visit.may(Permission.SUBSCRIPTIONS_WRITE), here=visit.path,
        may_keep=visit.may(Permission.CUSTOMERS_WRITE),
        done=done_text(visit.parameters.get("done", "")),
        particulars=_particulars(visit, names),
        contracts=contracts(held, tenant.tz, names),
        usage=usage_cards(bill, tenant),
        bills=bills_table(found, visit.query, f"/admin/{tenant.slug}/bills", tenant),
        time=instant(visit.now, tenant.tz),
    )  # fmt: skip


def _particulars(visit: TenantVisit, names: dict[UUID, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    issuer = get_legal_entity(visit.session, visit.tenant.legal_entity_id).name
    users = users_of(visit.session, visit.tenant.id)
    admins = [one.email for one in users if one.active and one.role == Role.TENANT_ADMIN]
    return particulars_facts(visit.tenant, issuer, names, admins)


def _health(visit: TenantVisit, held: tuple[SubscriptionView, ...], found: tuple[InvoiceSummary, ...]) -> HealthInput:
    waiting = quotes_page(visit.session, QuoteFilter(visit.tenant.id, State.OPEN))
    newest = {one.key: one.newest.number for one in list_plans(visit.session) if one.newest is not None}
    wait = [one for one in waiting if one.told_status(visit.today) == State.OPEN]
    return HealthInput(visit.tenant, held, found, newest, len(wait), visit.now)


def _forecasts(
    visit: TenantVisit, held: tuple[SubscriptionView, ...], found: tuple[InvoiceSummary, ...]
) -> list[tuple[str, Forecast]] | None:
    """Return the running periods; measuring takes a moment, so that the page asks for them by itself."""
    if not visit.parameters.get("forecast"):
        return None
    running = running_charges(visit, [one for one in held if one.status != "ended"])
    return [(one.plan_name, forecast(lines, one.currency, found)) for one, lines in running]


@get("/sales/catalogue", sync_to_thread=True)
def catalogue(vendor: VendorVisit) -> Response[str]:
    """Plans side by side."""
    vendor.need(Permission.CATALOGUE_READ)
    wished, may_write = vendor.query.get("currency"), vendor.may(Permission.CATALOGUE_WRITE)
    plans = list_plans(vendor.session)
    view = catalogue_view(_offers(plans), wished if wished in CURRENCIES else CURRENCIES[0])
    drafts = new_drafts(vendor.session) if may_write else ()
    return vendor.page(
        "sales/catalogue.html", "catalogue", Crumb(_("Catalogue")), view=view, may_write=may_write,
        unsold=[(one.name, _("Draft"), f"/sales/catalogue/{one.plan_key}/draft") for one in drafts]
        + [(one.name, _("Not sold any more"), f"/sales/catalogue/{one.key}") for one in plans if one.newest is None],
    )  # fmt: skip


@get("/sales/catalogue/{plan_key:str}", sync_to_thread=True)
def plan(vendor: VendorVisit, plan_key: str) -> Response[str] | Redirect:
    """One plan: charges, price curve, versions, who is on it. Of a new one there is the draft only."""
    vendor.need(Permission.CATALOGUE_READ)
    found = versions(vendor.session, plan_key)
    may_write = vendor.may(Permission.CATALOGUE_WRITE)
    if may_write and not found and draft(vendor.session, plan_key) is not None:
        return Redirect(f"/sales/catalogue/{plan_key}/draft", status_code=303)
    return _plan(vendor, plan_key)


@post("/sales/catalogue/{plan_key:str}/retire", sync_to_thread=True)
def retire(vendor: VendorVisit, plan_key: str, data: Form) -> Response[str] | Redirect:
    """Stop selling a version; whoever holds it keeps it."""
    vendor.need(Permission.CATALOGUE_WRITE)
    number = data.get("number", "")

    def act() -> VersionView:
        confirm_word(data, _("retire"))
        wanted = int(number) if number.isdecimal() and len(number) < 10 else 0
        return retire_version(vendor.session, plan_key, wanted, vendor.principal.actor, vendor.now)

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        return _plan(vendor, plan_key, done)
    return Redirect(f"/sales/catalogue/{plan_key}", status_code=303)


def _plan(vendor: VendorVisit, plan_key: str, refusal: Refused | None = None) -> Response[str]:
    shown, found = get_plan(vendor.session, plan_key), versions(vendor.session, plan_key)
    sold = shown.newest
    # What is not sold any more is shown as it was sold last.
    offer = _offer(shown if sold or not found else replace(shown, newest=found[0]))
    wish = curve_wish(offer, vendor.query)
    held = all_subscriptions(vendor.session)
    others = rivals(_offers(list_plans(vendor.session, "base")), plan_key, wish)
    on_sale = [one.number for one in found if one.retired_at is None]
    return vendor.page(
        "sales/plan.html", "catalogue", Crumb(_("Catalogue"), "/sales/catalogue"), Crumb(offer.name),
        status=refusal.status if refusal else 200, refusal=refusal, on_sale=on_sale,
        offer=offer,
        charges=charge_rows(offer, wish, vendor.query),
        curve=curve(wish, others),
        agreements=[row for row in agreement_rows(offer.document, wish.currency) if row[1]],
        policies=tuple(policy_rows(offer.document.policies)) if offer.document.policies else (),
        versions=versions_table(found), numbers=[one.number for one in found],
        may_write=vendor.may(Permission.CATALOGUE_WRITE), draft=draft(vendor.session, plan_key),
        holders=holders_table(held, plan_key, {one.id: one for one in list_tenants(vendor.session)}),
    )  # fmt: skip


def _customers(vendor: VendorVisit) -> Response[str]:
    vendor.need(Permission.TENANTS_READ)
    table = customers_table(_known(vendor), vendor.query)
    search = vendor.query.get("search")
    return vendor.page(
        "sales/customers.html", "customers", Crumb(_("Customers")), table=table, search=search,
        may_take_on=vendor.may(Permission.CUSTOMERS_WRITE),
    )  # fmt: skip


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


route_handlers = (sales, customers, customer, catalogue, plan, retire)
