"""What credits pay of a fee in advance becomes revenue over the fee's period, as the fee itself does."""

from datetime import UTC, date, datetime

import pytest

from billing.actions.void_invoice import void_invoice
from billing.reads import transfers_of
from core.db import Database
from tests.builders.bill import ACTIVE, FEE, Books, lines
from tests.builders.credits import BOUGHT, DECEMBER, NOVEMBER, buy, euros, ledger, moved
from tests.builders.world import ACTOR, World

OCTOBER = datetime(2026, 10, 1, 10, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, BOUGHT)
    books.plan("small", FEE, ACTIVE)
    return books


@pytest.fixture
def acme(books, world):
    """A fee of 100.00 in advance from October on; three active people in October, 12.60."""
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cid"), now=NOVEMBER)
    return acme


def test_granted_credits_are_a_discount_over_the_fees_own_period(books, acme):
    buy(books, acme, "130.00", price=euros("0.00"), reason="sorry")

    books.run(OCTOBER)

    # October's fee of 100.00 is paid with what cost nothing: neither revenue nor less of it, now or later.
    assert lines(books.invoices(acme)[-1])[-1] == ("fee", "prepaid", "1", "-100.00")
    assert ledger(books) == {}

    books.run(NOVEMBER)

    # 12.60 + 100.00 − 30.00 = 82.60 and 15.69 of tax. The bill draws for use first: 12.60, then 17.40 of November's
    # fee, of which 82.60 are left to be earned in November; October came to nothing.
    november = books.invoices(acme)[-1]
    assert (november.net, november.tax) == (euros("82.60"), euros("15.69"))
    paid = {line.charge_key: line.amount.text() for line in november.lines if line.kind == "prepaid"}
    assert paid == {"active": "-12.60", "fee": "-17.40"}
    assert ledger(books) == {"receivable": "98.29", "deferred_revenue": "-82.60", "tax": "-15.69"}

    books.run(DECEMBER)

    # November's 82.60 are earned with its end, December's fee is deferred: 100.00 and 19.00 of tax.
    assert ledger(books) == {
        "receivable": "217.29", "revenue": "-82.60", "deferred_revenue": "-100.00", "tax": "-34.69",
    }  # fmt: skip


def test_the_price_of_credits_is_earned_with_the_fee_that_they_pay_and_at_once_with_use(books, acme):
    buy(books, acme, "130.00", price=euros("117.00"))
    books.run(OCTOBER)

    # 0.90 for each 1.00: the 90.00 of October's fee are no revenue before October is over.
    assert ledger(books) == {
        "receivable": "139.23", "credit_balance": "-27.00", "deferred_revenue": "-90.00", "tax": "-22.23",
    }  # fmt: skip

    books.run(NOVEMBER)

    # October's 90.00 are earned, and 12.60 × 0.9 = 11.34 of use; November's fee defers 82.60 of money and 15.66 of price.
    assert ledger(books) == {
        "receivable": "237.52", "revenue": "-101.34", "deferred_revenue": "-98.26", "tax": "-37.92",
    }  # fmt: skip

    books.run(DECEMBER)

    assert (ledger(books)["revenue"], ledger(books)["deferred_revenue"]) == ("-199.60", "-100.00")


def test_a_withdrawn_document_earns_neither_its_fee_nor_what_credits_paid_of_it(books, acme):
    buy(books, acme, "100.00", price=euros("90.00"))
    books.run(OCTOBER)
    opening = books.invoices(acme)[-1]

    books.act(acme, void_invoice, acme.id, opening.id, "wrong", ACTOR, OCTOBER)
    assert ledger(books) == {"receivable": "107.10", "credit_balance": "-90.00", "tax": "-17.10"}
    assert moved(books, acme)[-1] == ("returned", "100.00", "100.00")

    books.run(NOVEMBER)
    kinds = [transfer.kind for transfer in books.act(acme, transfers_of, acme.id, opening.id)]
    assert sorted(kinds) == ["credits_deferred", "void_credits_deferred"]
