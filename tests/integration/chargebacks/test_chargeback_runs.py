"""From an issued invoice to statements and a journal, on the real database."""

import csv
import io
import shutil
import subprocess
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.chargebacks.actions.create_pool_from_invoice import create_pool_from_invoice
from billing.chargebacks.actions.preview_run import preview_run
from billing.chargebacks.actions.set_rules import set_rules
from billing.chargebacks.hledger import journal_to_hledger
from billing.chargebacks.journal import journal_csv
from billing.chargebacks.reads import (
    explain_statement,
    journal,
    pools,
    statements,
)
from core.db import Database
from core.periods import month_period, zone
from core.scope import TenantScope
from tenants.reads import TenantView
from tests.builders.world import ACTOR, World
from tests.integration.chargebacks.issued import NOVEMBER, Billed, issue
from tests.integration.chargebacks.steps import DIRECT, HEADS, amounts, documents, posted, prepared


def test_statements_sum_to_the_invoice_for_net_tax_and_gross(db: Database, acme: TenantView) -> None:
    # 100.01 for 3 active: A 1, B 1, nobody 1 -> thirds: 3334, 3334, 3333 (ties by code, ~ last).
    # 50.00 flat, no meter: by people 1:2 -> 16.67, 33.33.
    # Tax: 19 % of 150.01 = 28.50; by line 19.0019 and 9.50 -> 19.00 and 9.50.
    # 19.00 by thirds: 634, 633, 633; 9.50 by 1:2: 316.67, 633.33 -> 317, 633.
    pool = prepared(
        db, acme, DIRECT, HEADS,
        lines=[Billed(10001, counted={"A": 1, "B": 1, None: 1}), Billed(5000, meter=None, charge_key="base")],
    )  # fmt: skip
    assert (pool.period, pool.sums.gross.text(), len(pool.lines)) == ("2026-10", "178.51", 2)

    run = posted(db, acme)

    assert amounts(run.statements) == {
        ("A", "EUR"): (3334 + 1667, 634 + 317),
        ("B", "EUR"): (3334 + 3333, 633 + 633),
        ("~unassigned", "EUR"): (3333, 633),
    }
    with db.begin(TenantScope(acme.id)) as session:
        found = statements(session, acme.id, period="2026-10")
    assert amounts(found) == amounts(run.statements)
    assert sum(s.sums.gross.amount_minor for s in found) == 17851


def test_every_statement_line_is_explained_down_to_its_driver(db: Database, acme: TenantView) -> None:
    prepared(db, acme, {**DIRECT, "share": "0.7"}, HEADS, lines=[Billed(10000, counted={"A": 3, "B": 1})])
    run = posted(db, acme)
    mine = next(s for s in run.statements if s.cost_centre == "A")

    with db.begin(TenantScope(acme.id)) as session:
        found = explain_statement(session, acme.id, mine.id)

    # 100.00 × (0.7 × 3/4 + 0.3 × 1/3) = 62.50
    assert found.sums.net.text() == "62.50"
    (line,) = found.lines
    assert [(p.rule, p.share, p.driver, p.quantity, p.total) for p in line.parts] == [
        ("usage", "21/40", "members.active", "3", "4"),
        ("heads", "1/10", "headcount", "1", "3"),
    ]
    assert line.line.sums.net.text() == "100.00"
    assert found.rules["heads"][-1].english().startswith("Divided by headcount")


def test_a_credit_note_takes_back_what_the_invoice_charged(db: Database, acme: TenantView) -> None:
    counted = {"A": 1, "B": 1, "C": 1}
    prepared(db, acme, DIRECT, lines=[Billed(10000, counted=counted)])
    first = posted(db, acme)
    note = issue(db, acme, Billed(10000, kind="credit", counted=counted), kind="credit_note")
    with db.begin(TenantScope(acme.id)) as session:
        pool = create_pool_from_invoice(session, acme, note, ACTOR, NOVEMBER)
        assert pool.sums.gross.text() == "-119.00"

    second = posted(db, acme)

    assert {key: (-net, -tax) for key, (net, tax) in amounts(second.statements).items()} == amounts(first.statements)


def test_late_lines_use_the_drivers_of_the_period_they_name(db: Database, acme: TenantView) -> None:
    september = month_period(2026, 9, zone("Europe/Berlin"))
    late = Billed(1000, kind="late", period=september, counted={"A": 2})
    moved = Billed(0, kind="late", period=september, counted={"A": 1, "B": -1})
    pool = prepared(db, acme, DIRECT, lines=[late, moved])

    with db.begin(TenantScope(acme.id)) as session:
        found = preview_run(session, acme, "2026-10")

    # The late line came with what came late: A carries it. The second has differences of both
    # signs: members.active of September is measured, where nobody was active; it is a line of nothing.
    assert amounts(found.statements)["A", "EUR"] == (1000, 190)
    assert {(key.source, key.starts_at, key.line[-5:]) for key in found.inputs.drivers} == {
        ("members.active", september.starts_at, "00001"),
        ("members.active", september.starts_at, ""),
    }
    assert pool.lines[0].period == september


def test_codes_that_no_cost_centre_has_wait_in_suspense_by_name(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(300, percent="0", category="O", counted={"A": 1, "TYPO": 2})])

    with db.begin(TenantScope(acme.id)) as session:
        found = preview_run(session, acme, "2026-10")

    assert amounts(found.statements) == {("A", "EUR"): (100, 0), ("~unassigned", "EUR"): (200, 0)}
    assert found.unknown_centres == ("TYPO",)


def test_what_is_carried_is_divided_next_month_and_once(db: Database, acme: TenantView) -> None:
    carry = {"key": "rest", "method": "residual", "params": {"mode": "carry"}}
    prepared(db, acme, {**DIRECT, "share": "0.6"}, carry, lines=[Billed(10000, counted={"A": 1})])
    posted(db, acme)
    with db.begin(TenantScope(acme.id)) as session:
        (pool,) = pools(session, acme.id, period="2026-11")
        assert (pool.kind, pool.sums.net.text(), pool.sums.tax.text()) == ("carried", "40.00", "7.60")
        set_rules(session, acme, documents(DIRECT), ACTOR, NOVEMBER)

    second = posted(db, acme, "2026-11")

    assert amounts(second.statements) == {("A", "EUR"): (4000, 760)}
    balance: dict[str, Decimal] = {}
    with db.begin(TenantScope(acme.id)) as session:
        for row in csv.DictReader(io.StringIO(journal_csv(journal(session, acme.id)))):
            signed = Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
            balance[row["account"]] = balance.get(row["account"], Decimal(0)) + signed
    assert balance == {
        "chargeback_clearing": 0,
        "variance": 0,
        "learning_cost": -100,
        "learning_tax": -19,
        "chargeback_expense": 100,
        "chargeback_tax": 19,
    }


def test_the_posted_journal_passes_hledger(db: Database, acme: TenantView, tmp_path) -> None:
    if shutil.which("hledger") is None:
        pytest.skip("hledger is not installed: apt-get install hledger")
    prepared(
        db, acme, DIRECT, HEADS, lines=[Billed(10001, counted={"A": 1, "B": 1, None: 1}), Billed(5000, meter=None)]
    )
    posted(db, acme)
    with db.begin(TenantScope(acme.id)) as session:
        file = tmp_path / "chargeback.journal"
        file.write_text(journal_to_hledger(journal_csv(journal(session, acme.id))))

    checked = subprocess.run(
        ["hledger", "-f", str(file), "check", "--strict"], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(-5000, 500_000),
            st.sampled_from(["19", "7", "0"]),
            st.dictionaries(st.sampled_from(["A", "B", "C", None]), st.integers(1, 9), min_size=1),
            st.sampled_from(["members.active", None]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_invoice_comes_back_as_statements_to_the_cent(db: Database, acme: TenantView, lines) -> None:
    # What an earlier example posted is not open any more, so that examples don't meet. The last line keeps
    # the invoice above zero: below it would be a credit note.
    lines = [*lines, (30_000, "19", {"A": 1}, "members.active")]
    billed = [
        Billed(
            net, percent=percent, category="S" if percent != "0" else "O", counted=counted if meter else {}, meter=meter
        )
        for net, percent, counted, meter in lines
    ]
    pool = prepared(db, acme, {**DIRECT, "share": "2/3"}, HEADS, lines=billed)

    run = posted(db, acme)

    with db.begin(TenantScope(acme.id)) as session:
        mine = [s for s in statements(session, acme.id, limit=500) if s.run_id == run.id]
    assert sum(s.sums.net.amount_minor for s in mine) == pool.sums.net.amount_minor
    assert sum(s.sums.tax.amount_minor for s in mine) == pool.sums.tax.amount_minor
    assert sum(s.sums.gross.amount_minor for s in mine) == pool.sums.gross.amount_minor


def test_headcount_is_that_of_the_lines_last_day(db: Database, world: World, acme: TenantView) -> None:
    # Ann moves to C on 31 October: on the last day C has 1, B 2, A none.
    world.assign(acme, "ann", valid_from=date(2026, 10, 31), recorded_at=datetime(2026, 10, 31, tzinfo=UTC), C=1)
    prepared(db, acme, HEADS, lines=[Billed(300, percent="0", category="O", meter=None)])

    with db.begin(TenantScope(acme.id)) as session:
        found = preview_run(session, acme, "2026-10")

    assert amounts(found.statements) == {("B", "EUR"): (200, 0), ("C", "EUR"): (100, 0)}
