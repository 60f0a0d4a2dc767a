"""`stairstep`: one amount for the whole stair that the number of units stands on."""

from plans.charges import Price
from plans.pricing.steps import Line, decimal_text
from plans.pricing.tiers import span_of
from plans.pricing.usage import Billable

__all__ = ("stairstep",)


def stairstep(price: Price, billable: Billable) -> list[Line]:
    """Charge the flat amount of the tier reached; 0 units cost 0.

    99 up to 500, then 249: 500 cost 99, 501 cost 249.

    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> from plans.charges import Tier
    >>> stairs = Price(tiers=(Tier(up_to=Decimal(500), flat=Decimal(99)), Tier(flat=Decimal(249))))
    >>> [stairstep(stairs, Billable(Fraction(q)))[0].amount for q in (500, 501)]
    [Fraction(99, 1), Fraction(249, 1)]
    """
    if not billable.quantity:
        return []
    span = span_of(price, billable.quantity)
    return [Line("stair", span.flat, params=span.params() | {"of": decimal_text(billable.quantity)})]
