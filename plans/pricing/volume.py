"""`volume`: all units at the price of the tier that their number reaches."""

from plans.charges import Price
from plans.pricing.steps import Line
from plans.pricing.tiers import span_of
from plans.pricing.usage import Billable

__all__ = ("volume",)


def volume(price: Price, billable: Billable) -> list[Line]:
    """Price everything by the tier reached, plus that tier's flat amount; 0 units cost 0.

    Up to 10 at 5, then 4: 10 cost 50, 11 cost 44.

    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> from plans.charges import Tier
    >>> tiers = (Tier(up_to=Decimal(10), unit=Decimal(5)), Tier(unit=Decimal(4)))
    >>> [volume(Price(tiers=tiers), Billable(Fraction(q)))[0].amount for q in (10, 11)]
    [Fraction(50, 1), Fraction(44, 1)]
    """
    if not billable.quantity:
        return []
    span = span_of(price, billable.quantity)
    lines = [Line("volume", billable.quantity * span.unit, billable.quantity, span.unit, span.params())]
    if span.flat:
        lines.append(Line("tier_flat", span.flat, params=span.params()))
    return lines
