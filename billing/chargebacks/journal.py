"""The journal of a posted run (pure): what an ERP books, balanced per document.

    cost of the learning department → clearing → expense of the cost centres

One document takes each pool out of the learning department's cost into clearing, one document per
statement puts it where it belongs. Every document balances, and clearing ends at zero per currency.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from billing.chargebacks.allocation import SPONSOR, UNASSIGNED, VARIANCE
from core.money import Money

__all__ = ("COLUMNS", "JournalLine", "PoolSource", "StatementTotal", "journal_csv", "journal_lines")

COLUMNS = ("date", "document", "account", "cost_centre", "currency", "debit", "credit", "text")

CLEARING = "chargeback_clearing"
_RESERVED = {UNASSIGNED: "suspense", SPONSOR: "sponsor", VARIANCE: "variance"}


@dataclass(frozen=True, slots=True)
class PoolSource:
    """One pool's part in the run; `carried` came out of the variance of an earlier period."""

    name: str
    carried: bool
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class StatementTotal:
    """One statement's sums."""

    cost_centre: str
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line: an amount on the debit or on the credit side, the other is zero."""

    booked_on: date
    document: str
    account: str
    cost_centre: str
    currency: str
    debit_minor: int
    credit_minor: int
    text: str


@dataclass(frozen=True, slots=True)
class _Document:
    booked_on: date
    number: str
    text: str

    def lines(self, entries: Sequence[tuple[str, str, Money]]) -> Iterator[JournalLine]:
        """Yield the entries (account, cost centre, amount; below zero is credit) that are not nothing."""
        assert sum(amount.amount_minor for _, _, amount in entries) == 0
        for account, cost_centre, amount in entries:
            minor = amount.amount_minor
            if minor:
                sides = (max(minor, 0), max(-minor, 0))
                yield JournalLine(self.booked_on, self.number, account, cost_centre, amount.currency, *sides, self.text)


def journal_lines(
    run: str, booked_on: date, pools: Iterable[PoolSource], statements: Iterable[StatementTotal]
) -> tuple[JournalLine, ...]:
    """Return the run's journal.

    Args:
        run: the run's document number; documents are numbered `run/0001` on.
        booked_on: the date of all documents.
        pools: what is taken out, each in one currency.
        statements: what is put in; together they are the pools.

    Returns:
        Lines in order of document; documents of nothing are left out.
    """
    lines: list[JournalLine] = []
    number = 0
    for pool in pools:
        number += 1
        document = _Document(booked_on, f"{run}/{number:04}", f"Cost pool {pool.name}")
        lines.extend(document.lines(_pool_entries(pool)))
    for statement in statements:
        number += 1
        document = _Document(booked_on, f"{run}/{number:04}", f"Chargeback to {statement.cost_centre}")
        lines.extend(document.lines(_statement_entries(statement)))
    return tuple(lines)


def journal_csv(lines: Iterable[JournalLine]) -> str:
    """Return the journal as CSV (RFC 4180, UTF-8) with a head row; amounts with the currency's digits."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in lines:
        debit, credit = (Money(minor, line.currency).text() if minor else "" for minor in _sides(line))
        head = (line.booked_on.isoformat(), line.document, line.account, line.cost_centre, line.currency)
        writer.writerow((*head, debit, credit, line.text))
    return out.getvalue()


def _sides(line: JournalLine) -> tuple[int, int]:
    return line.debit_minor, line.credit_minor


def _pool_entries(pool: PoolSource) -> list[tuple[str, str, Money]]:
    gross = pool.net + pool.tax
    if pool.carried:
        return [(CLEARING, "", gross), ("variance", "", -gross)]
    return [(CLEARING, "", gross), ("learning_cost", "", -pool.net), ("learning_tax", "", -pool.tax)]


def _statement_entries(statement: StatementTotal) -> list[tuple[str, str, Money]]:
    gross = statement.net + statement.tax
    reserved = _RESERVED.get(statement.cost_centre)
    if reserved is not None:
        return [(reserved, "", gross), (CLEARING, "", -gross)]
    centre = statement.cost_centre
    return [
        ("chargeback_expense", centre, statement.net),
        ("chargeback_tax", centre, statement.tax),
        (CLEARING, "", -gross),
    ]
