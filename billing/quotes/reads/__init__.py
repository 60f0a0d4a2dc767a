"""Selects of quotes and limits; they return frozen values."""

from billing.quotes.reads.limits import NO_LIMIT, LimitView, limit_of, limits
from billing.quotes.reads.quotes import QuoteView, get_quote, quotes

__all__ = ("NO_LIMIT", "LimitView", "QuoteView", "get_quote", "limit_of", "limits", "quotes")
