"""The journal balances, and a program nobody here wrote agrees."""

import csv
import io
import shutil
import subprocess
from datetime import date
from decimal import Decimal

import pytest

from billing.chargebacks.hledger import journal_to_hledger
from billing.chargebacks.journal import PoolSource, StatementTotal, journal_csv, journal_lines
from core.money import Money

END = date(2026, 10, 31)


def eur(minor):
    return Money(minor, "EUR")


def yen(minor):
    return Money(minor, "JPY")


POOLS = [
    PoolSource("AC-2026-000007", carried=False, net=eur(10000), tax=eur(1900)),
    PoolSource("carried from 2026-09", carried=True, net=eur(500), tax=eur(95)),
    PoolSource("CN-2026-000002; a | strange (name)", carried=False, net=yen(-1000), tax=yen(0)),
]
STATEMENTS = [
    StatementTotal("HR", eur(7000), eur(1330)),
    StatementTotal("Sales: North  (1)", eur(2500), eur(475)),
    StatementTotal("~unassigned", eur(600), eur(114)),
    StatementTotal("~variance", eur(400), eur(76)),
    StatementTotal("ÄÖ", yen(-1000), yen(0)),
    StatementTotal("nothing", eur(0), eur(0)),
]


def rows():
    return list(csv.DictReader(io.StringIO(journal_csv(journal_lines("CB-2026-10-1", END, POOLS, STATEMENTS)))))


def amount(row):
    return Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)


def test_every_document_balances_and_clearing_ends_empty():
    documents: dict[str, Decimal] = {}
    clearing: dict[str, Decimal] = {}
    for row in rows():
        documents[row["document"]] = documents.get(row["document"], Decimal(0)) + amount(row)
        if row["account"] == "chargeback_clearing":
            clearing[row["currency"]] = clearing.get(row["currency"], Decimal(0)) + amount(row)

    assert len(documents) == 8  # three pools and five statements; the one of nothing has no document
    assert set(documents.values()) == {0}
    assert clearing == {"EUR": 0, "JPY": 0}


def test_net_and_tax_of_a_centre_stand_apart_with_the_currencys_digits():
    assert [(row["account"], row["debit"], row["credit"]) for row in rows() if row["document"].endswith("/0004")] == [
        ("chargeback_expense", "70.00", ""),
        ("chargeback_tax", "13.30", ""),
        ("chargeback_clearing", "", "83.30"),
    ]
    # A credit in yen has no decimals and changes sides.
    assert [(row["account"], row["debit"], row["credit"]) for row in rows() if row["document"].endswith("/0008")] == [
        ("chargeback_expense", "", "1000"),
        ("chargeback_clearing", "1000", ""),
    ]


def test_what_was_carried_comes_out_of_the_variance():
    assert [(row["account"], row["debit"], row["credit"]) for row in rows() if row["document"].endswith("/0002")] == [
        ("chargeback_clearing", "5.95", ""),
        ("variance", "", "5.95"),
    ]


def hledger_check(tmp_path, text):
    if shutil.which("hledger") is None:
        pytest.skip("hledger is not installed: apt-get install hledger")
    file = tmp_path / "chargeback.journal"
    file.write_text(text, encoding="utf-8")
    return subprocess.run(
        ["hledger", "-f", str(file), "check", "--strict"],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/usr/local/bin"},
        check=False,
    )


def test_hledger_accepts_the_converted_journal(tmp_path):
    text = journal_to_hledger(journal_csv(journal_lines("CB-2026-10-1", END, POOLS, STATEMENTS)))

    checked = hledger_check(tmp_path, text)

    assert checked.returncode == 0, checked.stderr + text
    assert "chargeback_expense:Sales%3A%20North%20%20%281%29" in text


@pytest.mark.parametrize(("good", "wrong"), [("70.00 EUR", "70.01 EUR"), ("83.30", "83.31")])
def test_hledger_rejects_one_cent(tmp_path, good, wrong):
    text = journal_to_hledger(journal_csv(journal_lines("CB-2026-10-1", END, POOLS, STATEMENTS)))
    assert good in text

    assert hledger_check(tmp_path, text.replace(good, wrong, 1)).returncode != 0


def test_hledger_rejects_clearing_that_is_not_empty(tmp_path):
    # Each document balances, but one statement is missing: only the assertion can see it.
    text = journal_to_hledger(journal_csv(journal_lines("CB-2026-10-1", END, POOLS, STATEMENTS[1:])))

    assert "assertion" in hledger_check(tmp_path, text).stderr


def test_an_empty_journal_is_a_valid_one(tmp_path):
    assert hledger_check(tmp_path, journal_to_hledger(journal_csv(()))).returncode == 0
