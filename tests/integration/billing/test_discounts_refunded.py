"""What comes back of a discounted bill is what was paid for it: the discount on the whole of it is taken back too."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.db import Database
from metering.actions.record_correction import CorrectionInput, record_correction
from plans.terms import Discount
from tests.builders.bill import CURRENCIES, FEE, SEATS, Books, lines
from tests.builders.world import ACTOR, World

AUGUST_RUN = datetime(2026, 9, 4, 9, tzinfo=UTC)
SEPTEMBER_RUN = datetime(2026, 10, 4, 9, tzinfo=UTC)
OCTOBER_RUN = datetime(2026, 11, 4, 9, tzinfo=UTC)
TENTH = Discount(key="deal", name="Deal", percent=Decimal(10))


def off(euros: str) -> Discount:
    return Discount(key="deal", name="Deal", amounts=dict.fromkeys(CURRENCIES, Decimal(euros)))


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, AUGUST_RUN)
    books.plan("small", SEATS)
    books.plan("paid", FEE, SEATS)
    return books


@pytest.fixture
def begin(books, world):
    """Begin a contract with discounts; three class seats in August cost 5.00 + 4.00 + 4.00."""

    def begun(*discounts: Discount, plan: str = "small"):
        acme = world.tenant(time_zone="UTC")
        books.subscribe(acme, plan, discounts=discounts)
        books.send(acme, *books.enrols("2026-08-05", "ann", "bob", "cid"))
        books.run(AUGUST_RUN)
        return acme

    return begun


def refunds(invoice):
    """Charge, quantity and amount of what comes back: a credit note says it without the minus."""
    sign = -1 if invoice.kind == "credit_note" else 1
    return [
        (line.charge_key, sign * line.quantity, Decimal(sign * line.amount.amount_minor) / 100)
        for line in invoice.lines
        if line.kind == "refund"
    ]


def seats(quantity: int, amount: str):
    return "seats", Decimal(quantity), Decimal(amount)


def deal(quantity: int, amount: str):
    return "discount:deal", Decimal(quantity), Decimal(amount)


def test_a_percentage_off_the_bill_is_taken_back_from_what_it_was_given_on(books, begin):
    acme = begin(TENTH)
    # 13.00 less 1.30.
    assert lines(books.invoices(acme)[-1])[-1] == ("discount:deal", "usage", "1", "-1.30")

    books.send(acme, *books.cancels("2026-09-07", "cid"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    # 4.00 come back, of which 0.40 were never paid.
    assert refunds(books.invoices(acme)[-1]) == [seats(-1, "-4.00"), deal(-1, "0.40")]

    books.send(acme, *books.cancels("2026-10-07", "bob"), now=OCTOBER_RUN)
    books.run(OCTOBER_RUN)
    assert refunds(books.invoices(acme)[-1]) == [seats(-1, "-4.00"), deal(0, "0.40")]


def test_a_refund_that_does_not_hold_gives_the_discount_again(books, begin):
    acme = begin(TENTH)
    [cancelled] = books.cancels("2026-09-07", "cid")
    books.send(acme, cancelled, now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    wanted = CorrectionInput(cancelled["source"], cancelled["id"], "void", "never cancelled")
    books.act(acme, record_correction, acme.id, wanted, ACTOR, OCTOBER_RUN)
    books.run(OCTOBER_RUN)

    assert refunds(books.invoices(acme)[-1]) == [seats(1, "4.00"), deal(1, "-0.40")]


@pytest.mark.parametrize(("amount", "kept"), [("6", None), ("11", "2.00")])
def test_an_amount_off_the_bill_is_taken_back_as_far_as_the_rest_of_the_bill_does_not_use_it(
    books, begin, amount, kept
):
    # Of 13.00 − 4.00 = 9.00 an amount of 6.00 is still taken whole; of 11.00 only 9.00, so that 2.00 were not paid.
    acme = begin(off(amount))
    books.send(acme, *books.cancels("2026-09-07", "cid"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    assert refunds(books.invoices(acme)[-1]) == [seats(-1, "-4.00"), *([deal(-1, kept)] if kept else [])]


def test_nothing_comes_back_of_what_was_free(books, begin):
    acme = begin(Discount(key="deal", name="Deal", percent=Decimal(100)), plan="paid")
    books.send(acme, *books.cancels("2026-09-07", "ann", "bob", "cid"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    assert books.invoices(acme)[-1].net.amount_minor == 0
    assert refunds(books.invoices(acme)[-1]) == [seats(-3, "-13.00"), deal(-1, "13.00")]
