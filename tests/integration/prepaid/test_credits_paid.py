"""Prepaid credits: sold, drawn, given back, lapsed, and the ledger that they leave."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.actions.buy_credits import CreditsInput, buy_credits
from billing.actions.refund_credits import RefundInput, refund_credits
from billing.actions.void_invoice import void_invoice
from billing.errors import (
    CreditsNotRefundable,
)
from billing.reads import grants_page
from core.errors import InvalidInput
from core.money import Money
from tests.builders.bill import lines
from tests.builders.credits import BOUGHT, DECEMBER, JANUARY, NOVEMBER, buy, euros, grant, ledger, moved
from tests.builders.world import ACTOR


def test_credits_are_invoiced_at_once_pay_the_next_bill_and_are_earned_by_that(books, acme):
    bought = buy(books, acme)
    # 10.00 and 19 % tax: 11.90; nothing of it is revenue.
    assert (bought.totals.net.text(), bought.totals.gross.text()) == ("10.00", "11.90")
    assert ledger(books) == {"receivable": "11.90", "credit_balance": "-10.00", "tax": "-1.90"}

    books.run(NOVEMBER)

    sold, october = books.invoices(acme)
    assert lines(sold) == [("credits:bought", "advance", "1", "10.00")]
    assert lines(october) == [("active", "usage", "3", "12.60"), ("active", "prepaid", "1", "-10.00")]
    # 12.60 − 10.00 = 2.60, then tax: 0.494 → 0.49.
    assert (october.net.text(), october.tax.text(), october.gross.text()) == ("2.60", "0.49", "3.09")
    assert moved(books, acme) == [("granted", "10.00", "10.00"), ("drawn", "-10.00", "0.00")]
    assert ledger(books) == {"receivable": "14.99", "revenue": "-12.60", "tax": "-2.39"}


def test_a_bonus_is_earned_in_proportion_and_a_free_grant_is_a_discount(books, acme):
    buy(books, acme, "10.00", price=euros("9.00"), priority=1)
    buy(books, acme, "1.00", price=euros("0.00"), reason="sorry", priority=2)
    with pytest.raises(InvalidInput) as refused:
        buy(books, acme, "1.00", price=euros("0.00"))
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/reason", "reason_missing")]

    books.run(NOVEMBER)

    october = books.invoices(acme)[-1]
    assert [line[3] for line in lines(october)] == ["12.60", "-10.00", "-1.00"]
    # Revenue: 12.60 − 11.00 in money, and the 9.00 that were paid for 10.00.
    assert ledger(books)["revenue"] == "-10.60"


def test_a_preview_writes_nothing_and_says_the_same(books, acme):
    shown = buy(books, acme, preview=True)

    assert books.invoices(acme) == []
    assert books.act(acme, grants_page, acme.id, None, 10) == ()
    assert shown.totals == buy(books, acme).totals


def test_what_is_wrong_is_told_with_its_place(books, acme):
    given = CreditsInput(
        acme.id, " ", euros("0"), ACTOR, price=Money(0, "USD"), starts_on=date(2026, 11, 1), expires_on=date(2026, 10, 30),
        meters=("nope",), refundable=True, rollover_percent=Decimal(101),
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        books.act(acme, buy_credits, given, BOUGHT)

    assert [error.pointer for error in refused.value.errors] == [
        "/name", "/amount", "/price", "/reason", "/refundable", "/meters/0", "/expires_on", "/rollover_percent",
    ]  # fmt: skip


def test_the_unused_rest_is_given_back_where_the_terms_say_so(books, acme):
    buy(books, acme, "20.00", refundable=True)
    buy(books, acme, "5.00", priority=200)
    books.run(NOVEMBER)
    held, other = grant(books, acme), grant(books, acme, 1)
    with pytest.raises(CreditsNotRefundable):
        books.act(acme, refund_credits, RefundInput(acme.id, other.id, "please", ACTOR), NOVEMBER)

    shown = books.act(acme, refund_credits, RefundInput(acme.id, held.id, "please", ACTOR, preview=True), NOVEMBER)
    _, net, _ = books.act(acme, refund_credits, RefundInput(acme.id, held.id, "please", ACTOR), NOVEMBER)

    # 20.00 − 12.60 = 7.40.
    assert (shown[1], net) == (euros("7.40"), euros("7.40"))
    assert books.invoices(acme)[-1].net == euros("7.40")
    assert moved(books, acme)[-1] == ("refunded", "-7.40", "0.00")
    assert ledger(books)["credit_balance"] == "-5.00"
    with pytest.raises(CreditsNotRefundable):
        books.act(acme, refund_credits, RefundInput(acme.id, held.id, "again", ACTOR), NOVEMBER)


def test_what_expires_is_breakage_and_what_rolls_over_goes_on_once(books, acme):
    # 100.00 for 80.00 until 1 December; a quarter of the block rolls over for a month.
    roll = {"expires_on": date(2026, 12, 1), "rollover_months": 1, "rollover_percent": Decimal(25)}
    buy(books, acme, "100.00", price=euros("80.00"), **roll)
    books.run(NOVEMBER)
    # 87.40 are left; what November used could still come until the grace is over.
    assert ledger(books)["credit_balance"] == "-69.92"
    books.run(datetime(2026, 12, 4, 22, tzinfo=UTC))
    assert len(moved(books, acme)) == 2

    books.run(datetime(2026, 12, 5, 9, tzinfo=UTC))

    # 25.00 roll over; 62.40 lapse, for which 80.00 × 62.40 ÷ 100.00 = 49.92 were paid.
    assert moved(books, acme)[2:] == [("expired", "-62.40", "25.00"), ("rolled_over", "-25.00", "0.00")]
    rolled = grant(books, acme, 1)
    assert (rolled.origin, rolled.amount, rolled.paid) == ("rollover", euros("25.00"), euros("20.00"))
    assert rolled.expires_at == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert ledger(books)["credit_balance"] == "-20.00"
    # −12.60 + 12.60 × 0.8 = 10.08 by use, 49.92 by lapse.
    assert ledger(books)["revenue"] == "-60.00"

    books.run(JANUARY)
    assert moved(books, acme, 1) == [("granted", "25.00", "25.00"), ("expired", "-25.00", "0.00")]
    assert (ledger(books)["revenue"], "credit_balance" in ledger(books)) == ("-80.00", False)


def test_late_facts_of_a_blocks_time_are_paid_by_it_though_it_has_expired(books, acme):
    buy(books, acme, "20.00", expires_on=date(2026, 11, 1))
    books.run(NOVEMBER)
    books.send(acme, *books.active("2026-10-06", "dora"), now=NOVEMBER)

    # The block lapses a day after the grace; this run is the last before that.
    void = books.invoices(acme)[-1]
    books.act(acme, void_invoice, acme.id, void.id, "again", ACTOR, NOVEMBER)
    books.run(NOVEMBER)

    assert lines(books.invoices(acme)[-1]) == [("active", "late", "4", "16.80"), ("active", "prepaid", "1", "-16.80")]
    books.send(acme, *books.active("2026-11-06", "ann"), now=DECEMBER)
    books.run(DECEMBER)
    assert lines(books.invoices(acme)[-1]) == [("active", "usage", "1", "4.20")]
