"""`percentage`: a share of money, bounded, plus a fixed amount."""

from plans.charges import Price
from plans.pricing.steps import Line, decimal_text
from plans.pricing.tiers import figure
from plans.pricing.usage import Billable

__all__ = ("percentage",)


def percentage(price: Price, billable: Billable) -> list[Line]:
    """Charge `percent` of the quantity (an amount of money) within `least` and `most`, then `fixed`.

    The bounds and the fixed amount hold at zero use too and are for the full period: of a cut one
    their part is due. The quantity may be negative (more refunded than sold).

    7.5 % of 1,000, plus 2: 77.

    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> share = Price(percent=Decimal("7.5"), fixed=Decimal(2))
    >>> sum(line.amount for line in percentage(share, Billable(Fraction(1000))))
    Fraction(77, 1)
    """
    rate = figure(price.percent)
    share = billable.quantity * rate / 100
    lines = [Line("percentage", share, billable.quantity, params={"percent": decimal_text(rate)})]
    bounded = share
    if price.least is not None:
        bounded = max(bounded, figure(price.least) * billable.part)
        lines += [Line("least", bounded - share)] if bounded != share else []
    if price.most is not None:
        below = min(bounded, figure(price.most) * billable.part)
        lines += [Line("most", below - bounded)] if below != bounded else []
    if price.fixed:
        lines.append(Line("fixed", figure(price.fixed) * billable.part))
    return lines
