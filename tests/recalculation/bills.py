"""What each customer owes for each month, as it was known at each invoice run.

For every charge and month: all that was billed for it up to a run is what would be billed for it if
everything known by then had been known in time. So an invoice is what its own month comes to, and
what has changed about the months before.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from tests.recalculation import courses
from tests.recalculation.contracts import Charge, billed_quantity
from tests.recalculation.figures import Figure, Known
from tests.recalculation.prices import cents


@dataclass
class Line:
    """One line of a bill: `month` is the number of the month it is for."""

    charge: str
    meter: str
    kind: str
    month: int
    quantity: Fraction
    amount: Fraction
    drivers: dict[str | None, Fraction]


@dataclass
class Owed:
    """What a charge comes to for a month; `sign` -1: what was given back."""

    figure: Figure = field(default_factory=Figure)
    amount: Fraction = Fraction(0)
    sign: int = 1

    def less(self, other: "Owed") -> tuple[Fraction, Fraction, dict[str | None, Fraction]]:
        """Return the difference of quantities, amounts and drivers."""
        mine, theirs = self.figure.drivers, other.figure.drivers
        drivers = {code: self.sign * (mine.get(code, 0) - theirs.get(code, 0)) for code in mine | theirs}
        return (
            self.sign * (billed_quantity(self.figure) - billed_quantity(other.figure)),
            self.amount - other.amount,
            {code: part for code, part in drivers.items() if part},
        )


class Account:
    """A customer's account: what was billed so far, for use and given back."""

    def __init__(self, charges: list[Charge]) -> None:
        self.charges = charges
        self.used: dict[tuple[str, int], Owed] = {}
        self.returned: dict[tuple[str, int], Owed] = {}

    def run(self, known: Known, edges: list[datetime]) -> list[Line]:
        """Bill the newest of the months between `edges`, with late differences of the ones before."""
        newest = len(edges) - 2
        lines = []
        for charge in self.charges:
            figures = [_measure(charge, known, edges[m], edges[m + 1]) for m in range(newest + 1)]
            quantities = [billed_quantity(figure) for figure in figures]
            prices = _Prices(charge, quantities, _pools(charge, known, edges))
            for month, figure in enumerate(figures):
                now = Owed(figure, prices.amount(month, quantities[month]))
                lines += self._line(self.used, charge, "usage" if month == newest else "late", month, now)
            for month, back in _given_back(charge, known, edges).items():
                left = quantities[month] - billed_quantity(back)
                amount = prices.amount(month, left) - prices.amount(month, quantities[month])
                now = Owed(back, amount, -1)
                lines += self._line(self.returned, charge, "refund", month, now)
        return lines

    @staticmethod
    def _line(so_far: dict[tuple[str, int], Owed], charge: Charge, kind: str, month: int, now: Owed) -> list[Line]:
        """Return the line that brings what was billed to what it is now; a month's own line always comes."""
        before = so_far.get((charge.key, month), Owed())
        quantity = billed_quantity(now.figure) - billed_quantity(before.figure)
        if kind != "usage" and now.amount == before.amount and not quantity:
            return []
        so_far[charge.key, month] = now
        return [Line(charge.key, charge.meter, kind, month, *now.less(before))]


@dataclass
class _Prices:
    """What quantities of a charge cost in a month, given the months before it in the contract year."""

    charge: Charge
    quantities: list[Fraction]
    pools: list[Fraction]

    def amount(self, month: int, quantity: Fraction) -> Fraction:
        charge = self.charge
        if not charge.yearly:
            amount = charge.price(quantity, Fraction(0))
            return cents(amount if charge.at_least is None else max(amount, charge.at_least))
        first = month - month % 12
        before = sum(self.quantities[first:month], Fraction(0))
        earlier = cents(charge.price(before, self.pools[month - 1] if month > first else Fraction(0)))
        return cents(charge.price(before + quantity, self.pools[month])) - earlier


def _measure(charge: Charge, known: Known, start: datetime, end: datetime) -> Figure:
    if charge.measure is None:
        return Figure(Fraction(charge.number))
    return charge.measure(known, start, end)


def _pools(charge: Charge, known: Known, edges: list[datetime]) -> list[Fraction]:
    """Return the free units of the contract year up to each month: two for each of the most seats so far."""
    pools: list[Fraction] = []
    highest = Fraction(0)
    for month in range(len(edges) - 1):
        if month % 12 == 0:
            highest = Fraction(0)
        if charge.free_per_seat is not None:
            highest = max(highest, charge.free_per_seat(known, edges[month], edges[month + 1]).quantity)
        pools.append(2 * highest)
    return pools


def _given_back(charge: Charge, known: Known, edges: list[datetime]) -> dict[int, Figure]:
    """Return month of the trigger → what was given back of it before the newest month's end."""
    returned: dict[int, Figure] = defaultdict(Figure)
    if charge.course_type is None:
        return returned
    for transaction in courses.catalogue_transactions(known):
        if charge.course_type and transaction.course_type != charge.course_type:
            continue
        if transaction.refunded_at is None or transaction.refunded_at >= edges[-1]:
            continue
        trigger = transaction.trigger
        origin = next(m for m in range(len(edges) - 1) if edges[m] <= trigger.at < edges[m + 1])
        back = transaction.refund * transaction.weight
        returned[origin].quantity += back
        returned[origin].add_driver(known, trigger.person, trigger.at, back, trigger.data.get("cost_centre"))
    return returned
