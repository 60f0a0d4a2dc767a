"""What was offered to a customer: read it, accept it, decline it."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.formats import day
from app.pages.frame import Crumb
from app.pages.sales.quotes import About, may_decide, quote_page, quotes_table
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, confirm_word, cursor_of
from app.quoted import QUOTE_WORDS
from billing.documents.render import render_pdf
from billing.documents.words import Words
from billing.quotes.actions.decide_quote import accept_quote, decline_quote
from billing.quotes.document import quote_content
from billing.quotes.reads import QuoteFilter, QuoteView, get_quote, limit_of, plan_names, quote_names, quotes_page
from core.db import Database
from core.errors import NotFound, Refused
from core.scope import StewardScope
from plans.reads import get_version
from tenants.reads import get_legal_entity
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/admin/{tenant_slug:str}/offers", sync_to_thread=True)
def offers(visit: TenantVisit) -> Response[str]:
    """All offers that were sent, newest first."""
    visit.need(Permission.SUBSCRIPTIONS_READ)
    tenant = visit.tenant
    wanted = QuoteFilter(tenant.id, sent_only=True, before=cursor_of(visit.query.get("after")), limit=PAGE_SIZE + 1)
    found = quotes_page(visit.session, wanted)
    table = quotes_table(
        found, {tenant.id: tenant}, {tenant.id: visit.today}, visit.query, _base(visit), names=plan_names(visit.session)
    )
    return visit.page("admin/offers.html", "offers", *visit.crumbs(Crumb(_("Offers"))), table=table)


@get("/admin/{tenant_slug:str}/offers/{quote_id:uuid}", sync_to_thread=True)
def offer(visit: TenantVisit, quote_id: UUID) -> Response[str]:
    """One offer with its simulated first year."""
    return _offer(visit, quote_id)


@get("/admin/{tenant_slug:str}/offers/{quote_id:uuid}/pdf", sync_to_thread=True)
def offer_pdf(visit: TenantVisit, quote_id: UUID) -> Response[bytes]:
    """The offer as a document."""
    view = _found(visit, quote_id)
    seller = get_legal_entity(visit.session, visit.tenant.legal_entity_id)
    names = quote_names(visit.session, visit.tenant.id, view.terms, visit.now)
    agreed = QUOTE_WORDS.agreed(visit.session, view, names)
    content = render_pdf(quote_content(view, (seller, visit.tenant), names, Words(), agreed))
    shown = {"Content-Disposition": f'inline; filename="quote-{view.key}-{view.version}.pdf"'}
    return Response(content, media_type="application/pdf", headers=shown)


@post("/admin/{tenant_slug:str}/offers/{quote_id:uuid}/accept", sync_to_thread=True)
def accept(visit: TenantVisit, database: Database, quote_id: UUID, data: Form) -> Answer:
    """Accept: the contract begins with exactly these terms."""
    visit.need(Permission.QUOTES_ACCEPT)
    maker = _found(visit, quote_id).created_by
    with database.begin(StewardScope()) as steward:
        limit = limit_of(steward, maker)

    def act() -> QuoteView:
        confirm_word(data, _("accept"))
        return accept_quote(visit.session, visit.tenant, quote_id, visit.principal.actor, limit, visit.now)

    return _after(visit, quote_id, visit.attempt(act))


@post("/admin/{tenant_slug:str}/offers/{quote_id:uuid}/decline", sync_to_thread=True)
def decline(visit: TenantVisit, quote_id: UUID, data: Form) -> Answer:
    """Decline, with a reason."""
    visit.need(Permission.QUOTES_ACCEPT)
    _found(visit, quote_id)
    reason, actor = data.get("reason", "").strip()[:500], visit.principal.actor
    act = visit.attempt(lambda: decline_quote(visit.session, visit.tenant, quote_id, actor, reason, visit.now))
    return _after(visit, quote_id, act)


def _after(visit: TenantVisit, quote_id: UUID, done: object) -> Answer:
    return (
        _offer(visit, quote_id, done)
        if isinstance(done, Refused)
        else Redirect(f"{_base(visit)}/{quote_id}", status_code=303)
    )


def _offer(visit: TenantVisit, quote_id: UUID, refusal: Refused | None = None) -> Response[str]:
    view = _found(visit, quote_id)
    assert view.terms.version is not None, "a quote pins its versions"
    plan = get_version(visit.session, view.terms.plan, view.terms.version).document
    names = quote_names(visit.session, visit.tenant.id, view.terms, visit.now)
    shown = quote_page(view, About(visit.tenant, plan, names, visit.today, vendor=False))
    return visit.page(
        "admin/offer.html", "offers", *visit.crumbs(Crumb(_("Offers"), _base(visit)), Crumb(shown.title)),
        status=refusal.status if refusal else 200, refusal=refusal, view=shown, quote=view,
        here=f"{_base(visit)}/{quote_id}", over=_over(visit, view),
        acts=visit.may(Permission.QUOTES_ACCEPT) and may_decide(view, visit.today),
    )  # fmt: skip


def _over(visit: TenantVisit, view: QuoteView) -> str:
    """Return why it cannot be accepted any more and what helps; empty where it can."""
    match view.told_status(visit.today):
        case "expired":
            told = _("This offer was open until %(day)s. Ask your contact in sales for a new version of it.")
            return told % {"day": day(view.valid_until)}
        case "superseded":
            return _("A newer version replaced this offer: it stands in the list of offers.")
        case _:
            return ""


def _found(visit: TenantVisit, quote_id: UUID) -> QuoteView:
    visit.need(Permission.SUBSCRIPTIONS_READ)
    view = get_quote(visit.session, visit.tenant.id, quote_id)
    if not visit.principal.is_vendor and not view.was_sent:
        raise NotFound("quote", quote_id)
    return view


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/offers"


route_handlers = (offers, offer, offer_pdf, accept, decline)
