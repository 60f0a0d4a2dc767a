"""What is offered in tests of quotes, by whom, and what they may grant."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.quotes.offers import QuoteTerms
from billing.quotes.reads import LimitView
from plans.terms import Discount

SELLER, OTHER = "user:seller", "user:other"
LIMIT = LimitView("*", Decimal(10), Decimal(50))
LATER = datetime(2026, 12, 1, 9, tzinfo=UTC)


def offer(percent: int = 0, **changes: object) -> QuoteTerms:
    discounts = (Discount(key="deal", name="Deal", percent=Decimal(percent)),) if percent else ()
    fields: dict[str, Any] = {"plan": "small", "starts_on": date(2026, 12, 1), "discounts": discounts}
    return QuoteTerms(**(fields | changes))
