"""`graduated`: each unit at the price of the tier it falls in."""

from plans.charges import Price
from plans.pricing.steps import Line
from plans.pricing.tiers import spans_of
from plans.pricing.usage import Billable

__all__ = ("graduated",)


def graduated(price: Price, billable: Billable) -> list[Line]:
    """Fill the tiers from below; a tier's flat amount is due as soon as a part of a unit reaches it.

    First 500 at 1.20, then 0.80: 600 cost 500 × 1.20 + 100 × 0.80 = 680.

    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> from plans.charges import Tier
    >>> tiers = (Tier(up_to=Decimal(500), unit=Decimal("1.20")), Tier(unit=Decimal("0.80")))
    >>> sum(line.amount for line in graduated(Price(tiers=tiers), Billable(Fraction(600))))
    Fraction(680, 1)
    """
    lines: list[Line] = []
    for span in spans_of(price):
        if billable.quantity <= span.low:
            break
        top = billable.quantity if span.high is None else min(billable.quantity, span.high)
        lines.append(Line("tier", (top - span.low) * span.unit, top - span.low, span.unit, span.params()))
        if span.flat:
            lines.append(Line("tier_flat", span.flat, params=span.params()))
        if span.high is None:
            break
    return lines
