"""From the journal's CSV to plain-text accounting, so that a program nobody here wrote can check it (pure)."""

import csv
import io
from collections.abc import Iterator
from itertools import groupby

from billing.chargebacks.journal import CLEARING
from core.money import exponent

__all__ = ("journal_to_hledger",)

_SAFE = frozenset("-_.&/+")


def journal_to_hledger(text: str) -> str:
    """Convert the CSV of `journal_csv` to a journal that `hledger check --strict` accepts.

    Accounts and commodities are declared, every document is a transaction, and the clearing
    account is asserted to be zero at the end in every currency.

    Args:
        text: CSV with the columns of `journal.COLUMNS`.
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    currencies = sorted({row["currency"] for row in rows})
    parts = ["decimal-mark ."]
    parts.extend(f"commodity {_zero(currency, '1000')}" for currency in currencies)
    parts.extend(f"account {account}" for account in sorted({_account(row) for row in rows} | {CLEARING}))
    for _, document in groupby(rows, key=lambda row: row["document"]):
        parts.append("\n".join(_transaction(list(document))))
    if rows:
        parts.append("\n".join(_cleared(max(row["date"] for row in rows), currencies)))
    return "\n\n".join(parts) + "\n"


def _transaction(rows: list[dict[str, str]]) -> Iterator[str]:
    first = rows[0]
    yield f"{first['date']} ({_plain(first['document'], '()')}) {_plain(first['text'], ';|')}"
    for row in rows:
        amount = row["debit"] or f"-{row['credit']}"
        yield f"    {_account(row)}  {amount} {row['currency']}"


def _cleared(on: str, currencies: list[str]) -> Iterator[str]:
    yield f"{on} Clearing is empty"
    for currency in currencies:
        yield f"    {CLEARING}  {_zero(currency)} = {_zero(currency)}"


def _zero(currency: str, whole: str = "0") -> str:
    digits = exponent(currency)
    # A commodity's sample must carry the decimal mark, also where there are no decimals.
    return f"{whole}.{'0' * digits} {currency}" if digits or whole != "0" else f"0 {currency}"


def _account(row: dict[str, str]) -> str:
    return f"{row['account']}:{_escaped(row['cost_centre'])}" if row["cost_centre"] else row["account"]


def _escaped(code: str) -> str:
    """Write a code so that it is one account name and can be read back: odd characters as %XX."""
    return "".join(char if char.isalnum() or char in _SAFE else f"%{ord(char):02X}" for char in code)


def _plain(text: str, without: str) -> str:
    """Leave out what would begin a comment, another field or another line."""
    return " ".join("".join(" " if char in without else char for char in text).split())
