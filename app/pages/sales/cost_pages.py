"""The addresses of costs and of what is left after them; for those who approve quotes, and who see invoices."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.frame import Crumb, parse_month
from app.pages.sales.answers import answer_page, last_year
from app.pages.sales.costs import costs_table, day_field, kept_document, parse_day, worked_on
from app.pages.sales.document import applied, document_form
from app.pages.visit import VendorVisit, confirm_word
from billing.answers.actions.ask import ask
from billing.answers.questions import MarginsQuestion
from billing.answers.reads.answers import get_answer
from billing.costs.actions.set_costs import cost_faults, drop_costs, set_costs
from billing.costs.reads import cost_sheets
from core.clock import utc_now
from core.errors import InputError, InvalidInput, NotFound, Refused
from core.periods import add_months
from core.scope import VENDOR_ID
from metering.reads import contract_meters
from plans.documents import PlanDocument
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
HERE = "/sales/costs"


@get(HERE, sync_to_thread=True)
def listed(vendor: VendorVisit) -> Response[str]:
    """All sheets, and the form of one of them, or of a new one that begins as the newest is."""
    vendor.need(Permission.QUOTES_APPROVE)
    sheets, on = cost_sheets(vendor.session), vendor.query.get("on")
    chosen = next((one for one in sheets if f"{one.valid_from}" == on), None)
    newest = sheets[-1].document if sheets else PlanDocument(charges=())
    said = {"valid_from": f"{chosen.valid_from if chosen else vendor.now.date().replace(day=1)}"}
    return _sheet(vendor, chosen.document if chosen else newest, said, on=on if chosen else "")


@post(HERE, sync_to_thread=True)
def save(vendor: VendorVisit, data: Form) -> Answer:
    """Save the sheet, or show it with a part added or removed: nothing is saved then."""
    vendor.need(Permission.QUOTES_APPROVE)
    document, unread = applied(worked_on(data), data)
    if data.get("act") != "save":
        return _sheet(vendor, document, data, unread)
    if unread:
        return _sheet(vendor, document, data, unread, status=422)
    actor = vendor.principal.actor
    done = vendor.attempt(lambda: set_costs(vendor.session, parse_day(data), document, actor, utc_now()))
    if isinstance(done, Refused):
        told = _errors(done)
        return _sheet(vendor, document, data, told, refusal=None if told else done, status=done.status)
    return Redirect(f"{HERE}?on={done.valid_from}", status_code=303)


@post(f"{HERE}/drop", sync_to_thread=True)
def drop(vendor: VendorVisit, data: Form) -> Answer:
    """Drop a sheet: the one before it goes on."""
    vendor.need(Permission.QUOTES_APPROVE)

    def act() -> None:
        confirm_word(data, _("drop"))
        drop_costs(vendor.session, parse_day(data), vendor.principal.actor)

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        on = data.get("valid_from", "")
        kept = next((one for one in cost_sheets(vendor.session) if f"{one.valid_from}" == on), None)
        document = kept.document if kept else PlanDocument(charges=())
        return _sheet(vendor, document, {"valid_from": on}, on=on if kept else "", refusal=done, status=done.status)
    return Redirect(HERE, status_code=303)


@post("/sales/revenue/margins", sync_to_thread=True)
def ask_margins(vendor: VendorVisit, data: Form) -> Answer:
    """Ask what was left after costs in the months that the page of revenue shows."""
    vendor.need(Permission.INVOICES_READ)
    otherwise = last_year(vendor.now.date())
    first, last = parse_month(data.get("first", "")), parse_month(data.get("last", ""))
    starts_on, ends_on = (first, add_months(last, 1)) if first and last and first <= last else otherwise
    question = MarginsQuestion(starts_on=max(starts_on, add_months(ends_on, -36)), ends_on=ends_on)
    asked = ask(vendor.session, question, vendor.principal.actor, utc_now())
    return Redirect(f"/sales/revenue/margins/{asked.id}", status_code=303)


@get("/sales/revenue/margins/{answer_id:uuid}", sync_to_thread=True)
def margins(vendor: VendorVisit, answer_id: UUID) -> Response[str]:
    """What was left, customer by customer and plan by plan."""
    vendor.need(Permission.INVOICES_READ)
    found = get_answer(vendor.session, answer_id)
    if not isinstance(found.question, MarginsQuestion):
        raise NotFound("answer", answer_id)
    crumbs = (Crumb(_("Revenue"), "/sales/revenue"), Crumb(_("What is left after costs")))
    return vendor.page(
        "sales/margins.html", "revenue", *crumbs, view=answer_page(found, vendor.query), state=found.status,
        here=vendor.path,
    )  # fmt: skip


def _errors(refusal: Refused) -> list[InputError]:
    return list(refusal.errors) if isinstance(refusal, InvalidInput) else []


def _sheet(
    vendor: VendorVisit, document: PlanDocument, said: dict[str, str], faults: list[InputError] | None = None,
    *, on: str = "", refusal: Refused | None = None, status: int = 200,
) -> Response[str]:  # fmt: skip
    currencies = tuple(sorted({code for charge in document.charges for code in charge.prices})) or ("EUR",)
    wished = said.get("show") or said.get("currency")
    currency = wished if wished in currencies else currencies[0]
    meters = dict(sorted(contract_meters(vendor.session, VENDOR_ID).items()))
    told = faults or (cost_faults(vendor.session, document) if document.charges else [])
    return vendor.page(
        "sales/costs.html", "costs", Crumb(_("Costs")), status=status, here=HERE, on=on,
        refusal=refusal, table=costs_table(cost_sheets(vendor.session), HERE), kept=kept_document(document),
        day=day_field(said.get("valid_from", ""), told), currency=currency, currencies=currencies,
        form=document_form(document, currency, meters, told, said if faults else {}),
    )  # fmt: skip


route_handlers = (listed, save, drop, ask_margins, margins)
