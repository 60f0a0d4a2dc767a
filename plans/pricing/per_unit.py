"""`per_unit`: every unit at one price."""

from plans.charges import Price
from plans.pricing.steps import Line
from plans.pricing.tiers import figure
from plans.pricing.usage import Billable

__all__ = ("per_unit",)


def per_unit(price: Price, billable: Billable) -> list[Line]:
    """Charge `unit` for each unit, fractions of one included.

    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> per_unit(Price(unit=Decimal("6.50")), Billable(Fraction(5, 2)))[0].amount
    Fraction(65, 4)
    """
    unit = figure(price.unit)
    return [Line("unit", billable.quantity * unit, billable.quantity, unit)]
