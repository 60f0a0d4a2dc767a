"""How an invoice becomes lines that can be divided (pure): signs, and each line's part of the tax."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.money import largest_remainder

__all__ = ("TaxKey", "TaxedLine", "line_taxes")

TaxKey = tuple[str, Decimal]
"""Category and percentage of a rate group."""


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line as the tax sees it; `key` is unique in the document and breaks ties."""

    key: str
    net_minor: int
    group: TaxKey


def line_taxes(lines: Sequence[TaxedLine], groups: Mapping[TaxKey, int]) -> dict[str, int]:
    """Distribute the rounded tax of each rate group over its lines, so that the sum is the document's.

    A line's exact part is net × rate; the group's rounding difference is shared in proportion to
    the size of the lines. Parts are cut to whole units, and what is left goes one by one to the
    largest remainders, so that each line is within one unit of its exact part. Lines of both signs
    (a credit in an invoice) may stand in one group; negating everything negates every part.

    Three lines of 0.10 at 19 %: the group's tax is 5.7 → 6 units, each line's exact part is 2.

    >>> line_taxes([TaxedLine(k, 10, ("S", Decimal(19))) for k in "abc"], {("S", Decimal(19)): 6})
    {'a': 2, 'b': 2, 'c': 2}
    """
    taxes: dict[str, int] = {}
    for group, tax_minor in groups.items():
        members = sorted((line for line in lines if line.group == group), key=lambda line: line.key)
        taxes.update(_split(members, group[1], tax_minor))
    assert len(taxes) == len(lines), "a line's rate group is not on the document"
    return {line.key: taxes[line.key] for line in lines}


def _split(lines: Sequence[TaxedLine], percent: Decimal, tax_minor: int) -> dict[str, int]:
    size = sum(abs(line.net_minor) for line in lines)
    if not size:
        assert not tax_minor, "tax on lines of nothing"
        return {line.key: 0 for line in lines}
    rate = Fraction(percent) / 100
    difference = tax_minor - sum((line.net_minor * rate for line in lines), Fraction(0))
    exact = {line.key: line.net_minor * rate + difference * abs(line.net_minor) / size for line in lines}
    parts = {key: int(amount) for key, amount in exact.items()}  # towards zero, for both signs alike
    left = tax_minor - sum(parts.values())
    remainders = [
        (key, abs(amount - parts[key]))
        for key, amount in exact.items()
        if left and (amount - parts[key] > 0) == (left > 0)
    ]
    for (key, _), unit in zip(remainders, largest_remainder(left, remainders), strict=True):
        parts[key] += unit
    assert sum(parts.values()) == tax_minor
    return parts
