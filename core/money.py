"""Money as integers of the currency's smallest unit, one rounding function, exact splits.

Amounts that are owed are `Money`: an integer of minor units and an ISO 4217 code. Rates and
quantities are `Decimal` or `Fraction`. Nothing here is a float, and nothing else rounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from babel.core import get_global

from core.errors import Refused

__all__ = (
    "CurrencyMismatch",
    "Money",
    "UnknownCurrency",
    "exponent",
    "largest_remainder",
    "quantize_quantity",
    "round_half_away",
    "to_money",
)

Number: TypeAlias = int | Decimal | Fraction

QUANTITY_DIGITS = 12
"""Quantities that are ratios are rounded once, to this many decimals, into the billed quantity."""


class UnknownCurrency(Refused):
    """The currency code is not an ISO 4217 code that is in use."""

    code = "currency_unknown"
    status = 422

    def __init__(self, currency: str) -> None:
        super().__init__(f"'{currency}' is not an ISO 4217 currency code; use for example EUR, USD or JPY.")


class CurrencyMismatch(Refused):
    """Two amounts of unlike currencies were added or compared."""

    code = "currency_mismatch"
    status = 409

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} cannot be added: convert one of them first.")


def exponent(currency: str) -> int:
    """Return the number of decimals of a currency's minor unit: EUR 2, JPY 0, KWD 3.

    Raises:
        UnknownCurrency: the code is not in CLDR's ISO 4217 data (`currency_unknown`).
    """
    fractions = get_global("currency_fractions")
    if currency in fractions:
        return int(fractions[currency][0])
    if currency not in get_global("all_currencies"):
        raise UnknownCurrency(currency)
    return int(fractions["DEFAULT"][0])


def round_half_away(value: Number, digits: int = 0) -> int:
    """Round `value * 10**digits` to an integer, half away from zero: the only rounding there is.

    >>> round_half_away(Decimal("2.5")), round_half_away(Decimal("-2.5"))
    (3, -3)
    >>> round_half_away(Fraction(1, 3), 2)
    33
    """
    scale: int = 10**digits
    exact = Fraction(value) * scale
    doubled = abs(exact) * 2 + 1
    magnitude = doubled.numerator // (doubled.denominator * 2)
    return magnitude if exact >= 0 else -magnitude


def quantize_quantity(value: Number) -> Decimal:
    """Round a quantity once, to 12 decimals half away from zero; trailing zeros are dropped.

    >>> quantize_quantity(Fraction(2, 3))
    Decimal('0.666666666667')
    """
    if isinstance(value, Fraction) and value.denominator == 1:
        return Decimal(value.numerator)
    scaled = Decimal(round_half_away(value, QUANTITY_DIGITS)).scaleb(-QUANTITY_DIGITS)
    whole = scaled.to_integral_value()
    return whole if scaled == whole else scaled.normalize()


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount that is owed: `amount_minor` units of the currency's smallest coin.

    >>> Money(1230, "EUR").decimal()
    Decimal('12.30')
    """

    amount_minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + -other

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def decimal(self) -> Decimal:
        """Return the amount in major units with exactly the currency's digits."""
        return Decimal(self.amount_minor).scaleb(-exponent(self.currency))

    def text(self) -> str:
        """Return the decimal string of the API, for instance `12.30` or `-5` (JPY)."""
        return f"{self.decimal():f}"


def to_money(value: Number, currency: str) -> Money:
    """Round an exact amount in major units to the currency's minor unit, half away from zero."""
    return Money(round_half_away(value, exponent(currency)), currency)


def largest_remainder(total: int, weights: Sequence[tuple[str, Fraction | int]]) -> tuple[int, ...]:
    """Split `total` minor units by weights so that the parts sum to it exactly.

    Each part gets the floor of its exact share; what is left goes one by one to the largest
    remainders. Ties: larger weight first, then key ascending by code point. A negative total is the
    mirror image of the positive one, so that `split(-t) == -split(t)`.

    Args:
        total: minor units, any sign.
        weights: pairs of a unique key and a weight ≥ 0; the weights must not sum to 0 unless
            `total` is 0.

    Returns:
        The parts in the order of `weights`.

    Raises:
        ValueError: a weight is negative, or the weights sum to 0 while `total` is not 0.

    >>> largest_remainder(100000, [("a", Fraction(1)), ("b", Fraction(1)), ("c", Fraction(1))])
    (33334, 33333, 33333)
    """
    if any(weight < 0 for _, weight in weights):
        raise ValueError("a weight is negative")
    # Over one common denominator all is integers: exact as fractions are, and many times as fast.
    scale = lcm(*(weight.denominator for _, weight in weights))
    scaled = [weight.numerator * (scale // weight.denominator) for _, weight in weights]
    whole = sum(scaled)
    if whole == 0:
        if total:
            raise ValueError("the weights sum to zero")
        return (0,) * len(weights)
    size = abs(total)
    parts: list[int] = []
    remainders: list[int] = []
    for weight in scaled:
        part, remainder = divmod(size * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    order = sorted(range(len(weights)), key=lambda i: (-remainders[i], -scaled[i], weights[i][0]))
    for i in order[: size - sum(parts)]:
        parts[i] += 1
    assert sum(parts) == size
    return tuple(parts) if total >= 0 else tuple(-part for part in parts)
