"""The address where sales says in which other way a customer might be counted, and asks what it would mean."""

from dataclasses import replace
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.said import Field, Said
from app.pages.sales.answers import kind_name, last_year
from app.pages.sales.asking import PlanChoice, plan_wish
from app.pages.sales.asking_reads import choices_for, currencies_of
from app.pages.sales.document import applied, policies_form
from app.pages.visit import TenantVisit
from billing.answers.actions.ask import ask
from billing.answers.questions import DefinitionQuestion
from core.clock import utc_now
from core.errors import InputError, InvalidInput, Refused
from metering.policies import DEFAULT_POLICIES, CountingPolicies
from plans.documents import PlanDocument
from plans.reads import draft, get_plan, get_version, subscriptions
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
ANSWER_MAX = 100_000
"""The definition travels in the form while parts are added to it; it is never so long."""


@get("/sales/customers/{tenant_slug:str}/compare/definition", sync_to_thread=True)
def form(visit: TenantVisit, steward: Session) -> Response[str]:
    """The form, beginning with how a plan counts."""
    visit.need(Permission.TENANTS_READ)
    first, until = last_year(visit.today)
    held = subscriptions(visit.session, visit.tenant.id, visit.now)
    said = {
        "plan": held[-1].plan_key if held else "", "starts_on": first.isoformat(), "ends_on": until.isoformat(),
        "currency": visit.tenant.currency,
    }  # fmt: skip
    return _page(visit, steward, said | {name: text for name, text in visit.parameters.items() if name in said})


@post("/sales/customers/{tenant_slug:str}/compare/definition", sync_to_thread=True)
def change(visit: TenantVisit, steward: Session, data: Form) -> Answer:
    """Add or remove a part of the definition, take another plan's, or ask."""
    visit.need(Permission.TENANTS_READ)
    act = data.get("act", "")
    if act == "take":
        return _page(visit, steward, {name: text for name, text in data.items() if not _of_policies(name)})
    known = choices_for(visit, steward)
    own = _own(visit, steward, data.get("plan", ""), known)
    document, faults = applied(PlanDocument(charges=(), policies=_carried(data) or own), data)
    wanted = document.policies or own
    if faults or act != "ask":
        return _page(visit, steward, data, wanted, faults=faults)
    try:
        with steward.begin_nested():
            question = _question(visit, data, known, wanted, own)
            asked = ask(steward, question, visit.principal.actor, utc_now())
    except Refused as refusal:
        return _page(visit, steward, data, wanted, refusal=refusal)
    return Redirect(f"{_base(visit)}/{asked.id}", status_code=303)


def _question(
    visit: TenantVisit, data: dict[str, str], known: tuple[PlanChoice, ...], wanted: CountingPolicies,
    own: CountingPolicies,
) -> DefinitionQuestion:  # fmt: skip
    said = Said(data)
    starts_on, ends_on = said.day("starts_on"), said.day("ends_on")
    currency = said.text("currency") or visit.tenant.currency
    if currency not in currencies_of(visit):
        said.fault("currency", "currency_not_priced", _("Choose one of the currencies listed."))
    if wanted == own:
        said.fault("", "changes_nothing", _("This is how the plan counts already. Change something first."))
    said.check()
    return DefinitionQuestion(
        tenant=visit.tenant.slug, plan=plan_wish(data.get("plan", ""), known), policies=wanted,
        starts_on=starts_on, ends_on=ends_on, currency=currency,
    )  # fmt: skip


def _page(
    visit: TenantVisit, steward: Session, said: dict[str, str], wanted: CountingPolicies | None = None, *,
    faults: list[InputError] | None = None, refusal: Refused | None = None,
) -> Response[str]:  # fmt: skip
    known = choices_for(visit, steward)
    chosen = said.get("plan") or (known[0].value if known else "")
    own = _own(visit, steward, chosen, known)
    shown = wanted or own
    told = refusal or (InvalidInput(*faults) if faults else None)
    errors = told.errors if isinstance(told, InvalidInput) else ()

    def field(name: str, label: str, kind: str, choices: tuple[tuple[str, str], ...] = ()) -> Field:
        at = tuple(one.detail for one in errors if one.pointer.removeprefix("/") == name)
        return Field(name, label, said.get(name, ""), choices, kind, at, wide=kind == "wide")

    # What could not be read stays as it was written; all else is what the definition says by now.
    kept = {name: text for name, text in said.items() if name.startswith(("/", "has:", "set:"))} if faults else {}
    return visit.page(
        "sales/definition.html", "customers",
        Crumb(_("Customers"), "/sales/customers"),
        Crumb(visit.tenant.name, f"/sales/customers/{visit.tenant.slug}"),
        Crumb(_("Compare"), _base(visit)),
        Crumb(kind_name("definition")),
        status=told.status if told else 200, refusal=told, here=f"{_base(visit)}/definition",
        fields=(
            replace(field("plan", _("Plan"), "wide", tuple((one.value, one.name) for one in known)), value=chosen),
            field("starts_on", _("First day"), "day"),
            field("ends_on", _("Up to, not included"), "day"),
            field("currency", _("Currency"), "text", tuple((code, code) for code in currencies_of(visit))),
        ),
        parts=policies_form(shown, errors, kept).parts,
        carried=msgspec.json.encode(shown).decode(), changed=shown != own,
    )  # fmt: skip


def _own(visit: TenantVisit, steward: Session, value: str, known: tuple[PlanChoice, ...]) -> CountingPolicies:
    """Return how a plan counts; of a choice that there is not, the shipped way."""
    if value not in {one.value for one in known}:
        return DEFAULT_POLICIES
    wish = plan_wish(value, known)
    if wish.draft:
        found = draft(steward, wish.plan)
        return (found.document.policies if found else None) or DEFAULT_POLICIES
    version = (
        get_version(visit.session, wish.plan, wish.version)
        if wish.version
        else get_plan(visit.session, wish.plan).newest
    )
    return (version.document.policies if version else None) or DEFAULT_POLICIES


def _carried(data: dict[str, str]) -> CountingPolicies | None:
    """Return the definition that the form was made of, with the parts that were added to it."""
    try:
        return msgspec.json.decode(data.get("carried", "")[:ANSWER_MAX], type=CountingPolicies)
    except (msgspec.DecodeError, ValueError):
        return None


def _of_policies(name: str) -> bool:
    return name == "carried" or name.startswith(("/policies", "has:/policies", "set:/policies", "new:/policies"))


def _base(visit: TenantVisit) -> str:
    return f"/sales/customers/{visit.tenant.slug}/compare"


route_handlers = (form, change)
