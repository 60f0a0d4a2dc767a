"""The addresses where a customer is taken on, and where its particulars change."""

from dataclasses import replace
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.said import Maker
from app.pages.sales.catalogue import CURRENCIES
from app.pages.sales.new_customer import (
    Known,
    customer_faults,
    customer_sections,
    fresh,
    particulars_said,
    particulars_sections,
    to_customer,
    to_particulars,
)
from app.pages.visit import TenantVisit, VendorVisit
from core.errors import Refused
from plans.reads import list_plans
from tenants.actions.change_tenant import change_tenant, particulars_of
from tenants.actions.invite_user import AdminInput, invite_admin
from tenants.actions.take_on_customer import take_on_customer
from tenants.reads import TenantView, accounts_of, legal_entities, list_tenants
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/sales/customers/new", sync_to_thread=True)
def new(vendor: VendorVisit) -> Response[str]:
    """The form of a new customer."""
    vendor.need(Permission.CUSTOMERS_WRITE)
    return _new(vendor, fresh(_known(vendor)))


@post("/sales/customers", sync_to_thread=True)
def take_on(vendor: VendorVisit, session: Session, data: Form) -> Answer:
    """Take it on, and invite its administrator."""
    vendor.need(Permission.CUSTOMERS_WRITE)
    known, language = _known(vendor), vendor.request.headers.get("accept-language", "")

    def act() -> TenantView:
        tenant, admin = to_customer(data, known, language)
        return take_on_customer(session, tenant, admin, vendor.principal.actor, vendor.now)

    # Who writes customers is the vendor itself; the steward, by whom the page reads, only looks.
    done = replace(vendor, session=session).attempt(act)
    if isinstance(done, Refused):
        return _new(vendor, data, done)
    invited = "invited" if data.get("admin_email", "").strip() else "taken_on"
    return Redirect(f"/sales/customers/{done.slug}?done={invited}", status_code=303)


@get("/sales/customers/{tenant_slug:str}/particulars", sync_to_thread=True)
def particulars(visit: TenantVisit) -> Response[str]:
    """The form of what may change."""
    visit.need(Permission.CUSTOMERS_WRITE)
    return _particulars(visit, particulars_said(particulars_of(visit.tenant)))


@post("/sales/customers/{tenant_slug:str}/particulars", sync_to_thread=True)
def change(visit: TenantVisit, data: Form) -> Answer:
    """Change it."""
    visit.need(Permission.CUSTOMERS_WRITE)

    language, actor = visit.request.headers.get("accept-language", ""), visit.principal.actor

    def act() -> AdminInput | None:
        given, admin = to_particulars(data, language)
        changed = change_tenant(visit.session, visit.tenant.id, given, actor)
        if admin is not None:
            invite_admin(visit.session, changed, admin, actor)
        return admin

    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _particulars(visit, data, done)
    told = "particulars" if done is None else "reinvited"
    return Redirect(f"/sales/customers/{visit.tenant.slug}?done={told}", status_code=303)


def _new(vendor: VendorVisit, data: dict[str, str], refusal: Refused | None = None) -> Response[str]:
    faults = customer_faults(refusal) if refusal else ()
    title = _("New customer")
    return vendor.page(
        "sales/customer_form.html", "customers", Crumb(_("Customers"), "/sales/customers"), Crumb(title),
        status=refusal.status if refusal else 200, title=title, faults=faults,
        told=_("Who is billed, in which currency and by whose days; then it gets a contract, or a quote for one."),
        here="/sales/customers", back="/sales/customers", act=_("Take on the customer"),
        sections=customer_sections(Maker(data, faults), _known(vendor)),
    )  # fmt: skip


def _particulars(visit: TenantVisit, data: dict[str, str], refusal: Refused | None = None) -> Response[str]:
    faults = customer_faults(refusal) if refusal else ()
    back = f"/sales/customers/{visit.tenant.slug}"
    invites = not any(one.has_password for one in accounts_of(visit.session, visit.tenant.id))
    title = _("Particulars of %(name)s") % {"name": visit.tenant.name}
    crumbs = (Crumb(_("Customers"), "/sales/customers"), Crumb(visit.tenant.name, back), Crumb(_("Particulars")))
    return visit.page(
        "sales/customer_form.html", "customers", *crumbs, status=refusal.status if refusal else 200, title=title,
        told=_("Short name, country, currency, time zone and who bills stay as they are."), faults=faults,
        here=f"{back}/particulars", back=back, act=_("Save"),
        sections=particulars_sections(Maker(data, faults), invites=invites),
    )  # fmt: skip


def _known(vendor: VendorVisit) -> Known:
    documents = [plan.newest.document for plan in list_plans(vendor.session) if plan.newest is not None]
    sold = {currency for document in documents for charge in document.charges for currency in charge.prices}
    return Known(legal_entities(vendor.session), list_tenants(vendor.session), sorted(sold | set(CURRENCIES)))


route_handlers = (new, take_on, particulars, change)
