"""Rows: how one line is shared, exactly. Integers over their sum stand for fractions that sum to 1."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

__all__ = ("RESERVED", "SPONSOR", "UNASSIGNED", "VARIANCE", "Row", "row_of")

UNASSIGNED = "~unassigned"
"""Suspense: what nobody carries. Called out, never hidden in somebody's share."""
SPONSOR = "~sponsor"
"""What the company takes over on purpose."""
VARIANCE = "~variance"
"""What stays with the learning department."""
RESERVED = frozenset({UNASSIGNED, SPONSOR, VARIANCE})


@dataclass(frozen=True, slots=True)
class Row:
    """Sparse shares over cost-centre codes and reserved accounts, in order of code.

    A share is `weight / whole`; weights are positive integers that sum to `whole`, so that a row
    is a set of fractions that sum to 1 and a thousand centres cost no fraction arithmetic.
    """

    weights: tuple[tuple[str, int], ...]
    whole: int
    _by_code: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", dict(self.weights))

    def weight(self, code: str) -> int:
        """Return the weight of that code, 0 if it is not in the row."""
        return self._by_code.get(code, 0)

    def share(self, code: str) -> Fraction:
        """Return the exact share of that code, 0 if it is not in the row."""
        return Fraction(self.weight(code), self.whole)

    def shares(self) -> Iterator[tuple[str, Fraction]]:
        """Yield all shares, by code; they sum to 1."""
        return ((code, Fraction(weight, self.whole)) for code, weight in self.weights)


def row_of(quantities: Mapping[str, Fraction]) -> Row | None:
    """Normalise weights ≥ 0 to a row; None where they sum to zero. Zero weights leave no trace.

    >>> row_of({"HR": Fraction(1, 2), "IT": Fraction(3, 2), "PR": Fraction(0)})
    Row(weights=(('HR', 1), ('IT', 3)), whole=4)
    """
    scale = lcm(*(quantity.denominator for quantity in quantities.values()))
    weights = tuple(
        (code, quantity.numerator * (scale // quantity.denominator))
        for code, quantity in sorted(quantities.items())
        if quantity
    )
    whole = sum(weight for _, weight in weights)
    return Row(weights, whole) if whole else None
