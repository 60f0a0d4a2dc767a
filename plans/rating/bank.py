"""The bank of units that were free and not used: rolled over, oldest first, until they expire."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

__all__ = ("Allowance", "banked")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What was free and what was used in one billing period."""

    index: int
    """The number of the full period; pieces of one share it."""
    free: Fraction
    used: Fraction


def banked(history: Iterable[Allowance], at: int, keep: int) -> Fraction:
    """Return the units in the bank at the beginning of a period.

    Whole units only are banked. Those of period *i* can be used up to period *i + keep*; use over
    what is free takes the oldest first.

    Args:
        history: the earlier periods in order.
        at: the number of the period that asks.
        keep: how many periods a unit is kept.

    10 free: 7 used, then 12: 3 are banked, 2 of them taken, 1 is left.

    >>> banked([Allowance(0, Fraction(10), Fraction(7)), Allowance(1, Fraction(10), Fraction(12))], 2, 12)
    Fraction(1, 1)
    """
    lots: list[tuple[int, Fraction]] = []
    for period in history:
        lots = [(index, units) for index, units in lots if period.index <= index + keep]
        over = period.used - period.free
        if over < 0:
            lots.append((period.index, Fraction(-over.numerator // over.denominator)))
            continue
        left = []
        for index, units in lots:
            taken = min(units, over)
            over -= taken
            if units > taken:
                left.append((index, units - taken))
        lots = left
    return sum((units for index, units in lots if at <= index + keep), Fraction(0))
