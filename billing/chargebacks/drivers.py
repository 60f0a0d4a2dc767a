"""From what was measured to drivers that divide (pure): spans, unassigned usage, unknown centres."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from billing.chargebacks.allocation import UNASSIGNED
from core.periods import Period

__all__ = ("Drivers", "divides", "driver_span", "known_drivers")

Counted = tuple[tuple[str | None, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Drivers:
    """Quantities by cost-centre code or `~unassigned`, and the codes that no cost centre has."""

    quantities: Mapping[str, Fraction]
    unknown: frozenset[str]


def known_drivers(counted: Iterable[tuple[str | None, Fraction]], centres: frozenset[str]) -> Drivers:
    """Return drivers of cost centres that exist; what nobody carries, or an unknown code, is unassigned.

    A code in a fact may be one that HR never created. Its cost must not be lost and nobody else may
    be charged with it, so that it waits in suspense, by name.
    """
    quantities: dict[str, Fraction] = {}
    unknown: set[str] = set()
    for code, quantity in counted:
        if code is not None and code not in centres:
            unknown.add(code)
        target = code if code is not None and code in centres else UNASSIGNED
        quantities[target] = quantities.get(target, Fraction(0)) + quantity
    return Drivers(quantities, frozenset(unknown))


def divides(counted: Counted) -> bool:
    """Return whether a line's own drivers can divide it: some, and all of one sign.

    A late line's are differences. If facts of one centre came late, it carries the whole
    difference; if others lost what it gained (a move reported late), differences of both signs
    divide nothing, and the drivers of the period that the line names are measured instead.
    """
    return bool(counted) and (all(share > 0 for _, share in counted) or all(share < 0 for _, share in counted))


def driver_span(line: Period, month: Period) -> Period:
    """Return the span whose drivers divide a line in that month's run.

    That is the line's own period, a late line's too. A line that reaches past the month, because it
    is paid in advance, is divided by what is known: the month itself.
    """
    return month if line.ends_at > month.ends_at else line
