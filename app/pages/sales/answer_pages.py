"""The addresses where sales asks about a customer and reads the answers."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from msgspec.structs import replace
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.sales.answers import KINDS, answer_page, answers_table, kind_name, last_year
from app.pages.sales.parallel import bad_rows_table, parallel_lines
from app.pages.visit import TenantVisit, csv_file
from billing.answers.actions.ask import ask, ask_about_file, cancel_answer
from billing.answers.offered import Offers
from billing.answers.questions import (
    AssumedSeats,
    DefinitionQuestion,
    ModelsQuestion,
    ParallelFile,
    ParallelQuestion,
    PlanWish,
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
from metering.policies import DEFAULT_POLICIES, CountingPolicies
from plans.reads import PlanView, get_plan, list_plans, subscriptions
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
SHOWN = 20
PLANS_MAX = 20
QUOTES_LOOKED_AT, QUOTES_SHOWN = 100, 20
MOST = 1_000_000
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
    sold = _sold(visit)
    said = {
        "kind": KINDS[0], "starts_on": first.isoformat(), "ends_on": until.isoformat(), "growth": "20",
        "target": "0.5", "csv": "", "charges": "", "columns": "", "min_events": "2",
        "seats": "", "seats_number": "",
        "timeout": "15", "plan": held[-1].plan_key if held else "", "currency": visit.tenant.currency,
    } | (said or {})  # fmt: skip
    return visit.page(
        "sales/compare.html", "customers", *_crumbs(visit, Crumb(_("Compare"))),
        status=refusal.status if refusal else 200, refusal=refusal, bad_rows=bad_rows_table(refusal),
        said=said, base=_base(visit), plans=[(plan.key, plan.name) for plan in sold],
        quotes=_open_quotes(visit),
        bought=[plan.key for plan in sold if plan.newest and plan.newest.document.is_bought],
        currencies=_currencies(visit, sold),
        kinds=[(kind, kind_name(kind)) for kind in KINDS],
        table=answers_table(answers_page(steward, visit.tenant.id, limit=SHOWN), _base(visit), visit.tenant),
    )  # fmt: skip


@post("/sales/customers/{tenant_slug:str}/compare", sync_to_thread=True)
def put_question(visit: TenantVisit, steward: Session, offers: Offers, data: Form) -> Response[str] | Redirect:
    """Queue what was asked."""
    visit.need(Permission.TENANTS_READ)
    said = {name: value for name, value in data.items() if isinstance(value, str)}
    try:
        with steward.begin_nested():
            actor, now = visit.principal.actor, utc_now()
            if said.get("kind") == "parallel":
                said["csv"] = _sent(data.get("file")) or said.get("csv", "")
                asked = ask_about_file(steward, _file(visit, said), actor, now)
            else:
                asked = ask(steward, _question(visit, said), actor, now, offers)
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


def _question(visit: TenantVisit, data: dict[str, str]) -> Question:
    name = visit.tenant.slug
    days: dict[str, Any] = {
        "starts_on": _date(data, "starts_on"), "ends_on": _date(data, "ends_on"), "currency": _currency(visit, data),
    }  # fmt: skip
    wish = PlanWish(plan=data.get("plan", ""))
    match data.get("kind"):
        case "models":
            growth = _number(data, "growth")
            return ModelsQuestion(tenant=name, growth_percent=growth, assumed_seats=_assumed(data), **days)
        case "seats":
            return SeatsQuestion(tenant=name, target_percent=_number(data, "target"), **days)
        case "timeout":
            return TimeoutQuestion(tenant=name, plan=wish, **days)
        case "definition":
            return DefinitionQuestion(tenant=name, plan=wish, policies=_policies(visit, data), **days)
        case _:
            plans = tuple(
                PlanWish(plan=plan.key, quantity=_bought(data, plan.key))
                for plan in _sold(visit)
                if f"plan.{plan.key}" in data
            )
            chosen = tuple(quote_id for quote_id, _ in _open_quotes(visit) if f"quote.{quote_id}" in data)
            return SimulationQuestion(
                tenants=(name,), plans=plans, quotes=chosen, assumed_seats=_assumed(data), **days
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
            return AssumedSeats(number=_many(data, "seats_number"))
        case _:
            return None


def _bought(data: dict[str, str], plan_key: str) -> int | None:
    name = f"quantity.{plan_key}"
    return _many(data, name) if data.get(name, "").strip() else None


def _many(data: dict[str, str], name: str) -> int:
    text = data.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise InvalidInput(InputError(f"/{name}", "number_invalid", _("Write a whole number from 1 to 1,000,000.")))
    return int(text)


def _sold(visit: TenantVisit) -> list[PlanView]:
    """Return the plans that may be compared: so many as one question takes."""
    return [plan for plan in list_plans(visit.session, "base") if plan.newest is not None][:PLANS_MAX]


def _currencies(visit: TenantVisit, sold: list[PlanView]) -> list[str]:
    """Return the currencies in which something is sold: the customer's own first."""
    others = {code for plan in sold if plan.newest for code in plan.newest.document.currencies()}
    return [visit.tenant.currency, *sorted(others - {visit.tenant.currency})]


def _currency(visit: TenantVisit, data: dict[str, str]) -> str:
    """Return the currency that was chosen, the customer's own where none was.

    Raises:
        InvalidInput: nothing is sold in it.
    """
    code = data.get("currency") or visit.tenant.currency
    if code not in _currencies(visit, _sold(visit)):
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


def _file(visit: TenantVisit, data: dict[str, str]) -> ParallelFile:
    """Return the comparison with the file; `theirs = ours` in each line says what is what here."""
    return ParallelFile(
        tenant=visit.tenant.slug,
        plan=PlanWish(plan=data.get("plan", "")),
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


def _policies(visit: TenantVisit, data: dict[str, str]) -> CountingPolicies:
    newest = get_plan(visit.session, data.get("plan", "")).newest
    known = (newest.document.policies if newest else None) or DEFAULT_POLICIES
    try:
        members = replace(known.members, min_events=int(_number(data, "min_events")))
        sessions = replace(known.sessions, timeout_s=int(_number(data, "timeout") * 60))
    except ValueError as fault:
        raise InvalidInput(InputError("/policies", "policy_invalid", str(fault))) from None
    return replace(known, members=members, sessions=sessions)


def _date(data: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(data.get(name, ""))
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
