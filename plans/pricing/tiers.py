"""The tiers of a price as half-open spans, shared by the three models that climb them."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from plans.charges import Price
from plans.pricing.steps import decimal_text

__all__ = ("Span", "figure", "span_of", "spans_of")


class Span(NamedTuple):
    """A tier: quantities above `low` up to and including `high` (None: without end)."""

    low: Fraction
    high: Fraction | None
    unit: Fraction
    flat: Fraction

    def params(self) -> dict[str, str]:
        """Return the tier's edges for its step."""
        edges = {"from": decimal_text(self.low)}
        return edges if self.high is None else edges | {"to": decimal_text(self.high)}


def figure(value: Decimal | None) -> Fraction:
    """Return the exact value; what a price leaves out is 0 (validation tells what must be there)."""
    return Fraction(0) if value is None else Fraction(value)


def spans_of(price: Price) -> Iterator[Span]:
    """Yield the tiers in order, each beginning where the one before it ends."""
    low = Fraction(0)
    for tier in price.tiers:
        high = None if tier.up_to is None else Fraction(tier.up_to)
        yield Span(low, high, figure(tier.unit), figure(tier.flat))
        low = Fraction(0) if high is None else high


def span_of(price: Price, quantity: Fraction) -> Span:
    """Return the tier that a quantity > 0 falls in; edges belong to the tier they end."""
    for span in spans_of(price):
        if span.high is None or quantity <= span.high:
            return span
    raise AssertionError("the last tier is not open: the document was not validated")
