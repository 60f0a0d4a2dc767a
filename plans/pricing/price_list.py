"""`price_list`: a price for each value of a dimension (course, type, audience …), and a default."""

from decimal import Decimal
from fnmatch import fnmatchcase

from plans.charges import Price
from plans.pricing.steps import Line
from plans.pricing.tiers import figure
from plans.pricing.usage import Billable

__all__ = ("price_list",)


def price_list(price: Price, billable: Billable) -> list[Line]:
    """Charge each value's units at its price, those of values not listed at `default`.

    A listed value may have wildcards: of several that fit, the one with the most letters of its own
    holds, then the first by code point. An exact value always wins.

    2 classes at 4 and 3 of other types at the default 1: 11.

    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> prices = Price(entries={"ilt": Decimal(4)}, default=Decimal(1))
    >>> used = Billable(Fraction(5), by_key=(("ilt", Fraction(2)), ("wbt", Fraction(3))))
    >>> sum(line.amount for line in price_list(prices, used))
    Fraction(11, 1)
    """
    lines: list[Line] = []
    for key, quantity in billable.by_key:
        unit = figure(_unit_of(price, key))
        lines.append(Line("listed", quantity * unit, quantity, unit, {"key": key}))
    return lines


def _unit_of(price: Price, key: str) -> Decimal | None:
    if key in price.entries:
        return price.entries[key]
    fitting = [pattern for pattern in price.entries if "*" in pattern and fnmatchcase(key, _plain(pattern))]
    if not fitting:
        return price.default
    return price.entries[min(fitting, key=lambda pattern: (-len(pattern.replace("*", "")), pattern))]


def _plain(pattern: str) -> str:
    """Only `*` is a wildcard here: what else the matcher knows stands for itself."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
