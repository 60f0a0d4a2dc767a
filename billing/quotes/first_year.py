"""The simulated first year of an offer, charge by charge (pure)."""

from collections.abc import Sequence

from billing.answers.results import SimulatedInvoice, SimulatedLine

__all__ = ("by_charge",)


def by_charge(invoices: Sequence[SimulatedInvoice]) -> list[tuple[list[SimulatedLine], int]]:
    """Return the lines of each charge, in order, and how many of the bills have it.

    A bill may have a charge on several lines: a month's refunds, or both sides of a change.
    """
    found: dict[tuple[str, str], list[tuple[int, SimulatedLine]]] = {}
    for index, invoice in enumerate(invoices):
        for line in invoice.lines:
            found.setdefault((line.charge_key, line.description), []).append((index, line))
    return [([line for _, line in listed], len({index for index, _ in listed})) for listed in found.values()]
