"""Invoices of another system as a CSV file: one line of a bill in each row (pure)."""

import csv
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from io import StringIO

from billing.answers.questions import BilledLine
from core.errors import InputError, InvalidInput
from core.money import exponent

__all__ = ("COLUMNS", "MOST_LINES", "billed_lines")

COLUMNS = ("period", "charge", "quantity", "amount", "currency")
MOST_LINES = 10_000
SHOWN = 20


def billed_lines(
    text: str, columns: Mapping[str, str], charges: Mapping[str, str], currency: str
) -> tuple[BilledLine, ...]:
    """Return the lines of a file.

    Args:
        text: CSV with a header, `,` or `;` between the columns.
        columns: the file's name of each of `COLUMNS`; one that is not named is called as here.
        charges: descriptions as the file has them → the charge keys of the plan; others are keys already.
        currency: that all amounts must be in.

    Raises:
        InvalidInput: the first 20 bad rows, each with the row (the header is row 1) and its first bad column, in
            words and as the pointer `/csv/3/amount` (`row_invalid`), and how many there are in all; a column is
            missing (`column_missing`); no row or more than 10,000 (`rows_invalid`).
    """
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")), delimiter=delimiter, skipinitialspace=True)
    named = {column: columns.get(column, column) for column in COLUMNS}
    missing = [name for name in named.values() if name not in (reader.fieldnames or ())]
    if missing:
        has = ", ".join(repr(name) for name in (reader.fieldnames or ())[:SHOWN])
        detail = (
            f"The file has no column {missing[0]!r}: its first row names {has or 'nothing'}, and `columns` says which"
            " of them is which."
        )
        raise InvalidInput(InputError("/csv/1", "column_missing", detail))
    found: list[BilledLine] = []
    faults: list[InputError] = []
    bad = 0
    for number, row in enumerate(reader, start=2):
        line = _line({column: (row[name] or "").strip() for column, name in named.items()}, charges, currency)
        if isinstance(line, BilledLine):
            found.append(line)
        else:
            column, why = line
            bad += 1
            told = InputError(f"/csv/{number}/{column}", "row_invalid", f"Row {number}, column {named[column]}: {why}")
            faults += [told] if bad <= SHOWN else []
        if len(found) + bad > MOST_LINES:
            break
    if not 0 < len(found) + bad <= MOST_LINES:
        raise InvalidInput(InputError("/csv", "rows_invalid", f"Give one row or more, and at most {MOST_LINES}."))
    if bad:
        raise InvalidInput(*faults, detail=f"{bad} of {len(found) + bad} rows cannot be read: nothing was compared.")
    return tuple(found)


def _line(said: Mapping[str, str], charges: Mapping[str, str], currency: str) -> BilledLine | tuple[str, str]:
    """Return the line of a row, or the column that is wrong and why."""
    try:
        day = said["period"]
        starts_on = date.fromisoformat(f"{day}-01" if len(day) == len("2026-01") else day)
    except ValueError:
        return "period", f"{day!r} is no month (2026-01) and no day (2026-01-31)."
    if not said["charge"]:
        return "charge", "It is empty; name the line."
    numbers = {}
    for column in ("quantity", "amount"):
        number = _number(said[column])
        if number is None:
            return column, f"{said[column]!r} is no number; write 1234.56."
        numbers[column] = number
    if said["currency"] != currency:
        return "currency", f"{said['currency']!r} is not {currency}, the currency of this comparison."
    minor = numbers["amount"].scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        return "amount", f"{said['amount']!r} has more decimals than {currency} has."
    key = charges.get(said["charge"], said["charge"])
    return BilledLine(period=starts_on, charge=key, quantity=numbers["quantity"], amount=numbers["amount"])


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < Decimal(10) ** 15 else None
