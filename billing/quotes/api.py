"""The API of quotes: the vendor makes and approves them, the customer's admin accepts."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post, put
from litestar.params import Parameter
from sqlalchemy.orm import Session

from billing.costs.reads import costs_on
from billing.documents.render import render_pdf
from billing.documents.words import Words
from billing.quotes.actions.decide_quote import accept_quote, approve_quote, decline_quote, send_quote
from billing.quotes.actions.make_quote import make_quote
from billing.quotes.actions.price_quote import QuoteInput, price_quote
from billing.quotes.actions.set_limit import set_limit
from billing.quotes.document import QuoteWords, quote_content
from billing.quotes.offers import State
from billing.quotes.reads import (
    LimitView,
    QuoteFilter,
    QuoteView,
    get_quote,
    limit_of,
    limits,
    quote_names,
    quotes_page,
    why_it_waits,
)
from billing.quotes.schemas import (
    DeclineBody,
    LimitAnswer,
    LimitBody,
    LimitPage,
    QuoteAnswer,
    QuoteBody,
    QuotePage,
    QuotePreview,
    WaitingAnswer,
    WaitingPage,
)
from core.clock import utc_now
from core.db import Database
from core.errors import Forbidden, NotFound
from core.periods import local_date
from core.scope import StewardScope
from tenants.principal import Principal, require
from tenants.reads import TenantView, get_legal_entity, get_tenant, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]


class QuoteController(Controller):
    """Quotes of one customer. The customer sees those that may be accepted, and what became of them."""

    path = "/v1/quotes"
    tags = ("quotes",)

    @get(sync_to_thread=True)
    def all(
        self, principal: Principal, session: Session, tenant: TenantView, status: State | None = None,
        cursor: UUID | None = None, limit: Limit = 100,
    ) -> QuotePage:  # fmt: skip
        """List all versions of quotes, newest first; the customer sees those that were sent."""
        require(principal, Permission.SUBSCRIPTIONS_READ)
        wanted = QuoteFilter(tenant.id, status, not principal.is_vendor, before=cursor, limit=limit + 1)
        found = quotes_page(session, wanted)
        items = [_answer(principal, session, tenant, view) for view in found[:limit]]
        return QuotePage(items, str(items[-1].id) if len(found) > limit else None)

    @get("/{quote_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, quote_id: UUID) -> QuoteAnswer:
        """Show a quote with its simulated first year."""
        return _answer(principal, session, tenant, _found(principal, session, tenant, quote_id))

    @get("/{quote_id:uuid}/pdf", sync_to_thread=True)
    def pdf(
        self, principal: Principal, session: Session, tenant: TenantView, quote_words: QuoteWords, quote_id: UUID
    ) -> Response[bytes]:
        """Give the quote as PDF."""
        view = _found(principal, session, tenant, quote_id)
        seller = get_legal_entity(session, tenant.legal_entity_id)
        names = quote_names(session, tenant.id, view.terms, tenant_now(session, tenant))
        agreed = quote_words.agreed(session, view, names)
        content = render_pdf(quote_content(view, (seller, tenant), names, Words(), agreed))
        shown = {"Content-Disposition": f'inline; filename="quote-{view.key}-{view.version}.pdf"'}
        return Response(content, media_type="application/pdf", headers=shown)

    @post(sync_to_thread=True)
    def make(
        self, principal: Principal, session: Session, database: Database, tenant: TenantView, data: QuoteBody
    ) -> QuoteAnswer:
        """Make a quote, or the next version of one, with its first year simulated."""
        _vendor(principal, Permission.SUBSCRIPTIONS_WRITE)
        given = _given(database, data, principal)
        return _answer(principal, session, tenant, make_quote(session, tenant, given, tenant_now(session, tenant)))

    @post("/preview", sync_to_thread=True, status_code=200)
    def preview(
        self, principal: Principal, session: Session, database: Database, tenant: TenantView, data: QuoteBody
    ) -> QuotePreview:
        """Tell what the very same request would make: the simulated first year, what it gives away, who approves."""
        _vendor(principal, Permission.SUBSCRIPTIONS_WRITE)
        given = _given(database, data, principal)
        return QuotePreview.of(price_quote(session, tenant, given, tenant_now(session, tenant)), given.limit)

    @post("/{quote_id:uuid}/send", sync_to_thread=True, status_code=200)
    def send(
        self, principal: Principal, session: Session, database: Database, tenant: TenantView, quote_id: UUID
    ) -> QuoteAnswer:
        """Send a draft to the customer, or first to whoever may approve it."""
        _vendor(principal, Permission.SUBSCRIPTIONS_WRITE)
        now, limit = tenant_now(session, tenant), _limit(database, get_quote(session, tenant.id, quote_id).created_by)
        return _answer(principal, session, tenant, send_quote(session, tenant, quote_id, principal.actor, limit, now))

    @post("/{quote_id:uuid}/approve", sync_to_thread=True, status_code=200)
    def approve(
        self, principal: Principal, session: Session, database: Database, tenant: TenantView, quote_id: UUID
    ) -> QuoteAnswer:
        """Approve a quote that somebody else made, within one's own limit."""
        _vendor(principal, Permission.QUOTES_APPROVE)
        now, limit = tenant_now(session, tenant), _limit(database, principal.actor).discount_percent
        view = approve_quote(session, tenant, quote_id, principal.actor, limit, now)
        return _answer(principal, session, tenant, view)

    @post("/{quote_id:uuid}/decline", sync_to_thread=True, status_code=200)
    def decline(
        self, principal: Principal, session: Session, tenant: TenantView, quote_id: UUID, data: DeclineBody
    ) -> QuoteAnswer:
        """Decline a quote, for the vendor or for the customer."""
        require(principal, Permission.QUOTES_APPROVE if principal.is_vendor else Permission.QUOTES_ACCEPT)
        _found(principal, session, tenant, quote_id)
        now = tenant_now(session, tenant)
        view = decline_quote(session, tenant, quote_id, principal.actor, data.reason, now)
        return _answer(principal, session, tenant, view)

    @post("/{quote_id:uuid}/accept", sync_to_thread=True, status_code=200)
    def accept(
        self, principal: Principal, session: Session, database: Database, tenant: TenantView, quote_id: UUID
    ) -> QuoteAnswer:
        """Accept a quote for the customer: the subscription begins with exactly its terms."""
        require(principal, Permission.QUOTES_ACCEPT)
        limit = _limit(database, _found(principal, session, tenant, quote_id).created_by)
        now = tenant_now(session, tenant)
        return _answer(principal, session, tenant, accept_quote(session, tenant, quote_id, principal.actor, limit, now))


class ApprovalController(Controller):
    """What waits for somebody's approval, of all customers."""

    path = "/v1/quote-approvals"
    tags = ("quotes",)

    @get(sync_to_thread=True)
    def all(
        self, principal: Principal, steward: Session, cursor: UUID | None = None, limit: Limit = 100
    ) -> WaitingPage:
        """List quotes that wait for an approval, newest first, and why; approve one in its customer's name."""
        require(principal, Permission.QUOTES_APPROVE)
        wanted = QuoteFilter(waiting_on=utc_now().date(), before=cursor, limit=limit + 1)
        found = quotes_page(steward, wanted)
        items = [_waiting(principal, steward, view) for view in found[:limit]]
        return WaitingPage(items, str(items[-1].quote.id) if len(found) > limit else None)


class SellerLimitController(Controller):
    """What sellers may give away alone, and the floor under which nobody sells."""

    path = "/v1/seller-limits"
    tags = ("quotes",)

    @get(sync_to_thread=True)
    def all(self, principal: Principal, steward: Session) -> LimitPage:
        """List all limits."""
        require(principal, Permission.TENANTS_READ)
        return LimitPage([LimitAnswer.of(view) for view in limits(steward)])

    @put("/{seller:str}", sync_to_thread=True)
    def set(self, principal: Principal, steward: Session, seller: str, data: LimitBody) -> LimitAnswer:
        """Set the limit of a seller (`user:…`), or of everybody not named (`*`)."""
        require(principal, Permission.QUOTES_APPROVE)
        limit = LimitView(seller, data.discount_percent, data.floor_percent, data.margin_floor_percent)
        return LimitAnswer.of(set_limit(steward, limit, principal.actor, utc_now()))


def _vendor(principal: Principal, permission: Permission) -> None:
    require(principal, permission)
    if not principal.is_vendor:
        raise Forbidden("Quotes are made and approved by the vendor.")


def _limit(database: Database, seller: str) -> LimitView:
    with database.begin(StewardScope()) as steward:
        return limit_of(steward, seller)


def _given(database: Database, data: QuoteBody, principal: Principal) -> QuoteInput:
    with database.begin(StewardScope()) as steward:
        limit, costs = limit_of(steward, principal.actor), costs_on(steward, data.terms.starts_on)
    return QuoteInput(
        data.terms, data.valid_until, principal.actor, limit, data.key, data.note, data.draft, data.assumed_seats, costs
    )


def _waiting(principal: Principal, steward: Session, view: QuoteView) -> WaitingAnswer:
    tenant = get_tenant(steward, view.tenant_id)
    why = why_it_waits(view, limit_of(steward, view.created_by))
    return WaitingAnswer(tenant.slug, why, _answer(principal, steward, tenant, view))


def _found(principal: Principal, session: Session, tenant: TenantView, quote_id: UUID) -> QuoteView:
    require(principal, Permission.SUBSCRIPTIONS_READ)
    view = get_quote(session, tenant.id, quote_id)
    if not principal.is_vendor and not view.was_sent:
        raise NotFound("quote", quote_id)
    return view


def _answer(principal: Principal, session: Session, tenant: TenantView, view: QuoteView) -> QuoteAnswer:
    today: date = local_date(tenant_now(session, tenant), tenant.tz)
    return QuoteAnswer.of(view, today, vendor=principal.is_vendor)


route_handlers = (QuoteController, ApprovalController, SellerLimitController)
