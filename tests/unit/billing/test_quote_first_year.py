"""What the first year of an offer comes to, charge by charge."""

from datetime import date

from billing.answers.results import SimulatedInvoice, SimulatedLine
from billing.quotes.first_year import by_charge
from billing.schemas.amounts import MoneyAnswer

EURO = MoneyAnswer("1.00", "EUR")


def line(charge: str, quantity: str) -> SimulatedLine:
    first, last = date(2026, 1, 1), date(2026, 1, 31)
    return SimulatedLine(charge, charge, "usage", None, first, last, quantity, "seat", EURO, "S", "19", ())


def bill(*lines: SimulatedLine) -> SimulatedInvoice:
    return SimulatedInvoice(date(2026, 2, 1), "invoice", EURO, EURO, EURO, lines)


def test_a_bill_with_a_charge_on_two_lines_is_one_bill() -> None:
    found = by_charge([bill(line("seats", "1")), bill(line("seats", "2"), line("refunds", "1"), line("refunds", "3"))])

    told = [(lines[0].charge_key, [one.quantity for one in lines], bills) for lines, bills in found]
    assert told == [("seats", ["1", "2"], 2), ("refunds", ["1", "3"], 1)]
