"""The list prices of catalogue.md and how each kind of price turns a quantity into money."""

from fractions import Fraction

TIMES = {"USD": Fraction(1), "EUR": Fraction(92, 100), "GBP": Fraction(80, 100)}
OPEN = None


def round_half_away(value: Fraction, digits: int) -> Fraction:
    """Round half away from zero, by the digits."""
    scaled = abs(value) * 10**digits
    whole = int(scaled)
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    rounded = Fraction(whole, 10**digits)
    return rounded if value >= 0 else -rounded


def cents(value: Fraction) -> Fraction:
    """Round money once. (All currencies of the demo have two decimals.)"""
    return round_half_away(value, 2)


def listed(dollars: str, currency: str) -> Fraction:
    """Return a list price in a currency: the same figure × 0.92 or × 0.80, rounded to 0.01."""
    return cents(Fraction(dollars) * TIMES[currency])


def graduated(quantity: Fraction, tiers: list[tuple[int | None, Fraction]]) -> Fraction:
    """Each tier's price for what falls into it."""
    total, edge = Fraction(0), Fraction(0)
    for up_to, price in tiers:
        top = quantity if up_to is OPEN else min(quantity, Fraction(up_to))
        if top > edge:
            total += (top - edge) * price
            edge = top
    return total


def volume(quantity: Fraction, tiers: list[tuple[int | None, Fraction]]) -> Fraction:
    """One price for all, by the tier the whole falls into; edges belong to the lower tier."""
    for up_to, price in tiers:
        if up_to is OPEN or quantity <= up_to:
            return quantity * price
    raise AssertionError("the last tier is open")


def stairstep(quantity: Fraction, steps: list[tuple[int | None, Fraction]]) -> Fraction:
    """One amount by the step the quantity stands on; nothing costs nothing."""
    if quantity == 0:
        return Fraction(0)
    for up_to, amount in steps:
        if up_to is OPEN or quantity <= up_to:
            return amount
    raise AssertionError("the last step is open")


def packages(quantity: Fraction, size: int, price: Fraction) -> Fraction:
    """Whole packages, rounded up."""
    return -(-quantity // size) * price
