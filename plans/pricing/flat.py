"""`flat`: an amount for the period, whatever is used."""

from plans.charges import Price
from plans.pricing.steps import Line
from plans.pricing.tiers import figure
from plans.pricing.usage import Billable

__all__ = ("flat",)


def flat(price: Price, billable: Billable) -> list[Line]:
    """Charge `amount` for each unit held (an item's quantity, 1 by default); 0 units cost 0.

    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> flat(Price(amount=Decimal("400")), Billable(Fraction(1)))[0].amount
    Fraction(400, 1)
    """
    amount = figure(price.amount)
    return [Line("fee", billable.quantity * amount, billable.quantity, amount)]
