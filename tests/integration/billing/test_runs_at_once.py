"""Several runs, several finalisers, broken connections: each period once, each number once, no gap."""

import contextlib
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from billing.actions.bill_due import bill_due
from billing.actions.finalise_invoice import finalise_invoice
from core.scope import StewardScope, TenantScope
from tests.builders.world import ACTOR

NOW = datetime(2026, 11, 4, 9, tzinfo=UTC)


@pytest.fixture
def tenants(books, world):
    tenants = [world.tenant(f"t{n}") for n in range(6)]
    for tenant in tenants:
        books.subscribe(tenant, starts_on=date(2026, 9, 1))
        books.send(tenant, *books.active("2026-10-05", "ann", "bob"))
    return tenants


def rows(books, statement):
    with books.db.begin(StewardScope()) as session:
        return session.execute(text(statement)).all()


def assert_each_once(books, tenants):
    """Opening, September and October of each: fee ×3 and active ×2, and numbers from 1 without a gap."""
    billed = Counter(
        (row.tenant_id, row.charge_key) for row in rows(books, "select tenant_id, charge_key from rated_line")
    )
    assert billed == {(t.id, key): count for t in tenants for key, count in (("fee", 3), ("active", 2))}
    numbers = [row.number for row in rows(books, "select number from number_registry order by number")]
    assert numbers == list(range(1, 3 * len(tenants) + 1))
    issued = {row.number for row in rows(books, "select number from invoice_issue")}
    assert issued == {f"EU-2026-{number:06d}" for number in numbers}
    posted = rows(books, "select count(distinct invoice_id) from transfer where kind in ('net', 'net_in_advance')")[0][
        0
    ]
    assert posted == len(numbers)


def test_four_runs_at_once_bill_everything_once(books, tenants):
    barrier = threading.Barrier(4)

    def run(_):
        barrier.wait()
        return bill_due(books.db, actor=ACTOR, now_of=lambda *_: NOW)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(run, range(4)))

    assert not any(outcome.failures for outcome in outcomes)
    made = [invoice for outcome in outcomes for invoice in outcome.invoices]
    assert len(made) == len(set(made))
    # Who met a locked payer stepped aside; whoever held it billed everything of it.
    assert_each_once(books, tenants)


def test_a_run_under_way_does_not_step_aside_for_one_that_only_looks(books, tenants, database_url):
    # After the first document somebody else takes the payer's account, does nothing with it and lets it go.
    looks = []

    def now_of(session, tenant):
        if not looks and session.execute(text("select count(*) from invoice_issue")).scalar_one():
            look = psycopg.connect(database_url)
            look.execute("select 1 from billing_account where tenant_id = %s for update", [tenant.id])
            looks.append(threading.Timer(0.2, look.close))
            looks[0].start()
        return NOW

    outcome = bill_due(books.db, actor=ACTOR, now_of=now_of)

    looks[0].join()
    assert outcome.busy == ()
    assert_each_once(books, tenants)


def test_drafts_finalised_at_once_get_numbers_without_a_gap(books, tenants):
    bill_due(books.db, actor=ACTOR, now_of=lambda *_: NOW, finalise=False)
    drafts = rows(books, "select tenant_id, id from invoice")
    barrier = threading.Barrier(6)

    def issue(tenant):
        barrier.wait()
        for payer, invoice_id in drafts:
            if payer == tenant.id:
                with books.db.begin(TenantScope(payer)) as session:
                    finalise_invoice(session, payer, invoice_id, NOW, ACTOR)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(issue, tenants))

    assert_each_once(books, tenants)


def test_a_number_is_not_lost_when_the_transaction_that_drew_it_fails(books, tenants):
    bill_due(books.db, actor=ACTOR, now_of=lambda *_: NOW, finalise=False)
    drafts = rows(books, "select tenant_id, id from invoice order by id")
    payer, invoice_id = drafts[0]

    with contextlib.suppress(ZeroDivisionError), books.db.begin(TenantScope(payer)) as session:
        assert finalise_invoice(session, payer, invoice_id, NOW, ACTOR) == "EU-2026-000001"
        raise ZeroDivisionError

    for payer, invoice_id in drafts:
        with books.db.begin(TenantScope(payer)) as session:
            finalise_invoice(session, payer, invoice_id, NOW, ACTOR)
    assert_each_once(books, tenants)


@pytest.mark.parametrize("stop_after", [1, 4, 9])
def test_a_run_whose_connections_break_in_the_middle_is_finished_by_the_next(books, tenants, stop_after, database_url):
    # Every app connection is cut as soon as that many documents are out; whatever was half done is
    # rolled back by the server.
    stopped, cuts = threading.Event(), []

    def cut():
        with psycopg.connect(database_url, autocommit=True) as admin:
            while not stopped.is_set():
                [out] = admin.execute("select count(*) from invoice_issue").fetchone()
                if out >= stop_after:
                    cuts.append(
                        admin.execute(
                            "select pg_terminate_backend(pid) from pg_stat_activity"
                            " where datname = current_database() and pid <> pg_backend_pid()"
                        ).fetchall()
                    )
                    return

    thread = threading.Thread(target=cut)
    thread.start()
    with contextlib.suppress(OperationalError):
        bill_due(books.db, actor=ACTOR, now_of=lambda *_: NOW)
    stopped.set()
    thread.join()
    assert cuts

    bill_due(books.db, actor=ACTOR, now_of=lambda *_: NOW)

    assert_each_once(books, tenants)
