"""`package`: whole packages, the last one full price however little of it is used."""

from fractions import Fraction

from plans.charges import Price
from plans.pricing.steps import Line, decimal_text
from plans.pricing.tiers import figure
from plans.pricing.usage import Billable

__all__ = ("package",)


def package(price: Price, billable: Billable) -> list[Line]:
    """Charge `amount` for each package of `size` units begun.

    100 seat-hours at 120: 100 hours cost 120, 100.5 hours cost 240.

    >>> from decimal import Decimal
    >>> hours = Price(size=Decimal(100), amount=Decimal(120))
    >>> [package(hours, Billable(Fraction(q)))[0].amount for q in (100, Fraction("100.5"))]
    [Fraction(120, 1), Fraction(240, 1)]
    """
    size, amount = figure(price.size), figure(price.amount)
    packages = Fraction(-(-billable.quantity // size))
    params = {"size": decimal_text(size), "of": decimal_text(billable.quantity)}
    return [Line("package", packages * amount, packages, amount, params)]
