"""What is left of a price after its costs (pure)."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from core.money import Money, quantize_quantity

__all__ = ("Spent", "least_margin", "margin", "under_margin")

Spent: TypeAlias = Iterable[tuple[Money | None, Money | None]]
"""Prices and what each costs, as far as it is known."""


def margin(net: Money, cost: Money) -> Decimal | None:
    """Return what is left of a price after its costs in per cent of it, to two decimals; None where nothing is billed.

    >>> margin(Money(20000, "EUR"), Money(17000, "EUR"))
    Decimal('15.00')
    """
    if not net.amount_minor:
        return None
    share = 100 - 100 * Fraction(cost.amount_minor, net.amount_minor)
    return quantize_quantity(share).quantize(Decimal("0.01"))


def least_margin(spent: Spent) -> Decimal | None:
    """Return the least margin of prices and their costs; None where none is known."""
    known = (margin(net, cost) for net, cost in spent if net is not None and cost is not None)
    return min((left for left in known if left is not None), default=None)


def under_margin(spent: Spent, floor: Decimal | None) -> bool:
    """Tell whether less is left of any price than the floor, in per cent of it; what is not known is not under it.

    >>> under_margin([(Money(0, "EUR"), Money(1, "EUR"))], Decimal(0))
    True
    """
    if floor is None:
        return False
    return any(
        100 * (net.amount_minor - cost.amount_minor) < floor * net.amount_minor
        for net, cost in spent
        if net is not None and cost is not None
    )
