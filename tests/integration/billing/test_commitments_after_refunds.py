"""A minimum that was agreed on is settled by what was used: money given back afterwards reopens none."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.actions.void_invoice import void_invoice
from core.db import Database
from core.money import Money
from core.scope import TenantScope
from plans.documents import PlanDocument
from plans.terms import Commitment
from tests.builders.bill import CURRENCIES, SEATS, Books, lines
from tests.builders.world import ACTOR, World

AUGUST_RUN = datetime(2026, 9, 4, 9, tzinfo=UTC)
SEPTEMBER_RUN = datetime(2026, 10, 4, 9, tzinfo=UTC)
OCTOBER_RUN = datetime(2026, 11, 4, 9, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, AUGUST_RUN)
    books.plan("small", SEATS)
    return books


@pytest.fixture
def begin(books, world):
    """Begin a contract with a minimum; three class seats in August cost 5.00 + 4.00 + 4.00."""

    def begun(amount: int, months: int | None = None):
        acme = world.tenant(time_zone="UTC")
        floor = Commitment(key="floor", name="Floor", amounts=dict.fromkeys(CURRENCIES, Decimal(amount)), months=months)
        books.subscribe(acme, terms=PlanDocument(charges=(SEATS,), commitments=(floor,)))
        books.send(acme, *books.enrols("2026-08-05", "ann", "bob", "cid"))
        return acme

    return begun


def euros(text: str) -> Money:
    return Money(int(Decimal(text) * 100), "EUR")


def test_a_refund_reopens_neither_the_minimum_of_its_own_period_nor_of_the_one_that_shows_it(books, begin):
    acme = begin(20)
    books.run(AUGUST_RUN)
    # 20.00 − 13.00 = 7.00 are missing.
    assert lines(books.invoices(acme)[-1]) == [
        ("seats", "usage", "3", "13.00"), ("commitment:floor", "usage", "1", "7.00"),
    ]  # fmt: skip

    books.send(acme, *books.cancels("2026-09-07", "cid"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    # The third seat's 4.00 come back. September itself had no use: its whole 20.00 are missing, not 24.00 nor 16.00.
    assert lines(books.invoices(acme)[-1]) == [
        ("seats", "usage", "0", "0.00"), ("commitment:floor", "usage", "1", "20.00"), ("seats", "refund", "-1", "-4.00"),
    ]  # fmt: skip


def test_a_terms_minimum_is_the_use_of_its_periods_whatever_was_refunded(books, begin):
    acme = begin(30, months=2)
    # The term goes by the anchor, 1 January: July and August, of which August ran: 15.00 of 30.00.
    books.run(AUGUST_RUN)
    assert lines(books.invoices(acme)[-1])[1] == ("commitment:floor", "usage", "1", "2.00")
    again = books.enrols("2026-09-02", "dora", class_id="k2")
    books.send(acme, *books.cancels("2026-09-07", "cid"), *again, now=SEPTEMBER_RUN)

    books.run(SEPTEMBER_RUN)
    books.run(OCTOBER_RUN)

    # September and October: one seat of 5.00 counts, the 4.00 that came back don't: 30.00 − 5.00.
    september, october = books.invoices(acme)[-2:]
    assert lines(september) == [("seats", "usage", "1", "5.00"), ("seats", "refund", "-1", "-4.00")]
    assert ("commitment:floor", "usage", "1", "25.00") in lines(october)


@pytest.mark.parametrize("position", [1, 2])
def test_goodwill_reopens_no_minimum_and_late_facts_move_it_as_if_none_was_given(books, begin, position):
    acme = begin(20)
    books.run(AUGUST_RUN)
    august = books.invoices(acme)[-1]
    with books.db.begin(TenantScope(acme.id)) as session:
        credit_invoice(session, CreditInput(acme.id, august.id, "sorry", {position: euros("3.00")}), ACTOR, AUGUST_RUN)

    books.send(acme, *books.enrols("2026-08-06", "dora"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    # One more seat of August, 4.00, and so much less is missing to its 20.00: the 3.00 stay given.
    assert lines(books.invoices(acme)[-1]) == [
        ("seats", "usage", "0", "0.00"), ("commitment:floor", "usage", "1", "20.00"),
        ("seats", "late", "1", "4.00"), ("commitment:floor", "late", "0", "-4.00"),
    ]  # fmt: skip


def test_a_withdrawn_document_is_billed_anew_with_its_minimum(books, begin):
    acme = begin(20)
    books.run(AUGUST_RUN)
    august = books.invoices(acme)[-1]
    with books.db.begin(TenantScope(acme.id)) as session:
        void_invoice(session, acme.id, august.id, "wrong address", ACTOR, AUGUST_RUN)

    books.run(AUGUST_RUN)

    again = books.invoices(acme)[-1]
    assert sorted(lines(again)) == [("commitment:floor", "late", "1", "7.00"), ("seats", "late", "3", "13.00")]
    assert again.net == august.net == euros("20.00")
