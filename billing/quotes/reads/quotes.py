"""Quotes by id and of a customer."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from billing.answers.results import SimulatedInvoice
from billing.quotes.models import Quote
from billing.quotes.offers import QuoteTerms, State
from core.errors import NotFound
from core.money import Money

__all__ = ("QuoteView", "get_quote", "quotes")

_FIELDS = (
    "id", "tenant_id", "key", "version", "valid_until", "note", "currency", "discount_percent", "needs_approval",
    "simulated_from", "simulated_until", "created_by", "created_at", "approved_by", "decided_at", "reason",
    "accepted_by", "accepted_at", "subscription_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A version of a quote, with the first year as it was simulated when it was made."""

    id: UUID
    tenant_id: UUID
    key: str
    version: int
    newest: int
    """The number of the newest version."""
    terms: QuoteTerms
    valid_until: date
    note: str
    status: State
    currency: str
    listed: Money
    net: Money
    discount_percent: Decimal
    needs_approval: bool
    simulated_from: date
    simulated_until: date
    first_year: tuple[SimulatedInvoice, ...]
    created_by: str
    created_at: datetime
    approved_by: str | None
    decided_at: datetime | None
    reason: str
    accepted_by: str | None
    accepted_at: datetime | None
    subscription_id: UUID | None

    def told_status(self, today: date) -> str:
        """Return where it stands as people say it: an open one may have expired or been replaced."""
        if self.status in (State.PENDING, State.OPEN):
            if self.version < self.newest:
                return "superseded"
            if today > self.valid_until:
                return "expired"
        return self.status.value


def get_quote(session: Session, tenant_id: UUID, quote_id: UUID) -> QuoteView:
    """Return a version of a quote.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = _views(session, tenant_id, Quote.id == quote_id)
    if not found:
        raise NotFound("quote", quote_id)
    return found[0]


def quotes(session: Session, tenant_id: UUID) -> tuple[QuoteView, ...]:
    """Return all versions of a customer's quotes, newest first."""
    return _views(session, tenant_id)


def _views(session: Session, tenant_id: UUID, *wanted: Any) -> tuple[QuoteView, ...]:
    other = aliased(Quote)
    newest = (
        select(func.max(other.version))
        .where(other.tenant_id == Quote.tenant_id, other.key == Quote.key)
        .scalar_subquery()
    )
    columns = [getattr(Quote, name) for name in _FIELDS]
    more = (Quote.terms, Quote.status, Quote.list_minor, Quote.net_minor, Quote.first_year)
    query = select(*columns, *more, newest.label("newest")).where(Quote.tenant_id == tenant_id, *wanted)
    return tuple(_view(row) for row in session.execute(query.order_by(Quote.id.desc())))


def _view(row: Any) -> QuoteView:
    return QuoteView(
        **{name: getattr(row, name) for name in _FIELDS},
        newest=row.newest,
        terms=msgspec.convert(row.terms, QuoteTerms),
        status=State(row.status),
        listed=Money(row.list_minor, row.currency),
        net=Money(row.net_minor, row.currency),
        first_year=msgspec.convert(row.first_year, tuple[SimulatedInvoice, ...]),
    )
