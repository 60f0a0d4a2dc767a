"""Runs in the real database: what is billed, when, and only once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from billing.actions.bill_due import BEAT, bill_due
from billing.errors import PeriodInvalid, PeriodNotEnded, RunNeedsReason
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.change_subscription import ChangeInput, change_subscription
from tests.builders.bill import ACTIVE, FEE, Books, lines, price
from tests.builders.world import ACTOR, World

OCTOBER_END = "2026-10-31T23:00:00+00:00"
"""Midnight of 1 November in Berlin, after the clocks went back."""


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world)
    books.plan()
    return books


def test_a_month_is_billed_with_every_kind_of_charge_and_adds_up(books, world):
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(
        acme,
        *books.active("2026-10-05", "ann", "bob", "cid"),
        *books.starts("2026-10-06", "ann", "bob"),
        *books.enrols("2026-10-07", "ann", "bob"),
    )

    books.run("2026-11-04T09:00:00+00:00")

    opening, october = books.invoices(acme)
    # October's fee in advance; a launch counts as active too: ann, bob, cid. 3 × 4.20 = 12.60.
    # 2 starts × 2.50 = 5.00. Seats: 1 × 5 + 1 × 4 = 9.00. November's fee: 100.00.
    assert lines(opening) == [("fee", "advance", "1", "100.00")]
    assert lines(october) == [
        ("active", "usage", "3", "12.60"),
        ("starts", "usage", "2", "5.00"),
        ("seats", "usage", "2", "9.00"),
        ("fee", "advance", "1", "100.00"),
    ]
    # Net 126.60, 19 % = 24.054 → 24.05, gross 150.65.
    assert (october.net.text(), october.tax.text(), october.gross.text()) == ("126.60", "24.05", "150.65")
    assert (opening.number, october.number) == ("EU-2026-000001", "EU-2026-000002")
    assert (october.issued_on, october.due_on) == (date(2026, 11, 4), date(2026, 12, 4))
    assert (october.supplied_from, october.supplied_to) == (date(2026, 10, 1), date(2026, 11, 30))
    assert october.lines[0].supplied_to == date(2026, 10, 31)
    assert october.status == "finalised"


def test_a_period_waits_for_its_grace(books, world):
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))

    assert len(books.run("2026-11-03T22:59:00+00:00").invoices) == 1  # the opening invoice only
    assert len(books.run("2026-11-03T23:00:00+00:00").invoices) == 1


def test_a_second_run_bills_nothing_more(books, world):
    acme = world.tenant()
    books.subscribe(acme)
    first = books.run()

    assert len(first.invoices) == 4  # the opening, August, September, October
    assert books.run().invoices == ()
    assert bill_due(books.db, actor=BEAT, now_of=lambda *_: books.now).run_id is None


def test_the_grace_is_skipped_with_a_reason_only(books, world):
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))

    with pytest.raises(RunNeedsReason):
        books.run(OCTOBER_END, skip_grace=True, reason=" ")
    books.run(OCTOBER_END, skip_grace=True, reason="the customer asked")
    assert len(books.invoices(acme)) == 2


def test_a_run_for_a_month_bills_that_month_only(books, world):
    acme = world.tenant()
    books.subscribe(acme)

    books.run(period="2026-09")

    assert [invoice.closes_on for invoice in books.invoices(acme)] == [date(2026, 8, 1), date(2026, 10, 1)]


def test_a_month_that_has_not_ended_is_refused(books, world):
    world.tenant()

    with pytest.raises(PeriodNotEnded):
        books.run(period="2026-11", skip_grace=True, reason="x")
    with pytest.raises(PeriodInvalid):
        books.run(period="2026-13")


def test_only_the_named_tenants_are_billed(books, world):
    acme, other = world.tenant(), world.tenant("other")
    books.subscribe(acme)
    books.subscribe(other)

    books.run(tenant_ids=[acme.id])

    assert books.invoices(acme)
    assert not books.invoices(other)


def test_a_parent_that_pays_gets_one_invoice_for_its_children_who_get_none(books, world):
    parent = world.tenant("group")
    one = world.tenant("one", parent_id=parent.id, bill_to_parent=True)
    two = world.tenant("two", parent_id=parent.id, bill_to_parent=True, time_zone="Europe/London")
    for child in (one, two):
        books.subscribe(child, starts_on=date(2026, 10, 1))
        books.send(child, *books.active("2026-10-05", "ann"))

    books.run()

    opening, october = books.invoices(parent)
    assert [line.consumer_name for line in opening.lines] == ["One", "Two"]
    assert (october.lines[0].consumer_tenant_id, october.lines[0].charge_key) == (one.id, "active")
    assert {line.consumer_tenant_id for line in october.lines} == {one.id, two.id}
    assert books.invoices(one) == books.invoices(two) == []
    assert october.evidence_count == 2


def test_naming_a_parent_bills_what_it_pays_for(books, world):
    parent = world.tenant("group")
    child = world.tenant("one", parent_id=parent.id, bill_to_parent=True)
    books.subscribe(child, starts_on=date(2026, 10, 1))

    assert len(books.run(tenant_ids=[parent.id]).invoices) == 2


def test_a_failing_customer_does_not_keep_the_others_from_being_billed(books, world):
    # No rate is known of what a company in Brazil sells there.
    broken = world.tenant("broken", legal_entity_id=world.entity("br", country="BR").id, country="BR")
    sound = world.tenant("sound")
    books.subscribe(broken)
    books.subscribe(sound)

    outcome = bill_due(books.db, actor=ACTOR, now_of=lambda *_: books.now)

    assert [(payer, code) for payer, code, _ in outcome.failures] == [(broken.id, "tax_undecided")]
    assert books.invoices(sound)
    assert books.invoices(broken) == []


def test_a_plan_change_in_a_month_gives_back_what_was_paid_in_advance_for_the_rest_of_it(books, world):
    acme = world.tenant(time_zone="UTC")
    books.plan("fees", FEE, ACTIVE)
    books.plan("large", replace(FEE, prices=price(amount=Decimal(200))), ACTIVE)
    books.now = datetime(2026, 11, 1, tzinfo=UTC)
    held = books.subscribe(acme, "fees", starts_on=date(2026, 11, 1))
    books.run("2026-11-01T00:00:00+00:00")
    books.send(
        acme,
        *books.active("2026-11-05", "ann"),
        *books.active("2026-11-20", "ann"),
        now=datetime(2026, 11, 21, tzinfo=UTC),
    )
    change_at = datetime(2026, 11, 11, tzinfo=UTC)
    with books.db.begin(TenantScope(acme.id)) as session:
        change_subscription(session, ChangeInput(acme.id, held.id, ACTOR, plan_key="large"), change_at)
    books.run("2026-12-04T00:00:00+00:00")

    first, second, third = books.invoices(acme)
    # November's fee was paid: 100.00. Of it 10 of 30 days are due: 33.33, so 66.67 go back. The
    # larger plan's 20 days cost 133.33. Active people are measured in each part: 4.20 × 10 ÷ 30
    # = 1.40 and 4.20 × 20 ÷ 30 = 2.80.
    assert lines(first) == [("fee", "advance", "1", "100.00")]
    assert lines(second) == [
        ("active", "usage", "0.333333333333", "1.40"),
        ("fee", "advance", "1", "133.33"),
        ("fee", "late", "0", "-66.67"),
    ]
    assert lines(third) == [("active", "usage", "0.666666666667", "2.80"), ("fee", "advance", "1", "200.00")]


def test_a_subscription_that_ends_is_billed_to_its_last_day_and_no_further(books, world):
    acme = world.tenant(time_zone="UTC")
    books.subscribe(acme, starts_on=date(2026, 9, 1), ends_on=date(2026, 10, 11))

    books.run("2026-12-24T00:00:00+00:00")

    # September's and October's fee (10 of 31 days: 32.26); nothing after.
    fees = [line for invoice in books.invoices(acme) for line in lines(invoice) if line[0] == "fee"]
    assert fees == [("fee", "advance", "1", "100.00"), ("fee", "advance", "1", "32.26")]
    assert len(books.invoices(acme)) == 3


def test_a_run_and_who_skipped_the_grace_stand_in_the_audit_trail(books, world):
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    outcome = books.run(OCTOBER_END, skip_grace=True, reason="the customer asked")

    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        [(detail,)] = session.execute(
            text("select detail from audit_entry where action = 'run_invoices' and object_id = :id"),
            {"id": str(outcome.run_id)},
        )
    assert (detail["skip_grace"], detail["reason"]) == (True, "the customer asked")
