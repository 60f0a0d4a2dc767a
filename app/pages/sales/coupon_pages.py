"""The addresses of coupons: listed, made, ended, and who redeemed them."""

from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.sales.coupons import (
    coupon_facts,
    coupon_fields,
    coupon_state,
    coupons_table,
    redemptions_table,
    to_coupon,
)
from app.pages.tables import PAGE_SIZE
from app.pages.visit import VendorVisit, confirm_word, cursor_of
from core.errors import InputError, InvalidInput, Refused
from plans.actions.create_coupon import create_coupon
from plans.actions.end_coupon import end_coupon
from plans.reads import CouponView, coupons, get_coupon, list_plans
from plans.reads.coupons import redemptions
from tenants.reads import list_tenants
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
BASE = "/sales/coupons"


@get(BASE, sync_to_thread=True)
def listed(vendor: VendorVisit) -> Response[str]:
    """All coupons, with how often each was redeemed."""
    vendor.need(Permission.CATALOGUE_WRITE)
    table = coupons_table(coupons(vendor.session), vendor.now, vendor.query)
    return vendor.page("sales/coupons.html", "coupons", Crumb(_("Coupons")), table=table)


@get(f"{BASE}/new", sync_to_thread=True)
def new(vendor: VendorVisit) -> Response[str]:
    """The form of a new coupon."""
    return _form(vendor, {})


@post(BASE, sync_to_thread=True)
def make(vendor: VendorVisit, data: Form) -> Answer:
    """Make a coupon: what it brings never changes."""
    vendor.need(Permission.CATALOGUE_WRITE)

    def act() -> CouponView:
        return create_coupon(vendor.session, to_coupon(data, vendor.principal.actor), vendor.now)

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        return _form(vendor, data, done)
    return Redirect(f"{BASE}/{done.code}", status_code=303)


@get(f"{BASE}/{{code:str}}", sync_to_thread=True)
def coupon(vendor: VendorVisit, code: str) -> Response[str]:
    """One coupon, and who redeemed it."""
    return _coupon(vendor, code)


@post(f"{BASE}/{{code:str}}/end", sync_to_thread=True)
def end(vendor: VendorVisit, code: str, data: Form) -> Answer:
    """End a coupon: nobody redeems it any more."""
    vendor.need(Permission.CATALOGUE_WRITE)

    def act() -> CouponView:
        confirm_word(data, _("end"))
        return end_coupon(vendor.session, code, vendor.principal.actor, vendor.now)

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        return _coupon(vendor, code, done)
    return Redirect(f"{BASE}/{code}", status_code=303)


def _coupon(vendor: VendorVisit, code: str, refusal: Refused | None = None) -> Response[str]:
    vendor.need(Permission.CATALOGUE_WRITE)
    session, found = vendor.session, get_coupon(vendor.session, code)
    used = redemptions(session, code, cursor_of(vendor.query.get("after")), PAGE_SIZE + 1)
    tenants = {one.id: one for one in list_tenants(session)}
    state = coupon_state(found, vendor.now)
    plans = {plan.key: plan.name for plan in list_plans(session)}
    return vendor.page(
        "sales/coupon.html", "coupons", Crumb(_("Coupons"), BASE), Crumb(code),
        status=refusal.status if refusal else 200, refusal=refusal, code=code, state=state,
        over=found.valid_until is not None and found.valid_until <= vendor.now,
        facts=coupon_facts(found, plans, dict(_charges(vendor))), here=f"{BASE}/{code}",
        table=redemptions_table(used, tenants, vendor.query),
    )  # fmt: skip


def _form(vendor: VendorVisit, data: dict[str, str], refusal: Refused | None = None) -> Response[str]:
    vendor.need(Permission.CATALOGUE_WRITE)
    plans = [(plan.key, plan.name) for plan in list_plans(vendor.session, "base") if plan.newest is not None]
    fields = coupon_fields(data, plans, _charges(vendor), _faults(refusal))
    return vendor.page(
        "sales/coupon_form.html", "coupons", Crumb(_("Coupons"), BASE), Crumb(_("New coupon")),
        status=refusal.status if refusal else 200, refusal=refusal, fields=fields, base=BASE,
    )  # fmt: skip


def _faults(refusal: Refused | None) -> tuple[InputError, ...]:
    """Return what is wrong, each with the name of its field."""
    if isinstance(refusal, InvalidInput):
        return tuple(InputError(one.pointer.rsplit("/", 1)[-1], one.code, one.detail) for one in refusal.errors)
    return () if refusal is None else (InputError("code", refusal.code, refusal.detail),)


def _charges(vendor: VendorVisit) -> list[tuple[str, str]]:
    """Return the charges of what is sold, each once: an add-on's under the key by which it is billed."""
    found: dict[str, str] = {}
    for plan in list_plans(vendor.session):
        for charge in plan.newest.document.charges if plan.newest else ():
            addon = plan.kind == "addon"
            found.setdefault(f"{plan.key}.{charge.key}" if addon else charge.key, charge.name)
    return sorted(found.items(), key=lambda one: one[1])


route_handlers = (listed, new, make, coupon, end)
