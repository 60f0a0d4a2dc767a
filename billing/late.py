"""Late facts: what a period would be billed now, less what it was billed in all revisions so far.

The difference becomes a line of the next invoice, so that for every (subscription, charge, period)
*billed + late = what would have been billed in time*, however often and in whatever order facts come.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.money import Money, quantize_quantity

__all__ = ("CentreShares", "Figure", "billed_so_far", "late_delta")

CentreShares = tuple[tuple[str | None, Fraction], ...]
"""Drivers by cost-centre code, ordered; None is *unassigned*."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a period comes to, or a part of it that one rated line stands for."""

    amount: Money
    quantity: Decimal
    centres: CentreShares = ()


def billed_so_far(revisions: Iterable[Figure], currency: str) -> Figure:
    """Return the sum of all revisions of a (subscription, charge, period); reversals count negative."""
    amount, quantity = Money(0, currency), Fraction(0)
    centres: dict[str | None, Fraction] = {}
    for revision in revisions:
        amount, quantity = amount + revision.amount, quantity + Fraction(revision.quantity)
        for code, share in revision.centres:
            centres[code] = centres.get(code, Fraction(0)) + share
    return Figure(amount, quantize_quantity(quantity), _ordered(centres))


def late_delta(would_be: Figure, revisions: Iterable[Figure]) -> Figure | None:
    """Return the figure that brings what was billed to what it would be now, or None if they agree.

    A quantity that changed without a price (inside what is included) is a figure too, with a zero
    amount: the next bills of a contract year reckon with all that was counted before them.

    Args:
        would_be: the period reckoned now, from all facts known.
        revisions: the rated lines of it so far.

    >>> late_delta(Figure(Money(1300, "EUR"), Decimal(13)), [Figure(Money(1200, "EUR"), Decimal(12))]).amount
    Money(amount_minor=100, currency='EUR')
    """
    billed = billed_so_far(revisions, would_be.amount.currency)
    amount = would_be.amount - billed.amount
    quantity = quantize_quantity(Fraction(would_be.quantity) - Fraction(billed.quantity))
    if not amount.amount_minor and not quantity:
        return None
    centres = dict(would_be.centres)
    for code, share in billed.centres:
        centres[code] = centres.get(code, Fraction(0)) - share
    return Figure(amount, quantity, _ordered(centres))


def _ordered(centres: dict[str | None, Fraction]) -> CentreShares:
    kept = [(code, share) for code, share in centres.items() if share]
    return tuple(sorted(kept, key=lambda item: (item[0] is None, item[0] or "")))
