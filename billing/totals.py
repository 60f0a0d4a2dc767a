"""What an invoice adds up to: tax per rate group on the group's total (EN 16931), each rounded once."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.money import Money, round_half_away

__all__ = ("TaxGroup", "TaxableLine", "Totals", "credited_tax", "group_tax", "invoice_totals")


@dataclass(frozen=True, slots=True)
class TaxableLine:
    """One line as the totals see it: its net amount and the rate group it belongs to."""

    net: Money
    category: str
    """UNCL 5305: S standard, AE reverse charge, E exempt, O outside the scope of VAT."""
    percent: Decimal


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """All lines of one category and rate: the tax is reckoned on their sum, not line by line."""

    category: str
    percent: Decimal
    taxable: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a document; `gross` is `net + tax` and `net` is the sum of the lines."""

    net: Money
    tax: Money
    gross: Money
    groups: tuple[TaxGroup, ...]


def group_tax(taxable: Money, percent: Decimal) -> Money:
    """Return the tax on a rate group's total, rounded once to the minor unit, half away from zero.

    >>> group_tax(Money(4637, "EUR"), Decimal("21"))
    Money(amount_minor=974, currency='EUR')
    """
    exact = taxable.amount_minor * Fraction(percent) / 100
    return Money(round_half_away(exact), taxable.currency)


def credited_tax(taxable: Money, credited_before: Money, credit: Money, percent: Decimal) -> Money:
    """Return the tax that a partial credit gives back: the tax before it less the tax after it.

    Never the tax on the credit alone: three credits of a third would then give back a cent more or
    less than was charged. As differences they always add up to it.

    >>> [credited_tax(Money(100, "EUR"), Money(n, "EUR"), Money(50, "EUR"), Decimal(19)).amount_minor for n in (0, 50)]
    [9, 10]
    """
    before = group_tax(taxable - credited_before, percent)
    return before - group_tax(taxable - credited_before - credit, percent)


def invoice_totals(lines: Iterable[TaxableLine], currency: str) -> Totals:
    """Return the sums of a document whose lines are all in `currency`.

    Args:
        lines: rounded amounts, of any sign; no lines give zeros.
        currency: ISO 4217.

    Returns:
        The totals, with groups ordered by category, then rate.

    Raises:
        CurrencyMismatch: a line is in another currency (`currency_mismatch`).
    """
    zero = Money(0, currency)
    bases: dict[tuple[str, Decimal], Money] = {}
    for line in lines:
        key = (line.category, line.percent)
        bases[key] = bases.get(key, zero) + line.net
    groups = tuple(
        TaxGroup(category, percent, base, group_tax(base, percent))
        for (category, percent), base in sorted(bases.items(), key=lambda item: item[0])
    )
    net = sum((group.taxable for group in groups), zero)
    tax = sum((group.tax for group in groups), zero)
    return Totals(net, tax, net + tax, groups)
