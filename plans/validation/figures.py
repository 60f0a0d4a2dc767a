"""What a single figure of a document must be."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from core.errors import InputError

__all__ = ("MAX_DECIMALS", "MAX_FIGURE", "Found", "below", "number_faults")

MAX_DECIMALS: Final = 12
"""Unit prices and quantities have at most this many decimals."""
MAX_FIGURE: Final = Decimal(10) ** 15
"""No price and no edge is larger: beyond it somebody slipped on a key."""

Found = Iterator[InputError]


def below(value: Decimal | None, bound: Decimal | None) -> bool:
    """Tell whether both are there, are numbers, and the first is the smaller."""
    return value is not None and bound is not None and value.is_finite() and bound.is_finite() and value < bound


def number_faults(value: Decimal, at: str) -> Found:
    """Yield what is wrong with a figure: it is finite, ≥ 0, not absurdly large, and has at most 12 decimals."""
    if not value.is_finite():
        yield InputError(at, "number_invalid", "A figure must be a finite decimal.")
        return
    if value < 0:
        yield InputError(at, "number_negative", "A figure must not be negative; credits are not prices.")
    if value > MAX_FIGURE:
        yield InputError(at, "number_too_large", f"A figure must be at most {MAX_FIGURE:f}.")
    if value.normalize().as_tuple().exponent < -MAX_DECIMALS:  # type: ignore[operator] # finite: an int
        yield InputError(at, "too_many_decimals", f"A figure has at most {MAX_DECIMALS} decimals.")
