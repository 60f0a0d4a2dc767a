"""Selects of quotes and limits; they return frozen values."""

from billing.quotes.reads.limits import EVERYBODY, NO_LIMIT, LimitView, limit_of, limits
from billing.quotes.reads.names import QuoteNames, plan_names, quote_names
from billing.quotes.reads.quotes import (
    QuoteFilter,
    QuoteView,
    Why,
    above_limit,
    accepted_version,
    find_quote,
    get_quote,
    quotes_page,
    why_it_waits,
)

__all__ = (
    "EVERYBODY",
    "NO_LIMIT",
    "LimitView",
    "QuoteFilter",
    "QuoteNames",
    "QuoteView",
    "Why",
    "above_limit",
    "accepted_version",
    "find_quote",
    "get_quote",
    "limit_of",
    "limits",
    "plan_names",
    "quote_names",
    "quotes_page",
    "why_it_waits",
)
