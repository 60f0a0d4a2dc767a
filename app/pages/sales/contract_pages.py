"""The addresses where a contract is begun, changed, paused, renewed and ended: previewed, then done as previewed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.formats import quantity
from app.pages.frame import Crumb
from app.pages.previewed import SEEN, FormPage, Previewed, carried
from app.pages.said import Maker
from app.pages.sales.agreed_form import own_prices
from app.pages.sales.agreement_words import discount_text
from app.pages.sales.catalogue import CURRENCIES
from app.pages.sales.contract_limits import hold_to_limit
from app.pages.sales.contracts.acts import (
    ACTS,
    UNFIT,
    Asked,
    Given,
    act_title,
    act_told,
    acts_of,
    first_said,
    sections_of,
    to_do,
)
from app.pages.sales.contracts.begin import Sold, begin_sections, fresh, to_begin
from app.pages.sales.contracts.foreseen import (
    begun_words,
    decision_words,
    foreseen_view,
    redeemed_words,
    renewed_words,
)
from app.pages.sales.contracts.words import first_possible, plain_faults
from app.pages.sales.document import PriceForm, applied, price_forms
from app.pages.visit import TenantVisit, confirm_word
from core.errors import InvalidInput, NotFound, Refused
from core.ids import new_id
from core.periods import Period
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.hold_as_seen import hold_all_as_seen, hold_as_seen, mark_of
from plans.actions.redeem_coupon import RedeemInput, redeem_coupon
from plans.actions.renew_subscription import RenewInput, renew_subscription
from plans.actions.subscribe import SubscribeInput, subscribe
from plans.actions.withdraw_change import WithdrawInput, withdraw_change
from plans.changes import Decision, direction, running_span
from plans.documents import PlanDocument
from plans.errors import ContractChanged
from plans.rating.estimate import Foreseen
from plans.reads import (
    SubscriptionView,
    coupons,
    get_subscription,
    get_version,
    list_plans,
    periods,
    subscriptions,
    versions,
)
from plans.reads.foresight import foresee, foresee_begun, goes_on
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
COUPONS_TOLD = 6


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a version, which a contract may have otherwise."""

    forms: Sequence[tuple[str, PriceForm]]
    currency: str
    of: str
    """The version, as the form names it."""
    opened: bool


@get("/sales/customers/{tenant_slug:str}/contracts/new", sync_to_thread=True)
def new(visit: TenantVisit, steward: Session) -> Response[str]:
    """The form of a new contract; it is asked again for the prices of another plan, or in another currency."""
    visit.need(Permission.SUBSCRIPTIONS_WRITE)
    sold, wish = _sold(visit), visit.parameters.get("plan", "")
    wished = [value for value, _name in sold.plans if value == wish or value.startswith(f"{wish}@")]
    first = (wished or [value for value, _name in sold.plans] or [""])[0]
    currency = visit.parameters.get("currency") or visit.tenant.currency
    return _new(visit, steward, fresh(first, currency, visit.today))


@post("/sales/customers/{tenant_slug:str}/contracts/preview", sync_to_thread=True, status_code=200)
def preview_new(visit: TenantVisit, steward: Session, data: Form) -> Response[str]:
    """The form again, beside what the contract bills; nothing is written."""
    visit.need(Permission.SUBSCRIPTIONS_WRITE)
    return _new(visit, steward, data, show=True)


@post("/sales/customers/{tenant_slug:str}/contracts", sync_to_thread=True)
def begin(visit: TenantVisit, steward: Session, data: Form) -> Answer:
    """Begin the contract that was previewed."""
    visit.need(Permission.SUBSCRIPTIONS_WRITE)

    def act() -> SubscriptionView:
        given = _to_begin(visit, data, _sold(visit))
        hold_to_limit(visit, steward, given)
        hold_all_as_seen(visit.session, visit.tenant.id, data.get(SEEN, ""), visit.now, given.key)
        return subscribe(visit.session, given, visit.now)

    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _new(visit, steward, data, done, show=isinstance(done, ContractChanged))
    return Redirect(f"{_customer(visit)}?done=begun#contract-{done.id}", status_code=303)


@get("/sales/customers/{tenant_slug:str}/contracts/{subscription_id:uuid}/{act:str}", sync_to_thread=True)
def ask(visit: TenantVisit, subscription_id: UUID, act: str) -> Answer:
    """The form of an act."""
    asked = _asked(visit, subscription_id, act)
    return _unfit(visit, subscription_id) if asked is None else _act(visit, asked, first_said(asked))


@post(
    "/sales/customers/{tenant_slug:str}/contracts/{subscription_id:uuid}/{act:str}/preview",
    sync_to_thread=True,
    status_code=200,
)
def preview(visit: TenantVisit, subscription_id: UUID, act: str, data: Form) -> Answer:
    """The form again, beside what it bills; nothing is written."""
    asked = _asked(visit, subscription_id, act)
    if "take" in data:
        data |= {"on": data.pop("take")}
    return _unfit(visit, subscription_id) if asked is None else _act(visit, asked, data, show=True)


@post("/sales/customers/{tenant_slug:str}/contracts/{subscription_id:uuid}/{act:str}", sync_to_thread=True)
def carry_out(visit: TenantVisit, subscription_id: UUID, act: str, data: Form) -> Answer:
    """Do what was previewed, if the contract is still as it was then."""
    asked = _asked(visit, subscription_id, act)
    if asked is None:
        return _unfit(visit, subscription_id)

    def do() -> None:
        if act == "cancel":
            confirm_word(data, _("end"))
        hold_as_seen(visit.session, visit.tenant.id, subscription_id, data.get(SEEN, ""), visit.now)
        _carry_out(visit, to_do(asked, data, _sold(visit)))

    done = visit.attempt(do)
    if isinstance(done, Refused):
        return _act(visit, asked, data, done, show=True)
    return Redirect(f"{_customer(visit)}?done={act}#contract-{subscription_id}", status_code=303)


def _unfit(visit: TenantVisit, subscription_id: UUID) -> Redirect:
    """Lead back to the contract, of which somebody has made another one since its page was looked at."""
    return Redirect(f"{_customer(visit)}?done={UNFIT}#contract-{subscription_id}", status_code=303)


def _asked(visit: TenantVisit, subscription_id: UUID, act: str) -> Asked | None:
    """Return the contract that an act is about; None where the act does not fit it as it stands.

    Raises:
        NotFound: there is no such contract or act.
    """
    visit.need(Permission.SUBSCRIPTIONS_WRITE)
    contract = get_subscription(visit.session, visit.tenant.id, subscription_id, visit.now)
    if act not in ACTS:
        raise NotFound("act on this contract", act)
    if act not in {one for one, _name in acts_of(contract)}:
        return None
    known = [view.span for view in periods(visit.session, visit.tenant.id, subscription_id)]
    return Asked(act, contract, running_span(contract, known, visit.now).period, visit.principal.actor)


def _carry_out(visit: TenantVisit, given: Given) -> tuple[Decision, tuple[str, ...]]:
    """Do it, or with `preview` decide it: what becomes of the contract, and in words."""
    session, now = visit.session, visit.now
    before = get_subscription(session, given.tenant_id, given.subscription_id, now)
    match given:
        case ChangeInput():
            decision = change_subscription(session, given, now)
            act = {"paused": "pause", "regular": "resume"}.get(given.mode or "", "change")
            way = direction(decision, {plan.key: plan.rank for plan in list_plans(session)})
            return decision, decision_words(act, before, decision, way)
        case CancelInput():
            decision = cancel_subscription(session, given, now)
            return decision, decision_words("cancel", before, decision)
        case WithdrawInput():
            decision = withdraw_change(session, given, now)
            return decision, decision_words("withdraw", before, decision)
        case RenewInput():
            after = renew_subscription(session, given, now)
            return goes_on(session, before, after, now), renewed_words(after)
        case RedeemInput():
            agreed = redeem_coupon(session, given, now)
            after = replace(before, discounts=(*before.discounts, agreed))
            return goes_on(session, before, after, now), redeemed_words(agreed, before)


def _act(
    visit: TenantVisit, asked: Asked, data: dict[str, str], refusal: Refused | None = None, *, show: bool = False
) -> Response[str]:  # fmt: skip
    """Return an act's page; with `show` beside what it comes to."""
    session, tenant, now = visit.session, visit.tenant, visit.now
    sold, before = _sold(visit), asked.contract

    def look() -> Previewed:
        decision, words = _carry_out(visit, replace(to_do(asked, data, sold), preview=True))
        foreseen = foresee(session, tenant, before, decision, now)
        stays = foresee(session, tenant, before, goes_on(session, before, before, now), now)
        view = foreseen_view(decision.after, decision.running.period, words, foreseen, stays)
        return Previewed(view, mark_of(before), carried(data))

    shown = visit.attempt(look) if show else None
    # What is refused as it is previewed anew is told; what was refused before it is told first.
    refusal = refusal or (shown if isinstance(shown, Refused) else None)
    possible = first_possible(refusal, now, asked.tz, last=asked.act == "cancel") if refusal else None
    faults = plain_faults(refusal, data, possible) if refusal else ()
    here = f"{_customer(visit)}/contracts/{before.id}/{asked.act}"
    word = _("end") if asked.act == "cancel" else ""
    sections = sections_of(asked, Maker(data, faults), sold)
    page = FormPage(act_title(asked), act_told(asked.act), here, sections, word, possible)
    return _page(visit, page, faults, shown if isinstance(shown, Previewed) else None, refusal)


def _to_begin(visit: TenantVisit, data: dict[str, str], sold: Sold) -> SubscribeInput:
    return to_begin(data, visit.tenant.id, visit.principal.actor, sold, _document(visit, sold, data))


def _document(visit: TenantVisit, sold: Sold, data: dict[str, str]) -> PlanDocument:
    """Return what the version says that a form names; of none of those sold, nothing."""
    text = data.get("plan", "")
    if text not in dict(sold.plans):
        return PlanDocument(charges=())
    key, number = text.rsplit("@", 1)
    return get_version(visit.session, key, int(number)).document


def _new(
    visit: TenantVisit, steward: Session, data: dict[str, str], refusal: Refused | None = None, *, show: bool = False
) -> Response[str]:  # fmt: skip
    session, tenant, sold = visit.session, visit.tenant, _sold(visit)

    def look() -> Previewed:
        # Its name is settled here, so that sending it twice begins one contract.
        told = carried(data) | {"key": data.get("key", "").strip() or f"contract-{str(new_id())[-12:]}"}
        given = _to_begin(visit, told, sold)
        gives = hold_to_limit(visit, steward, given)
        begun = subscribe(session, replace(given, preview=True), visit.now)
        foreseen = foresee_begun(session, tenant, begun, visit.now)
        seen = mark_of(*subscriptions(session, tenant.id, visit.now))
        return Previewed(
            foreseen_view(begun, _until_next(begun, foreseen), (*begun_words(begun), *gives), foreseen), seen, told
        )

    shown = visit.attempt(look) if show else None
    refusal = refusal or (shown if isinstance(shown, Refused) else None)
    faults = plain_faults(refusal, data) if refusal else ()
    title = _("New contract for %(name)s") % {"name": tenant.name}
    told = _("What gives more away than you may grant alone is agreed on by a quote, which somebody else approves.")
    page = FormPage(title, told, f"{_customer(visit)}/contracts", begin_sections(Maker(data, faults), sold))
    currency = data.get("currency", tenant.currency)
    wrong = refusal.errors if isinstance(refusal, InvalidInput) else ()
    document, own = _document(visit, sold, data), own_prices(data)
    opened = applied(document, own) != (document, [])
    prices = Prices(price_forms(document, currency, wrong, own), currency, data.get("plan", ""), opened)
    return _page(
        visit, page, faults, shown if isinstance(shown, Previewed) else None, refusal, prices,
    )  # fmt: skip


def _page(
    visit: TenantVisit, page: FormPage, faults: Sequence[object], shown: Previewed | None, refusal: Refused | None,
    prices: Prices | None = None,
) -> Response[str]:  # fmt: skip
    crumbs = (
        Crumb(_("Customers"), "/sales/customers"), Crumb(visit.tenant.name, _customer(visit)), Crumb(page.title),
    )  # fmt: skip
    return visit.page(
        "layouts/previewed_form.html", "customers", *crumbs, status=refusal.status if refusal else 200,
        form=page, faults=faults, shown=shown, back=_customer(visit), prices=prices,
    )  # fmt: skip


def _until_next(begun: SubscriptionView, foreseen: Foreseen) -> Period:
    following = foreseen[1]
    ends_at = following.span.period.starts_at if following is not None else begun.ends_at
    assert ends_at is not None, "a contract without an end has a next period"
    return Period(begun.starts_at, ends_at)


def _sold(visit: TenantVisit) -> Sold:
    session = visit.session
    bases = [plan for plan in list_plans(session, "base") if plan.newest is not None]
    plans = [
        (f"{plan.key}@{one.number}", _("%(plan)s, version %(number)s") % {"plan": plan.name, "number": one.number})
        for plan in bases
        for one in versions(session, plan.key)
        if one.retired_at is None
    ]
    addons = [(plan.key, plan.name) for plan in list_plans(session, "addon") if plan.newest is not None]
    return Sold(plans, addons, CURRENCIES, _coupons(visit))


def _coupons(visit: TenantVisit) -> str:
    usable = [
        one
        for one in coupons(visit.session)
        if (one.valid_until is None or one.valid_until > visit.now)
        and (one.max_redemptions is None or one.redeemed < one.max_redemptions)
    ]
    if not usable:
        return _("No coupon can be used at present.")
    told = "; ".join(
        f"{one.code}: {discount_text(one.discount, visit.tenant.currency)}" for one in usable[:COUPONS_TOLD]
    )
    if len(usable) > COUPONS_TOLD:
        told = _("%(some)s; and %(count)s more") % {"some": told, "count": quantity(len(usable) - COUPONS_TOLD)}
    return _("Can be used now: %(coupons)s.") % {"coupons": told}


def _customer(visit: TenantVisit) -> str:
    return f"/sales/customers/{visit.tenant.slug}"


route_handlers = (new, preview_new, begin, ask, preview, carry_out)
