"""Charges by meters that have nothing of the customer: their 0.00 is no price (pure)."""

from collections.abc import Iterable
from decimal import Decimal

from billing.answers.results import SimulatedInvoice

__all__ = ("uncounted",)


def uncounted(invoices: Iterable[SimulatedInvoice]) -> dict[str, str]:
    """Return the meters that count on these bills and found nothing on any of them.

    Nobody knows then whether the customer uses none of it or whether its facts were never sent. A meter that
    several charges share is looked at as a whole: no class, but web courses, is use of courses.

    Returns:
        By meter the name of the first charge that goes by it, in the order of the bills.
    """
    names: dict[str, str] = {}
    found: set[str] = set()
    for line in (line for invoice in invoices for line in invoice.lines):
        if line.meter is not None and line.kind == "usage":
            names.setdefault(line.meter, line.description)
            if Decimal(line.quantity):
                found.add(line.meter)
    return {meter: name for meter, name in names.items() if meter not in found}
