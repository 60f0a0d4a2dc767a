"""The addresses where a plan's next version is written, compared, priced on real customers and published."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.sales.answers import last_year
from app.pages.sales.catalogue import Offer
from app.pages.sales.document import applied
from app.pages.sales.draft import DraftInput, concerned_text, draft_view, holders
from app.pages.sales.versions import impact_table, told, totals_table
from app.pages.visit import VendorVisit, confirm_word
from billing.answers.actions.ask import ask
from billing.answers.questions import VersionQuestion
from billing.answers.reads.answers import AnswerView, get_answer
from billing.answers.results import VersionResult
from core.errors import InputError, NotFound, Refused
from core.scope import VENDOR_ID
from metering.reads import contract_meters
from plans.actions.discard_draft import discard_draft
from plans.actions.publish_version import document_faults, publish_version
from plans.actions.save_draft import DraftInput as SavedDraft
from plans.actions.save_draft import save_draft
from plans.differences import differences
from plans.documents import PlanDocument
from plans.reads import PlanView, all_subscriptions, draft, get_plan, get_version, list_plans, plan_or_draft, versions
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/sales/catalogue/{plan_key:str}/draft", sync_to_thread=True)
def edit(vendor: VendorVisit, plan_key: str) -> Response[str]:
    """Write the next version: begins with what is sold now."""
    vendor.need(Permission.CATALOGUE_WRITE)
    return _editor(vendor, plan_key, _document(vendor, plan_key))


@post("/sales/catalogue/{plan_key:str}/draft", sync_to_thread=True)
def save(vendor: VendorVisit, plan_key: str, data: Form) -> Answer:
    """Save the draft; a part is added or removed with it."""
    vendor.need(Permission.CATALOGUE_WRITE)
    document, faults = applied(_document(vendor, plan_key), data)
    if faults:
        return _editor(vendor, plan_key, document, faults, data, status=422)
    save_draft(vendor.session, SavedDraft(plan_key, document, None, vendor.principal.actor), vendor.now)
    return Redirect(_base(plan_key, data), status_code=303)


@post("/sales/catalogue/{plan_key:str}/draft/look", sync_to_thread=True, status_code=200)
def look(vendor: VendorVisit, plan_key: str, data: Form) -> Response[str]:
    """The editor as it would be, nothing saved: for the part that follows the form."""
    vendor.need(Permission.CATALOGUE_WRITE)
    document, faults = applied(_document(vendor, plan_key), {**data, "act": ""})
    return _editor(vendor, plan_key, document, faults, data)


@post("/sales/catalogue/{plan_key:str}/publish", sync_to_thread=True)
def publish(vendor: VendorVisit, plan_key: str, data: Form) -> Answer:
    """Publish the draft that was looked at: from then on it never changes."""
    vendor.need(Permission.CATALOGUE_WRITE)
    expected = data.get("number", "")

    def act() -> object:
        confirm_word(data, _("publish"))
        wanted = int(expected) if expected.isdecimal() else 0
        return publish_version(vendor.session, plan_key, vendor.principal.actor, vendor.now, wanted)

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        return _editor(vendor, plan_key, _document(vendor, plan_key), refusal=done, status=done.status)
    return Redirect(f"/sales/catalogue/{plan_key}", status_code=303)


@post("/sales/catalogue/{plan_key:str}/draft/discard", sync_to_thread=True)
def discard(vendor: VendorVisit, plan_key: str, data: Form) -> Answer:
    """Discard the draft, and go back to what is sold."""
    vendor.need(Permission.CATALOGUE_WRITE)

    def act() -> None:
        confirm_word(data, _("discard"))
        discard_draft(vendor.session, plan_key, vendor.principal.actor)

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        return _editor(vendor, plan_key, _document(vendor, plan_key), refusal=done, status=done.status)
    # A plan of which nothing was published is gone with its draft.
    known = any(one.key == plan_key for one in list_plans(vendor.session))
    return Redirect(f"/sales/catalogue/{plan_key}" if known else "/sales/catalogue", status_code=303)


@get("/sales/catalogue/{plan_key:str}/diff", sync_to_thread=True)
def diff(vendor: VendorVisit, plan_key: str) -> Response[str]:
    """What differs between two versions, in words."""
    vendor.need(Permission.CATALOGUE_READ)
    plan, numbers = get_plan(vendor.session, plan_key), [one.number for one in versions(vendor.session, plan_key)]
    before, after = _number(vendor, "from", numbers, 1), _number(vendor, "to", numbers, 0)
    found = differences(
        get_version(vendor.session, plan_key, before).document, get_version(vendor.session, plan_key, after).document
    )
    return vendor.page(
        "sales/diff.html", "catalogue", *_crumbs(plan, _("What changed")), plan=plan, numbers=numbers,
        before=before, after=after, changes=[one.sentence for one in found],
        may_reckon=before != after and vendor.may(Permission.CATALOGUE_WRITE),
    )  # fmt: skip


@post("/sales/catalogue/{plan_key:str}/impact", sync_to_thread=True)
def reckon(vendor: VendorVisit, plan_key: str, data: Form) -> Answer:
    """Ask what all on a version would have been billed under another one (or the draft), in the last twelve months."""
    vendor.need(Permission.CATALOGUE_WRITE)
    plan, today = get_plan(vendor.session, plan_key), vendor.now.date() - timedelta(days=1)
    first, until = last_year(today)
    newest = plan.newest.number if plan.newest else 1
    question = VersionQuestion(
        plan=plan_key, before=_whole(data.get("before")) or newest, after=_whole(data.get("after")),
        starts_on=first, ends_on=until,
    )  # fmt: skip
    asked = vendor.attempt(lambda: ask(vendor.session, question, vendor.principal.actor, vendor.now))
    if isinstance(asked, Refused):
        return _editor(vendor, plan_key, _document(vendor, plan_key), refusal=asked, status=asked.status)
    return Redirect(f"/sales/catalogue/{plan_key}/impact/{asked.id}", status_code=303)


@get("/sales/catalogue/{plan_key:str}/impact/{answer_id:uuid}", sync_to_thread=True)
def impact(vendor: VendorVisit, plan_key: str, answer_id: UUID) -> Response[str]:
    """What it comes to, customer by customer."""
    vendor.need(Permission.CATALOGUE_WRITE)
    plan, found = get_plan(vendor.session, plan_key), get_answer(vendor.session, answer_id)
    if not isinstance(found.question, VersionQuestion) or found.question.plan != plan_key:
        raise NotFound("answer", answer_id)
    result = _result(found)
    done = 100 * found.steps_done // max(found.steps_total, 1)
    return vendor.page(
        "sales/impact.html", "catalogue", *_crumbs(plan, _("What the change means in money")), plan=plan, answer=found,
        percent=100 if found.is_over else min(99, done), here=vendor.path,
        told=told(result) if result else "",
        tables=(totals_table(result), impact_table(result, vendor.query)) if result else (),
    )  # fmt: skip


def _result(found: AnswerView) -> VersionResult | None:
    return None if found.result is None else msgspec.convert(found.result, VersionResult)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 7 and int(text) else None


def _editor(
    vendor: VendorVisit, plan_key: str, document: PlanDocument, unread: list[InputError] | None = None,
    said: dict[str, str] | None = None, *, refusal: Refused | None = None, status: int = 200,
) -> Response[str]:  # fmt: skip
    plan, saved = plan_or_draft(vendor.session, plan_key), draft(vendor.session, plan_key)
    number = saved.number if saved else (plan.newest.number + 1 if plan.newest else 1)
    offer = Offer(plan.key, plan.name, plan.kind, plan.rank, number, document)
    query = vendor.query
    for name in ("currency", "charge"):
        if said and said.get(name):
            query = type(query).of(query.path, {**dict(query.parameters), name: said[name]})
    view = draft_view(
        DraftInput(
            offer=offer,
            before=plan.newest.document if plan.newest else None,
            others=[_offer(one) for one in list_plans(vendor.session, "base") if one.newest],
            meters=dict(sorted(contract_meters(vendor.session, VENDOR_ID).items())),
            addons=[(one.key, one.name) for one in list_plans(vendor.session, "addon") if one.newest],
            faults=unread or document_faults(vendor.session, document),
            said=said or {},
            query=query,
        )
    )
    return vendor.page(
        "sales/draft.html", "catalogue", *_crumbs(plan, _("Version %(number)s") % {"number": number}), status=status,
        view=view, plan=plan, number=number, saved=saved is not None, refusal=refusal,
        concerned=concerned_text(len(holders(all_subscriptions(vendor.session), plan_key))),
    )  # fmt: skip


def _document(vendor: VendorVisit, plan_key: str) -> PlanDocument:
    """Return the draft, or the newest version to begin with."""
    saved = draft(vendor.session, plan_key)
    if saved is not None:
        return saved.document
    newest = plan_or_draft(vendor.session, plan_key).newest
    return newest.document if newest is not None else PlanDocument(charges=())


def _offer(plan: PlanView) -> Offer:
    assert plan.newest is not None, "only plans that are sold are offered"
    return Offer(plan.key, plan.name, plan.kind, plan.rank, plan.newest.number, plan.newest.document)


def _number(vendor: VendorVisit, name: str, numbers: list[int], otherwise: int) -> int:
    text = vendor.query.get(name)
    if text.isdecimal() and len(text) < 10:
        return int(text)
    return numbers[min(otherwise, len(numbers) - 1)] if numbers else 0


def _base(plan_key: str, data: dict[str, str]) -> str:
    currency = data.get("currency", "")
    kept = f"?currency={currency}" if len(currency) == 3 and currency.isalpha() else ""
    return f"/sales/catalogue/{plan_key}/draft{kept}"


def _crumbs(plan: PlanView, last: str) -> tuple[Crumb, ...]:
    return Crumb(_("Catalogue"), "/sales/catalogue"), Crumb(plan.name, f"/sales/catalogue/{plan.key}"), Crumb(last)


route_handlers = (edit, save, look, publish, discard, diff, reckon, impact)
