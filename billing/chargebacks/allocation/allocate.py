"""The allocation: rules make exact rows, rows are added up per line, money is rounded once, at the leaves.

    line × rules → shares of the line per rule (Taken) → one row per line → leaves

All of it is a function of its arguments: the same lines, rules and drivers give the same leaves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from billing.chargebacks.allocation.inputs import Inputs, Line
from billing.chargebacks.allocation.passes import Taken, take
from billing.chargebacks.allocation.rows import Row
from billing.chargebacks.allocation.rules import Rule
from core.money import largest_remainder

__all__ = ("Allocation", "Leaf", "Part", "allocate")


@dataclass(frozen=True, slots=True)
class Leaf:
    """The amount of one line that one cost centre or reserved account carries, in minor units."""

    line: Line
    account: str
    net_minor: int
    tax_minor: int

    @property
    def gross_minor(self) -> int:
        """Net and tax are rounded; gross is their sum."""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class Part:
    """Why a leaf is what it is: one rule's part in it.

    Attributes:
        rule, method: which rule, and how it divides.
        share: the exact part of the line that this rule gives to the leaf's account.
        driver: what was counted; empty where shares were agreed on.
        quantity, total: the account's driver and everyone's.
    """

    rule: str
    method: str
    share: Fraction
    driver: str
    quantity: Fraction
    total: Fraction


@dataclass(frozen=True, slots=True)
class Allocation:
    """The result: leaves in order of line and account, and how they came about."""

    leaves: tuple[Leaf, ...]
    taken: Mapping[str, tuple[Taken, ...]]

    def explain(self, leaf: Leaf) -> tuple[Part, ...]:
        """Return the parts that make up a leaf; their shares times the line are its exact amount."""
        found = ((taken, taken.row.weight(leaf.account)) for taken in self.taken[leaf.line.key])
        return tuple(_part(taken, leaf.account, weight) for taken, weight in found if weight)


def allocate(lines: Sequence[Line], rules: Sequence[Rule], inputs: Inputs) -> Allocation:
    """Divide every line over cost centres and reserved accounts.

    Args:
        lines: pool lines with unique keys, in any order and any mix of currencies and signs.
        rules: in their order; what none of them takes goes to `~unassigned`.
        inputs: at least the drivers of `needed_drivers`.

    Returns:
        Leaves whose net and tax sum to each line's, exactly.

    Raises:
        DriverSumZero: a rule has nothing to divide by (`driver_sum_zero`).
        DriverNegative: a centre's driver is below zero (`driver_negative`).
    """
    ordered = sorted(lines, key=lambda line: line.key)
    assert len({line.key for line in ordered}) == len(ordered), "two lines have one key"
    taken = take(ordered, rules, inputs)
    leaves = tuple(leaf for line in ordered for leaf in _leaves(line, _compose(taken[line.key])))
    return Allocation(leaves, taken)


def _compose(takens: Sequence[Taken]) -> Row:
    """Add up what the rules took to one row: Σ share × row, over one common denominator."""
    if len(takens) == 1:
        return takens[0].row
    whole = lcm(*(taken.share.denominator * taken.row.whole for taken in takens))
    sums: dict[str, int] = {}
    for taken in takens:
        factor = taken.share.numerator * (whole // (taken.share.denominator * taken.row.whole))
        for code, weight in taken.row.weights:
            sums[code] = sums.get(code, 0) + factor * weight
    assert sum(sums.values()) == whole
    return Row(tuple(sorted(sums.items())), whole)


def _leaves(line: Line, row: Row) -> Iterator[Leaf]:
    """Round once. Net and tax are divided each for itself, by the same row."""
    net = _change(line.net_before_minor, line.net_minor, row)
    tax = _change(line.tax_before_minor, line.tax_minor, row)
    for (account, _), net_minor, tax_minor in zip(row.weights, net, tax, strict=True):
        yield Leaf(line, account, net_minor, tax_minor)


def _change(before: int, change: int, row: Row) -> tuple[int, ...]:
    """Return alloc(before + change) - alloc(before).

    A partial credit must not be an allocation of its own: a bigger bill can cost somebody less
    (10 by 6:6:2 is 4, 4, 2, but 11 is 5, 5, 1), so that only differences add up to what the
    smaller bill would have cost everyone.
    """
    if not before:
        return largest_remainder(change, row.weights)
    after = largest_remainder(before + change, row.weights)
    return tuple(new - old for new, old in zip(after, largest_remainder(before, row.weights), strict=True))


def _part(taken: Taken, account: str, weight: int) -> Part:
    return Part(
        rule=taken.rule.key,
        method=taken.rule.method.name,
        share=Fraction(taken.share.numerator * weight, taken.share.denominator * taken.row.whole),
        driver=taken.basis.driver,
        quantity=taken.basis.quantities.get(account, Fraction(0)),
        total=taken.basis.total,
    )
