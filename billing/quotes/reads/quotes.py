"""Quotes by id and of a customer."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from billing.answers.results import SimulatedInvoice
from billing.costs.margins import least_margin
from billing.quotes.floors import below_floor, below_margin
from billing.quotes.models import Quote, SellerLimit
from billing.quotes.offers import QuoteTerms, State, needs_approval
from billing.quotes.reads.limits import EVERYBODY, LimitView
from core.errors import NotFound
from core.money import Money
from core.scope import VENDOR_ID

__all__ = (
    "QuoteFilter",
    "QuoteView",
    "Why",
    "above_limit",
    "accepted_version",
    "find_quote",
    "get_quote",
    "quotes_page",
    "why_it_waits",
)

_FIELDS = (
    "id", "tenant_id", "key", "version", "valid_until", "note", "currency", "discount_percent", "needs_approval",
    "simulated_from", "simulated_until", "created_by", "created_at", "sent_at", "approved_by", "decided_at", "reason",
    "accepted_by", "accepted_at", "subscription_id",
)  # fmt: skip


_SENT = (State.OPEN, State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class QuoteFilter:
    """Which quotes; None: all. Newest first, from after `before` on."""

    tenant_id: UUID | None = None
    status: State | None = None
    sent_only: bool = False
    """Those that the customer ever saw."""
    waiting_on: date | None = None
    """Those that wait for the vendor on that day (`why_it_waits`), in UTC: a steward's read, for limits are the
    vendor's rows."""
    before: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A version of a quote, with the first year as it was simulated when it was made."""

    id: UUID
    tenant_id: UUID
    key: str
    version: int
    newest: int
    """The number of the newest version that is no draft: it replaces those before it."""
    accepted_version: int | None
    """The number of the version that is a contract."""
    terms: QuoteTerms
    valid_until: date
    note: str
    status: State
    currency: str
    listed: Money
    net: Money
    term_listed: Money | None
    """The whole term; None of quotes that were made before it was reckoned."""
    term_net: Money | None
    cost: Money | None
    """What the simulated first year costs the vendor; None: it was not known."""
    term_cost: Money | None
    discount_percent: Decimal
    """Of the first year or of the whole term, whichever gives more away."""
    needs_approval: bool
    simulated_from: date
    simulated_until: date
    first_year: tuple[SimulatedInvoice, ...]
    created_by: str
    created_at: datetime
    sent_at: datetime | None
    """Since when the customer sees it."""
    approved_by: str | None
    decided_at: datetime | None
    reason: str
    accepted_by: str | None
    accepted_at: datetime | None
    subscription_id: UUID | None

    @property
    def was_sent(self) -> bool:
        """Whether the customer ever saw it; what was never sent is between the seller and the approver."""
        return self.sent_at is not None or self.status in _SENT

    @property
    def margin_percent(self) -> Decimal | None:
        """What is left of the price after its costs, of the first year or of the whole term, whichever is less."""
        return least_margin(((self.net, self.cost), (self.term_net, self.term_cost)))

    @property
    def is_assumed(self) -> bool:
        """Whether some of the use that it was priced on was assumed by its maker."""
        return any(line.assumed for one in self.first_year for line in one.lines)

    def told_status(self, today: date) -> str:
        """Return where it stands as people say it: an open one may have expired or been replaced."""
        if self.status in (State.DRAFT, State.PENDING, State.OPEN):
            if self.version < self.newest or self.accepted_version is not None:
                return "superseded"
            if today > self.valid_until:
                return "expired"
        return self.status.value


def get_quote(session: Session, tenant_id: UUID, quote_id: UUID) -> QuoteView:
    """Return a version of a quote.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = _views(session, Quote.tenant_id == tenant_id, Quote.id == quote_id)
    if not found:
        raise NotFound("quote", quote_id)
    return found[0]


def find_quote(session: Session, quote_id: UUID) -> QuoteView:
    """Return a version of a quote of any customer; a steward's read.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = _views(session, Quote.id == quote_id)
    if not found:
        raise NotFound("quote", quote_id)
    return found[0]


class Why(StrEnum):
    """Why a quote waits for somebody of the vendor."""

    ABOVE_LIMIT = "above_limit"
    """It gave more away than its maker might when it was sent: somebody has to approve it."""
    LIMIT_LOWERED = "limit_lowered"
    """It is out, and gives more away than its maker may today: the customer cannot accept it before it is approved."""
    BELOW_FLOOR = "below_floor"
    """It is out, and below the floor of today: nobody can accept it, a next version is needed."""


def why_it_waits(quote: QuoteView, limit: LimitView) -> Why | None:
    """Return why a quote that is not over waits for the vendor, or None: it does not.

    Args:
        quote: a version of a quote.
        limit: what its maker may grant today.
    """
    if quote.version < quote.newest or quote.accepted_version is not None:
        return None
    if quote.status is State.PENDING:
        return Why.ABOVE_LIMIT
    if quote.status is not State.OPEN:
        return None
    if below_floor(quote, limit) or below_margin(quote, limit):
        return Why.BELOW_FLOOR
    return Why.LIMIT_LOWERED if above_limit(quote, limit) and quote.approved_by is None else None


def above_limit(quote: QuoteView, limit: LimitView) -> bool:
    """Tell whether a quote gives more away than that limit, or what is left of it is limited and not known."""
    if limit.margin_floor_percent is not None and quote.cost is None:
        return True
    return needs_approval(
        quote.terms, quote.listed, quote.discount_percent, limit.discount_percent, assumed=quote.is_assumed
    )  # fmt: skip


def accepted_version(session: Session, tenant_id: UUID, key: str) -> int | None:
    """Return the number of the version of a quote that is a contract, or None."""
    query = select(Quote.version).where(Quote.tenant_id == tenant_id, Quote.key == key)
    return session.execute(query.where(Quote.status == State.ACCEPTED.value)).scalar_one_or_none()


def quotes_page(session: Session, wanted: QuoteFilter) -> tuple[QuoteView, ...]:
    """Return versions of quotes, newest first; of all customers only in a steward's transaction."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.tenant_id is not None:
        conditions.append(Quote.tenant_id == wanted.tenant_id)
    if wanted.status is not None:
        conditions.append(Quote.status == wanted.status.value)
    if wanted.sent_only:
        conditions.append(or_(Quote.sent_at.is_not(None), Quote.status.in_([state.value for state in _SENT])))
    if wanted.waiting_on is not None:
        conditions.append(_waits(wanted.waiting_on))
    if wanted.before is not None:
        conditions.append(Quote.id < wanted.before)
    return _views(session, *conditions, limit=wanted.limit)


def _waits(today: date) -> ColumnElement[bool]:
    """Return what `why_it_waits` says, as a condition, of quotes that may be open anywhere on Earth.

    What has no list price was approved when it was sent or gives nothing away: there no limit decides.
    """
    discount, floor = _todays(SellerLimit.discount_percent), _todays(SellerLimit.floor_percent)
    left = _margin_floor()
    unknown = and_(left.is_not(None), Quote.cost_minor.is_(None))
    above = and_(Quote.approved_by.is_(None), or_(Quote.discount_percent > discount, unknown))
    below = and_(Quote.list_minor != 0, 100 - Quote.discount_percent < floor)
    costly = or_(
        100 * (Quote.net_minor - Quote.cost_minor) < left * Quote.net_minor,
        100 * (Quote.term_net_minor - Quote.term_cost_minor) < left * Quote.term_net_minor,
    )
    out = and_(Quote.status == State.OPEN.value, or_(above, below, costly))
    return and_(
        or_(Quote.status == State.PENDING.value, out),
        Quote.valid_until >= today - timedelta(days=1),
        Quote.version >= _newest(),
        _accepted().is_(None),
    )


def _todays(column: InstrumentedAttribute[Decimal]) -> ColumnElement[Decimal]:
    """Return the limit of a quote's maker: their own, else everybody's, else 0."""
    of = select(column).where(SellerLimit.tenant_id == VENDOR_ID)
    own = of.where(SellerLimit.seller == Quote.created_by).scalar_subquery()
    everybodys = of.where(SellerLimit.seller == EVERYBODY).scalar_subquery()
    return func.coalesce(own, everybodys, 0)


def _margin_floor() -> ColumnElement[Decimal | None]:
    """Return the floor after costs of a quote's maker; one who has limits of their own and no such floor has none."""
    rows = select(SellerLimit.margin_floor_percent).where(
        SellerLimit.tenant_id == VENDOR_ID, SellerLimit.seller.in_((Quote.created_by, EVERYBODY))
    )
    return rows.order_by(SellerLimit.seller == EVERYBODY).limit(1).scalar_subquery()


def _newest() -> ScalarSelect[int]:
    other = aliased(Quote)
    same = (other.tenant_id == Quote.tenant_id, other.key == Quote.key)
    return select(func.max(other.version)).where(*same, other.status != State.DRAFT.value).scalar_subquery()


def _accepted() -> ScalarSelect[int]:
    other = aliased(Quote)
    same = (other.tenant_id == Quote.tenant_id, other.key == Quote.key)
    return select(other.version).where(*same, other.status == State.ACCEPTED.value).scalar_subquery()


def _views(session: Session, *wanted: ColumnElement[bool], limit: int = 1) -> tuple[QuoteView, ...]:
    newest, accepted = _newest(), _accepted()
    columns = [getattr(Quote, name) for name in _FIELDS]
    more = (
        Quote.terms, Quote.status, Quote.list_minor, Quote.net_minor, Quote.term_list_minor, Quote.term_net_minor,
        Quote.cost_minor, Quote.term_cost_minor, Quote.first_year,
    )  # fmt: skip
    query = select(*columns, *more, newest.label("newest"), accepted.label("accepted_version")).where(*wanted)
    return tuple(_view(row) for row in session.execute(query.order_by(Quote.id.desc()).limit(limit)))


def _view(row: Any) -> QuoteView:
    return QuoteView(
        **{name: getattr(row, name) for name in _FIELDS},
        newest=row.newest or 0,
        accepted_version=row.accepted_version,
        terms=msgspec.convert(row.terms, QuoteTerms),
        status=State(row.status),
        listed=Money(row.list_minor, row.currency),
        net=Money(row.net_minor, row.currency),
        term_listed=_money(row.term_list_minor, row.currency),
        term_net=_money(row.term_net_minor, row.currency),
        cost=_money(row.cost_minor, row.currency),
        term_cost=_money(row.term_cost_minor, row.currency),
        first_year=msgspec.convert(row.first_year, tuple[SimulatedInvoice, ...]),
    )


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
