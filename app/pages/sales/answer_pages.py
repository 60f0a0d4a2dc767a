"""The addresses where sales asks about a customer and reads the answers."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.sales.answers import KINDS, answer_page, answers_table, kind_name, last_year
from app.pages.sales.asking import PLANS_MAX, addons_wished, plan_wish, tenants_wished, whole_said
from app.pages.sales.asking_reads import choices_for, currencies_of, sold_addons
from app.pages.sales.parallel import bad_rows_table, parallel_lines
from app.pages.visit import TenantVisit, csv_file
from billing.answers.actions.ask import ask, ask_about_file, cancel_answer
from billing.answers.offered import Offers
from billing.answers.questions import (
    AssumedSeats,
    ModelsQuestion,
    ParallelFile,
    ParallelQuestion,
    Question,
    SeatsQuestion,
    SimulationQuestion,
    TimeoutQuestion,
)
from billing.answers.reads.answers import answers_page, get_answer
from billing.answers.results import ParallelResult
from billing.quotes.reads import QuoteFilter, plan_names, quotes_page
from core.clock import utc_now
from core.errors import InputError, InvalidInput, Refused
from core.periods import said_day
from plans.reads import subscriptions
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
SHOWN = 20
EACH_ITS_OWN = "own"
"""The choice of currency that leaves it to each customer."""
QUOTES_LOOKED_AT, QUOTES_SHOWN = 100, 20
FILE_MAX = 2_000_000
ECHO_MAX = 200_000
"""A file that was refused stands in the form to be mended there, where it is not longer."""


@get("/sales/customers/{tenant_slug:str}/compare", sync_to_thread=True)
def compare(visit: TenantVisit, steward: Session) -> Response[str]:
    """Ask about a customer, and what was asked."""
    visit.need(Permission.TENANTS_READ)
    return _compare(visit, steward)


def _compare(
    visit: TenantVisit, steward: Session, refusal: Refused | None = None, said: dict[str, str] | None = None
) -> Response[str]:
    first, until = last_year(visit.today)
    held = subscriptions(visit.session, visit.tenant.id, visit.now)
    said = {
        "kind": KINDS[0], "starts_on": first.isoformat(), "ends_on": until.isoformat(), "growth": "20",
        "target": "0.5", "csv": "", "charges": "", "columns": "", "more": "0",
        "seats": "", "seats_number": "",
        "plan": held[-1].plan_key if held else "", "currency": visit.tenant.currency,
    } | (said or {})  # fmt: skip
    return visit.page(
        "sales/compare.html", "customers", *_crumbs(visit, Crumb(_("Compare"))),
        status=refusal.status if refusal else 200, refusal=refusal, bad_rows=bad_rows_table(refusal),
        said=said, base=_base(visit), plans=choices_for(visit, steward), addons=sold_addons(visit),
        others=sorted((one for one in visit.tenants if one.slug != visit.tenant.slug), key=lambda one: one.name),
        quotes=_open_quotes(visit),
        currencies=currencies_of(visit),
        kinds=[(kind, kind_name(kind)) for kind in KINDS],
        table=answers_table(answers_page(steward, visit.tenant.id, limit=SHOWN), _base(visit), visit.tenant),
    )  # fmt: skip


@post("/sales/customers/{tenant_slug:str}/compare", sync_to_thread=True)
def put_question(visit: TenantVisit, steward: Session, offers: Offers, data: Form) -> Response[str] | Redirect:
    """Queue what was asked."""
    visit.need(Permission.TENANTS_READ)
    said = {name: value for name, value in data.items() if isinstance(value, str)}
    if said.get("kind") == "definition":
        # How it is counted is said on a page of its own, which begins with what stands here.
        begun = {name: said.get(name, "") for name in ("plan", "starts_on", "ends_on", "currency")}
        return Redirect(f"{_base(visit)}/definition?{urlencode(begun)}", status_code=303)
    try:
        with steward.begin_nested():
            actor, now = visit.principal.actor, utc_now()
            if said.get("kind") == "parallel":
                said["csv"] = _sent(data.get("file")) or said.get("csv", "")
                asked = ask_about_file(steward, _file(visit, steward, said), actor, now)
            else:
                asked = ask(steward, _question(visit, steward, said), actor, now, offers)
    except Refused as refusal:
        kept = said.get("csv", "")
        return _compare(visit, steward, refusal, said | {"csv": kept if len(kept) <= ECHO_MAX else ""})
    return Redirect(f"{_base(visit)}/{asked.id}", status_code=303)


@get("/sales/customers/{tenant_slug:str}/compare/{answer_id:uuid}", sync_to_thread=True)
def answer(visit: TenantVisit, steward: Session, answer_id: UUID) -> Response[str]:
    """One question and its answer."""
    visit.need(Permission.TENANTS_READ)
    found = get_answer(steward, answer_id, visit.tenant.id)
    if visit.query.get("format") == "csv" and isinstance(found.question, ParallelQuestion) and found.result:
        lines = parallel_lines(msgspec.convert(found.result, ParallelResult))
        return csv_file(lines, f"{visit.tenant.slug}-bills")
    view = answer_page(found, visit.query)
    return visit.page(
        "sales/answer.html", "customers", *_crumbs(visit, Crumb(_("Compare"), _base(visit)), Crumb(view.title)),
        view=view, here=visit.path,
    )  # fmt: skip


@post("/sales/customers/{tenant_slug:str}/compare/{answer_id:uuid}/cancel", sync_to_thread=True)
def cancel(visit: TenantVisit, steward: Session, answer_id: UUID) -> Redirect:
    """Stop working on an answer."""
    visit.need(Permission.TENANTS_READ)
    get_answer(steward, answer_id, visit.tenant.id)
    cancel_answer(steward, answer_id, visit.principal.actor, utc_now())
    return Redirect(f"{_base(visit)}/{answer_id}", status_code=303)


def _question(visit: TenantVisit, steward: Session, data: dict[str, str]) -> Question:
    name = visit.tenant.slug
    days: dict[str, Any] = {
        "starts_on": _date(data, "starts_on"), "ends_on": _date(data, "ends_on"), "currency": _currency(visit, data),
    }  # fmt: skip
    match data.get("kind"):
        case "models":
            growth = _number(data, "growth")
            return ModelsQuestion(tenant=name, growth_percent=growth, assumed_seats=_assumed(data), **days)
        case "seats":
            return SeatsQuestion(tenant=name, target_percent=_number(data, "target"), **days)
        case "timeout":
            wish = plan_wish(data.get("plan", ""), choices_for(visit, steward))
            return TimeoutQuestion(tenant=name, plan=wish, **days)
        case _:
            return _simulation(visit, steward, data, days)


def _simulation(
    visit: TenantVisit, steward: Session, data: dict[str, str], days: dict[str, Any]
) -> SimulationQuestion:  # fmt: skip
    choices, addons = choices_for(visit, steward), addons_wished(data, sold_addons(visit))
    plans = tuple(
        plan_wish(one.value, choices, _bought(data, one.value), addons)
        for one in choices
        if f"plan.{one.value}" in data
    )
    if len(plans) > PLANS_MAX:
        raise InvalidInput(InputError("/plans", "too_many", _("Choose at most 20 plans at once.")))
    chosen = tuple(quote_id for quote_id, _name in _open_quotes(visit) if f"quote.{quote_id}" in data)
    if data.get("currency") == EACH_ITS_OWN:
        days = days | {"currency": None}
    return SimulationQuestion(
        tenants=tenants_wished(data, visit.tenant.slug, visit.tenants), plans=plans, quotes=chosen,
        growth_percent=_number({"more": "0"} | data, "more"), assumed_seats=_assumed(data), **days,
    )  # fmt: skip


def _assumed(data: dict[str, str]) -> AssumedSeats | None:
    """Return how many seats are assumed where nothing was counted of any.

    Raises:
        InvalidInput: a number is assumed, and none or a senseless one is written (`number_invalid`).
    """
    match data.get("seats"):
        case "registered":
            return AssumedSeats(like="registered")
        case "peak_active":
            return AssumedSeats(like="peak_active")
        case "number":
            return AssumedSeats(number=whole_said(data, "seats_number"))
        case _:
            return None


def _bought(data: dict[str, str], plan_key: str) -> int | None:
    name = f"quantity.{plan_key}"
    return whole_said(data, name) if data.get(name, "").strip() else None


def _currency(visit: TenantVisit, data: dict[str, str]) -> str:
    """Return the currency that was chosen, the customer's own where none was.

    Raises:
        InvalidInput: nothing is sold in it.
    """
    code = data.get("currency") or visit.tenant.currency
    if code == EACH_ITS_OWN:
        return visit.tenant.currency
    if code not in currencies_of(visit):
        raise InvalidInput(InputError("/currency", "currency_not_priced", _("Choose one of the currencies listed.")))
    return code


def _open_quotes(visit: TenantVisit) -> list[tuple[UUID, str]]:
    """Return the customer's quotes that may become a contract yet, newest first, with what they are called."""
    if not visit.principal.may(Permission.SUBSCRIPTIONS_READ):
        return []
    names = plan_names(visit.session)
    found = quotes_page(visit.session, QuoteFilter(visit.tenant.id, limit=QUOTES_LOOKED_AT))
    return [
        (one.id, f"{one.key} · {one.version}: {names.get(one.terms.plan, one.terms.plan)}")
        for one in found
        if one.told_status(visit.today) in ("draft", "pending", "open")
    ][:QUOTES_SHOWN]


def _sent(file: object) -> str:
    """Return the text of the file that was chosen; nothing where none was.

    Raises:
        InvalidInput: it is too long, or no text in UTF-8.
    """
    if not isinstance(file, UploadFile):
        return ""
    content = file.file.read(FILE_MAX + 1)
    if len(content) > FILE_MAX:
        detail = _("The file is longer than 2 MB: leave out what is not compared, or send fewer months.")
        raise InvalidInput(InputError("/csv", "file_too_large", detail))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        detail = _("The file is no text in UTF-8: save it as “CSV UTF-8” and send it again.")
        raise InvalidInput(InputError("/csv", "encoding_invalid", detail)) from None


def _file(visit: TenantVisit, steward: Session, data: dict[str, str]) -> ParallelFile:
    """Return the comparison with the file; `theirs = ours` in each line says what is what here."""
    return ParallelFile(
        tenant=visit.tenant.slug,
        plan=plan_wish(data.get("plan", ""), choices_for(visit, steward)),
        starts_on=_date(data, "starts_on"),
        ends_on=_date(data, "ends_on"),
        currency=_currency(visit, data),
        csv=data.get("csv", "")[:FILE_MAX],
        columns={ours: theirs for theirs, ours in _pairs(data, "columns")},
        charges=dict(_pairs(data, "charges")),
    )


def _pairs(data: dict[str, str], name: str) -> list[tuple[str, str]]:
    said = [line.rpartition("=") for line in data.get(name, "").splitlines() if "=" in line]
    return [(theirs.strip(), ours.strip()) for theirs, _equals, ours in said]


def _date(data: dict[str, str], name: str) -> date:
    try:
        return said_day(data.get(name, ""))
    except ValueError:
        raise InvalidInput(InputError(f"/{name}", "date_invalid", _("Write a date as 2026-01-31."))) from None


def _number(data: dict[str, str], name: str) -> Decimal:
    try:
        value = Decimal(data.get(name, "").replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > 10**6:
        raise InvalidInput(InputError(f"/{name}", "number_invalid", _("Write a number, for instance 0.5.")))
    return value


def _base(visit: TenantVisit) -> str:
    return f"/sales/customers/{visit.tenant.slug}/compare"


def _crumbs(visit: TenantVisit, *rest: Crumb) -> tuple[Crumb, ...]:
    tenant = visit.tenant
    return Crumb(_("Customers"), "/sales/customers"), Crumb(tenant.name, f"/sales/customers/{tenant.slug}"), *rest


route_handlers = (compare, put_question, answer, cancel)
