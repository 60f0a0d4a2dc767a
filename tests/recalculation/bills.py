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
class Ledger:
    """Amounts so far by (charge, month), and the months' invoices by charge and month they are for."""

    billed: dict[tuple[str, int], Fraction] = field(default_factory=dict)
    invoices: list[dict[tuple[str, int], Fraction]] = field(default_factory=list)

    def run(self, charges: dict[str, Charge], known: Known, edges: list[datetime]) -> None:
        """Bill the newest of the months between `edges`, with late differences of the ones before."""
        owed = what_is_owed(charges, known, edges)
        lines = {}
        for key, amount in owed.items():
            if amount != self.billed.get(key, Fraction(0)):
                lines[key] = amount - self.billed.get(key, Fraction(0))
        self.billed.update(owed)
        self.invoices.append(lines)


def what_is_owed(charges: dict[str, Charge], known: Known, edges: list[datetime]) -> dict[tuple[str, int], Fraction]:
    """Return (charge, month) → amount for all months between `edges`, from all that is known."""
    owed: dict[tuple[str, int], Fraction] = {}
    for name, charge in charges.items():
        quantities = [_quantity(charge, known, edges[m], edges[m + 1]) for m in range(len(edges) - 1)]
        pools = _pools(charge, known, edges)
        for month, quantity in enumerate(quantities):
            owed[name, month] = amount_of(charge, quantities, pools, month, quantity)
        if charge.course_type is not None:
            for month, amount in _refunds(charge, known, edges, quantities, pools).items():
                owed[name, month] += amount
    return owed


def _quantity(charge: Charge, known: Known, start: datetime, end: datetime) -> Fraction:
    if charge.measure is None:
        return Fraction(1)
    return billed_quantity(charge.measure(known, start, end))


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


def amount_of(
    charge: Charge, quantities: list[Fraction], pools: list[Fraction], month: int, quantity: Fraction
) -> Fraction:
    """Return what `quantity` costs in that month, given the months before it in the contract year."""
    if not charge.yearly:
        amount = charge.price(quantity, Fraction(0))
        return cents(amount if charge.at_least is None else max(amount, charge.at_least))
    first = month - month % 12
    before = sum(quantities[first:month], Fraction(0))
    earlier = cents(charge.price(before, pools[month - 1] if month > first else Fraction(0)))
    return cents(charge.price(before + quantity, pools[month])) - earlier


def _refunds(
    charge: Charge, known: Known, edges: list[datetime], quantities: list[Fraction], pools: list[Fraction]
) -> dict[int, Fraction]:
    """Return month of cancellation → what is given back, each priced against the month of its trigger."""
    returned: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for transaction in courses.transactions(known, courses.CATALOGUE_TRIGGERS):
        if charge.course_type and transaction.course_type != charge.course_type:
            continue
        if transaction.refunded_at is None or transaction.refunded_at >= edges[-1]:
            continue
        origin, month = _month(edges, transaction.trigger.at), _month(edges, transaction.refunded_at)
        returned[origin, month] += transaction.refund * transaction.weight
    amounts: dict[int, Fraction] = defaultdict(Fraction)
    left = list(quantities)
    for origin, month in sorted(returned, key=lambda item: (item[1], item[0])):
        less = left[origin] - returned[origin, month]
        amounts[month] += amount_of(charge, quantities, pools, origin, less) - amount_of(
            charge, quantities, pools, origin, left[origin]
        )
        left[origin] = less
    return amounts


def _month(edges: list[datetime], at: datetime) -> int:
    return next(m for m in range(len(edges) - 1) if edges[m] <= at < edges[m + 1])


__all__ = ("Figure", "Ledger", "amount_of", "what_is_owed")
