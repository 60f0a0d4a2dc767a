"""The addresses where plans and add-ons are begun, families are made and ordered, and versions are retired."""

from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.sales.new_plan import (
    NewPlan,
    family_cards,
    family_fields,
    key_of,
    plan_fields,
    tiers_said,
    tiers_text,
    to_plan,
)
from app.pages.visit import VendorVisit
from core.errors import InputError, InvalidInput, Refused
from plans.actions.begin_plan import begin_plan
from plans.actions.create_family import create_family
from plans.actions.order_family import order_family
from plans.actions.save_draft import DraftInput
from plans.documents import PlanDocument
from plans.reads import FamilyView, families, get_plan, list_plans
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/sales/plans/new", sync_to_thread=True)
def new(vendor: VendorVisit) -> Response[str]:
    """The form of a new plan or add-on."""
    vendor.need(Permission.CATALOGUE_WRITE)
    plans = list_plans(vendor.session)
    kind = "addon" if vendor.query.get("kind") == "addon" else "base"
    alike = [one for one in plans if one.kind == kind]
    tier = 1 if kind == "addon" else 1 + max((one.rank for one in alike), default=0)
    return _new(vendor, {"kind": kind, "tier": str(tier), "family": alike[0].family_key if alike else ""})


@post("/sales/plans", sync_to_thread=True)
def begin(vendor: VendorVisit, data: Form) -> Answer:
    """Save its first draft, and go on there."""
    vendor.need(Permission.CATALOGUE_WRITE)

    def act() -> NewPlan:
        given = to_plan(data, families(vendor.session), list_plans(vendor.session))
        like = get_plan(vendor.session, given.like).newest if given.like else None
        document = like.document if like is not None else PlanDocument(charges=())
        begin_plan(vendor.session, DraftInput(given.key, document, given.identity, vendor.principal.actor), vendor.now)
        return given

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        return _new(vendor, data, done)
    return Redirect(f"/sales/catalogue/{done.key}/draft", status_code=303)


@get("/sales/families", sync_to_thread=True)
def listed(vendor: VendorVisit) -> Response[str]:
    """Families, each with its plans from light to full."""
    return _families(vendor, {})


@post("/sales/families", sync_to_thread=True)
def make(vendor: VendorVisit, data: Form) -> Answer:
    """Make a family."""
    vendor.need(Permission.CATALOGUE_WRITE)
    name = data.get("name", "").strip()[:100]

    def act() -> FamilyView:
        if not name:
            raise InvalidInput(InputError("name", "name_missing", _("Write what the family is called.")))
        key = data.get("key", "").strip()[:60] or key_of(name)
        return create_family(vendor.session, FamilyView(key, name), vendor.principal.actor)

    done = vendor.attempt(act)
    return _families(vendor, data, done) if isinstance(done, Refused) else Redirect("/sales/families", status_code=303)


@post("/sales/families/{family_key:str}/order", sync_to_thread=True)
def order(vendor: VendorVisit, family_key: str, data: Form) -> Answer:
    """Order the plans of a family from light to full."""
    vendor.need(Permission.CATALOGUE_WRITE)
    plans = [one for one in list_plans(vendor.session, "base") if one.family_key == family_key]

    def act() -> None:
        order_family(vendor.session, family_key, tiers_said(data, plans), vendor.principal.actor)

    done = vendor.attempt(act)
    return _families(vendor, data, done) if isinstance(done, Refused) else Redirect("/sales/families", status_code=303)


def _new(vendor: VendorVisit, data: dict[str, str], refusal: Refused | None = None) -> Response[str]:
    known = families(vendor.session)
    plans = list_plans(vendor.session)
    fields = plan_fields(data, known, plans, _faults(refusal))
    return vendor.page(
        "sales/plan_new.html", "catalogue", Crumb(_("Catalogue"), "/sales/catalogue"), Crumb(_("New plan or add-on")),
        status=refusal.status if refusal else 200, refusal=refusal, fields=fields, families=known,
        tiers=tiers_text(plans),
    )  # fmt: skip


def _families(vendor: VendorVisit, data: dict[str, str], refusal: Refused | None = None) -> Response[str]:
    vendor.need(Permission.CATALOGUE_WRITE)
    cards = family_cards(families(vendor.session), list_plans(vendor.session), data, _faults(refusal))
    return vendor.page(
        "sales/families.html", "catalogue", Crumb(_("Catalogue"), "/sales/catalogue"), Crumb(_("Families")),
        status=refusal.status if refusal else 200, refusal=refusal, cards=cards,
        fields=family_fields(data, _faults(refusal)),
    )  # fmt: skip


def _faults(refusal: Refused | None) -> tuple[InputError, ...]:
    """Return what is wrong, each with the name of its field."""
    if isinstance(refusal, InvalidInput):
        return tuple(InputError(one.pointer.removeprefix("/"), one.code, one.detail) for one in refusal.errors)
    return () if refusal is None else (InputError("key", refusal.code, refusal.detail),)


route_handlers = (new, begin, listed, make, order)
