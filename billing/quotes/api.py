"""The API of quotes: the vendor makes and approves them, the customer's admin accepts."""

from datetime import date
from uuid import UUID

from litestar import Controller, Response, get, post, put
from sqlalchemy.orm import Session

from billing.documents.render import render_pdf
from billing.documents.words import Words
from billing.quotes.actions.decide_quote import accept_quote, approve_quote, decline_quote
from billing.quotes.actions.make_quote import QuoteInput, make_quote
from billing.quotes.actions.set_limit import set_limit
from billing.quotes.document import quote_content
from billing.quotes.offers import State
from billing.quotes.reads import LimitView, QuoteView, get_quote, limit_of, limits, quotes
from billing.quotes.schemas import DeclineBody, LimitAnswer, LimitBody, LimitPage, QuoteAnswer, QuoteBody, QuotePage
from core.clock import utc_now
from core.db import Database
from core.errors import Forbidden, NotFound
from core.periods import local_date
from core.scope import StewardScope
from tenants.principal import Principal, require
from tenants.reads import TenantView, get_legal_entity, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)


class QuoteController(Controller):
    """Quotes of one customer. The customer sees those that may be accepted, and what became of them."""

    path = "/v1/quotes"
    tags = ("quotes",)

    @get(sync_to_thread=True)
    def all(self, principal: Principal, session: Session, tenant: TenantView, cursor: UUID | None = None) -> QuotePage:
        """List all versions of quotes, newest first."""
        require(principal, Permission.SUBSCRIPTIONS_READ)
        found = [view for view in quotes(session, tenant.id) if _shown(principal, view)]
        page = [view for view in found if cursor is None or view.id < cursor][:_PAGE]
        items = [_answer(principal, session, tenant, view) for view in page]
        return QuotePage(items, str(page[-1].id) if len(page) == _PAGE else None)

    @get("/{quote_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, quote_id: UUID) -> QuoteAnswer:
        """Show a quote with its simulated first year."""
        return _answer(principal, session, tenant, _found(principal, session, tenant, quote_id))

    @get("/{quote_id:uuid}/pdf", sync_to_thread=True)
    def pdf(self, principal: Principal, session: Session, tenant: TenantView, quote_id: UUID) -> Response[bytes]:
        """Give the quote as PDF."""
        view = _found(principal, session, tenant, quote_id)
        seller = get_legal_entity(session, tenant.legal_entity_id)
        content = render_pdf(quote_content(view, seller, tenant, Words()))
        shown = {"Content-Disposition": f'inline; filename="quote-{view.key}-{view.version}.pdf"'}
        return Response(content, media_type="application/pdf", headers=shown)

    @post(sync_to_thread=True)
    def make(
        self, principal: Principal, session: Session, database: Database, tenant: TenantView, data: QuoteBody
    ) -> QuoteAnswer:
        """Make a quote, or the next version of one, with its first year simulated."""
        _vendor(principal, Permission.SUBSCRIPTIONS_WRITE)
        limit = _limit(database, principal)
        given = QuoteInput(data.terms, data.valid_until, principal.actor, limit, data.key, data.note)
        return _answer(principal, session, tenant, make_quote(session, tenant, given, tenant_now(session, tenant)))

    @post("/{quote_id:uuid}/approve", sync_to_thread=True, status_code=200)
    def approve(
        self, principal: Principal, session: Session, database: Database, tenant: TenantView, quote_id: UUID
    ) -> QuoteAnswer:
        """Approve a quote that somebody else made, within one's own limit."""
        _vendor(principal, Permission.QUOTES_APPROVE)
        now, limit = tenant_now(session, tenant), _limit(database, principal).discount_percent
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
    def accept(self, principal: Principal, session: Session, tenant: TenantView, quote_id: UUID) -> QuoteAnswer:
        """Accept a quote for the customer: the subscription begins with exactly its terms."""
        require(principal, Permission.QUOTES_ACCEPT)
        _found(principal, session, tenant, quote_id)
        now = tenant_now(session, tenant)
        return _answer(principal, session, tenant, accept_quote(session, tenant, quote_id, principal.actor, now))


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
        limit = LimitView(seller, data.discount_percent, data.floor_percent)
        return LimitAnswer.of(set_limit(steward, limit, principal.actor, utc_now()))


_PAGE = 100


def _vendor(principal: Principal, permission: Permission) -> None:
    require(principal, permission)
    if not principal.is_vendor:
        raise Forbidden("Quotes are made and approved by the vendor.")


def _limit(database: Database, principal: Principal) -> LimitView:
    with database.begin(StewardScope()) as steward:
        return limit_of(steward, principal.actor)


def _shown(principal: Principal, view: QuoteView) -> bool:
    # What was never open to the customer is between the seller and the approver.
    return principal.is_vendor or view.status in (State.OPEN, State.ACCEPTED)


def _found(principal: Principal, session: Session, tenant: TenantView, quote_id: UUID) -> QuoteView:
    require(principal, Permission.SUBSCRIPTIONS_READ)
    view = get_quote(session, tenant.id, quote_id)
    if not _shown(principal, view):
        raise NotFound("quote", quote_id)
    return view


def _answer(principal: Principal, session: Session, tenant: TenantView, view: QuoteView) -> QuoteAnswer:
    today: date = local_date(tenant_now(session, tenant), tenant.tz)
    return QuoteAnswer.of(view, today, vendor=principal.is_vendor)


route_handlers = (QuoteController, SellerLimitController)
