"""The addresses of quotes: build one beside what it comes to, send it, and decide on those that wait."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.said import Maker
from app.pages.sales.agreed_form import own_prices
from app.pages.sales.customers import contracts
from app.pages.sales.document import price_forms
from app.pages.sales.offer_form import fresh, offer_sections, parse_offer, said_of
from app.pages.sales.quote_preview import priced_view
from app.pages.sales.quotes import (
    About,
    choose_table,
    may_decide,
    quote_page,
    quotes_table,
    state_chips,
)
from app.pages.tables import PAGE_SIZE, Table, TableQuery
from app.pages.visit import TenantVisit, VendorVisit, cursor_of
from billing.costs.reads import costs_on
from billing.quotes.actions.decide_quote import approve_quote, decline_quote, send_quote
from billing.quotes.actions.make_quote import make_quote
from billing.quotes.actions.price_quote import PricedQuote, QuoteInput, price_quote
from billing.quotes.offers import State
from billing.quotes.reads import (
    QuoteFilter,
    QuoteView,
    Why,
    get_quote,
    limit_of,
    plan_names,
    quote_names,
    quotes_page,
    why_it_waits,
)
from core.clock import utc_now
from core.errors import InputError, InvalidInput, Refused
from core.periods import local_date
from plans.documents import PlanDocument
from plans.reads import PlanView, get_version, list_plans, subscriptions
from tenants.reads import list_tenants, tenant_now, users_of
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
RUNNING = ("active", "ending")


@get("/sales/quotes", sync_to_thread=True)
def quotes(vendor: VendorVisit) -> Response[str]:
    """Quotes of all customers, newest first."""
    vendor.need(Permission.TENANTS_READ)
    wished = vendor.query.get("status")
    state = State(wished) if wished in set(State) else None
    return vendor.page(
        "sales/quotes.html", "quotes", Crumb(_("Quotes")), table=_listed(vendor, QuoteFilter(status=state)),
        chips=state_chips(vendor.query), may_make=vendor.may(Permission.SUBSCRIPTIONS_WRITE),
    )  # fmt: skip


@get("/sales/approvals", sync_to_thread=True)
def approvals(vendor: VendorVisit) -> Response[str]:
    """What waits for an approval."""
    vendor.need(Permission.QUOTES_APPROVE)
    limit = limit_of(vendor.session, vendor.principal.actor)
    table = _listed(vendor, QuoteFilter(waiting_on=utc_now().date()))
    return vendor.page("sales/approvals.html", "approvals", Crumb(_("Approvals")), table=table, limit=limit)


@get("/sales/quotes/new", sync_to_thread=True)
def choose(vendor: VendorVisit) -> Response[str]:
    """For which customer?"""
    vendor.need(Permission.SUBSCRIPTIONS_WRITE)
    table = choose_table(list_tenants(vendor.session), vendor.query)
    crumbs = (Crumb(_("Quotes"), "/sales/quotes"), Crumb(_("New quote")))
    return vendor.page("sales/quote_for.html", "quotes", *crumbs, table=table, search=vendor.query.get("search"))


@get("/sales/customers/{tenant_slug:str}/quotes", sync_to_thread=True)
def customers_quotes(visit: TenantVisit) -> Response[str]:
    """Quotes of one customer."""
    visit.need(Permission.TENANTS_READ)
    found = quotes_page(
        visit.session, QuoteFilter(visit.tenant.id, before=cursor_of(visit.query.get("after")), limit=PAGE_SIZE + 1)
    )
    table = quotes_table(
        found, {visit.tenant.id: visit.tenant}, {visit.tenant.id: visit.today}, visit.query,
        names=plan_names(visit.session),
    )  # fmt: skip
    return visit.page(
        "sales/quotes.html", "quotes", *_crumbs(visit, Crumb(_("Quotes"))), table=table, chips=(),
        may_make=visit.may(Permission.SUBSCRIPTIONS_WRITE),
    )  # fmt: skip


@get("/sales/customers/{tenant_slug:str}/quotes/new", sync_to_thread=True)
def new(visit: TenantVisit, steward: Session) -> Response[str]:
    """Build a quote, or the next version of one (`from`)."""
    visit.need(Permission.SUBSCRIPTIONS_WRITE)
    before = cursor_of(visit.parameters.get("from", ""))
    if before is None:
        held = subscriptions(visit.session, visit.tenant.id, visit.now)
        running = [one for one in held if one.status in RUNNING]
        # What the customer holds alone is what a new offer is about: it would else be billed beside it.
        replaces = running[0].key if len(running) == 1 else ""
        plan = visit.parameters.get("plan") or (held[-1].plan_key if held else "")
        said = fresh(plan, visit.today, replaces)
    else:
        view = get_quote(visit.session, visit.tenant.id, before)
        said = said_of(view, _document(_sold(visit, "base"), view.terms.plan))
    return _build(visit, steward, said)


@post("/sales/customers/{tenant_slug:str}/quotes/preview", sync_to_thread=True, status_code=200)
def preview(visit: TenantVisit, steward: Session, data: Form) -> Response[str]:
    """The form again, beside what it would come to."""
    visit.need(Permission.SUBSCRIPTIONS_WRITE)
    given = visit.attempt(lambda: _given(visit, steward, data))
    if isinstance(given, Refused):
        return _build(visit, steward, data, given)
    priced = visit.attempt(lambda: price_quote(visit.session, visit.tenant, given, visit.now))
    if isinstance(priced, Refused):
        return _build(visit, steward, data, priced)
    return _build(visit, steward, data, priced=priced)


@post("/sales/customers/{tenant_slug:str}/quotes", sync_to_thread=True)
def make(visit: TenantVisit, steward: Session, data: Form) -> Answer:
    """Save a version as a draft, or send it at once."""
    visit.need(Permission.SUBSCRIPTIONS_WRITE)
    made = visit.attempt(
        lambda: make_quote(visit.session, visit.tenant, _given(visit, steward, data), visit.now),
    )
    if isinstance(made, Refused):
        return _build(visit, steward, data, made, status=made.status)
    return Redirect(f"{_base(visit)}/{made.id}", status_code=303)


@get("/sales/customers/{tenant_slug:str}/quotes/{quote_id:uuid}", sync_to_thread=True)
def quote(visit: TenantVisit, steward: Session, quote_id: UUID) -> Response[str]:
    """One version."""
    return _quote(visit, steward, quote_id)


@post("/sales/customers/{tenant_slug:str}/quotes/{quote_id:uuid}/send", sync_to_thread=True)
def send(visit: TenantVisit, steward: Session, quote_id: UUID) -> Answer:
    """Send a draft."""
    visit.need(Permission.SUBSCRIPTIONS_WRITE)
    actor = visit.principal.actor
    limit = limit_of(steward, get_quote(visit.session, visit.tenant.id, quote_id).created_by)
    done = visit.attempt(lambda: send_quote(visit.session, visit.tenant, quote_id, actor, limit, visit.now))
    return _after(visit, steward, quote_id, done)


@post("/sales/customers/{tenant_slug:str}/quotes/{quote_id:uuid}/approve", sync_to_thread=True)
def approve(visit: TenantVisit, steward: Session, quote_id: UUID) -> Answer:
    """Approve what somebody else made: it is sent."""
    visit.need(Permission.QUOTES_APPROVE)
    actor = visit.principal.actor
    limit = limit_of(steward, actor).discount_percent
    done = visit.attempt(lambda: approve_quote(visit.session, visit.tenant, quote_id, actor, limit, visit.now))
    return _after(visit, steward, quote_id, done)


@post("/sales/customers/{tenant_slug:str}/quotes/{quote_id:uuid}/decline", sync_to_thread=True)
def decline(visit: TenantVisit, steward: Session, quote_id: UUID, data: Form) -> Answer:
    """Withdraw or refuse it, with a reason."""
    visit.need(_may_decline(visit))
    reason, actor = data.get("reason", "").strip()[:500], visit.principal.actor
    act = visit.attempt(lambda: decline_quote(visit.session, visit.tenant, quote_id, actor, reason, visit.now))
    return _after(visit, steward, quote_id, act)


def _may_decline(visit: TenantVisit) -> Permission:
    writes = visit.may(Permission.SUBSCRIPTIONS_WRITE)
    return Permission.SUBSCRIPTIONS_WRITE if writes else Permission.QUOTES_APPROVE


def _after(visit: TenantVisit, steward: Session, quote_id: UUID, done: object) -> Answer:
    if isinstance(done, Refused):
        return _quote(visit, steward, quote_id, done)
    return Redirect(f"{_base(visit)}/{quote_id}", status_code=303)


def _quote(visit: TenantVisit, steward: Session, quote_id: UUID, refusal: Refused | None = None) -> Response[str]:
    visit.need(Permission.TENANTS_READ)
    view = get_quote(visit.session, visit.tenant.id, quote_id)
    people = {f"user:{one.id}": one.name for one in users_of(steward, None)}
    decidable, own = may_decide(view, visit.today), view.created_by == visit.principal.actor
    writes, approves = visit.may(Permission.SUBSCRIPTIONS_WRITE), visit.may(Permission.QUOTES_APPROVE)
    why = why_it_waits(view, limit_of(steward, view.created_by)) if decidable else None
    waits = why in (Why.ABOVE_LIMIT, Why.LIMIT_LOWERED)
    acts = {
        "send": decidable and view.status is State.DRAFT and writes,
        "approve": waits and approves and not own,
        "own": waits and own,
        "lowered": why is Why.LIMIT_LOWERED,
        "floor": why is Why.BELOW_FLOOR,
        "decline": decidable and (writes or approves),
        "again": writes and view.status is not State.ACCEPTED,
    }
    names = quote_names(visit.session, visit.tenant.id, view.terms, visit.now)
    shown = quote_page(view, About(visit.tenant, _plan_of(visit, view), names, visit.today, vendor=True))
    return visit.page(
        "sales/quote.html", "quotes", *_crumbs(visit, Crumb(_("Quotes"), _base(visit)), Crumb(shown.title)),
        status=refusal.status if refusal else 200, refusal=refusal, acts=acts, here=f"{_base(visit)}/{quote_id}",
        view=shown, quote=view,
        maker=people.get(view.created_by, "–"), approver=people.get(view.approved_by or "", ""), base=_base(visit),
        contract_href=f"/sales/customers/{visit.tenant.slug}" if view.subscription_id else "",
    )  # fmt: skip


def _build(
    visit: TenantVisit, steward: Session, said: dict[str, str], refusal: Refused | None = None,
    priced: PricedQuote | None = None, status: int = 200,
) -> Response[str]:  # fmt: skip
    plans, addons = _sold(visit, "base"), _sold(visit, "addon")
    document = _document(plans, said.get("plan", ""))
    said = own_prices(said)
    faults = refusal.errors if isinstance(refusal, InvalidInput) else ()
    limit = limit_of(steward, visit.principal.actor)
    held = subscriptions(visit.session, visit.tenant.id, visit.now)
    running = [(one.key, one.plan_name) for one in held if one.status in RUNNING]
    return visit.page(
        "sales/quote_form.html", "quotes", *_crumbs(visit, Crumb(_("Quotes"), _base(visit)), Crumb(_("New quote"))),
        status=status, refusal=refusal, base=_base(visit),
        form=offer_sections(Maker(said, _at_fields(faults)), _names(plans), _names(addons), running),
        prices_of=said.get("plan", ""), prices_change=_prices_change(visit, said),
        prices=price_forms(document, visit.tenant.currency, faults, said), currency=visit.tenant.currency,
        priced=priced_view(priced, limit, TableQuery.of("", {})) if priced else None,
        held=[one for one in contracts(held, visit.tenant.tz, {}) if one.open],
    )  # fmt: skip


def _at_fields(faults: Sequence[InputError]) -> tuple[InputError, ...]:
    """Return faults by the names of the form's fields; those of prices keep their pointer, which is their name."""
    return tuple(replace(one, pointer=one.pointer.removeprefix("/")) for one in faults)


def _prices_change(visit: TenantVisit, said: dict[str, str]) -> bool:
    """Tell whether the prices are sent anew: in a part of the page only where they are another plan's."""
    return not visit.request.headers.get("hx-request") or said.get("prices_of") != said.get("plan")


def _given(visit: TenantVisit, steward: Session, data: dict[str, str]) -> QuoteInput:
    plans = _sold(visit, "base")
    if data.get("plan") not in {one.key for one in plans}:
        raise InvalidInput(InputError("plan", "plan_unknown", _("Choose one of the plans that are sold.")))
    offered = parse_offer(data, _document(plans, data["plan"]), _names(plans), visit.tenant.currency)
    actor = visit.principal.actor
    return QuoteInput(
        offered.terms,
        offered.valid_until,
        actor,
        limit_of(steward, actor),
        offered.key,
        offered.note,
        draft=data.get("act") != "send",
        assumed_seats=offered.assumed_seats,
        costs=costs_on(steward, offered.terms.starts_on),
    )


def _sold(visit: TenantVisit, kind: str) -> list[PlanView]:
    return [plan for plan in list_plans(visit.session, kind) if plan.newest is not None]


def _document(plans: list[PlanView], key: str) -> PlanDocument:
    """Return the newest version of a plan, or of the first where there is none of that key."""
    found = next((plan for plan in plans if plan.key == key), plans[0] if plans else None)
    return found.newest.document if found is not None and found.newest is not None else PlanDocument(charges=())


def _plan_of(visit: TenantVisit, view: QuoteView) -> PlanDocument:
    assert view.terms.version is not None, "a quote pins its versions"
    return get_version(visit.session, view.terms.plan, view.terms.version).document


def _names(plans: list[PlanView]) -> list[tuple[str, str]]:
    return [(plan.key, plan.name) for plan in plans]


def _listed(vendor: VendorVisit, wanted: QuoteFilter) -> Table:
    found = quotes_page(
        vendor.session, replace(wanted, before=cursor_of(vendor.query.get("after")), limit=PAGE_SIZE + 1)
    )
    why = {one.id: why_it_waits(one, limit_of(vendor.session, one.created_by)) for one in found}
    tenants = {one.id: one for one in list_tenants(vendor.session)}
    today = {
        one.tenant_id: local_date(tenant_now(vendor.session, tenants[one.tenant_id]), tenants[one.tenant_id].tz)
        for one in found
    }
    return quotes_table(
        found, tenants, today, vendor.query, why=why if wanted.waiting_on else None, names=plan_names(vendor.session)
    )


def _base(visit: TenantVisit) -> str:
    return f"/sales/customers/{visit.tenant.slug}/quotes"


def _crumbs(visit: TenantVisit, *rest: Crumb) -> tuple[Crumb, ...]:
    tenant = visit.tenant
    return Crumb(_("Customers"), "/sales/customers"), Crumb(tenant.name, f"/sales/customers/{tenant.slug}"), *rest


route_handlers = (
    quotes, approvals, choose, customers_quotes, new, preview, make, quote, send, approve, decline,
)  # fmt: skip
