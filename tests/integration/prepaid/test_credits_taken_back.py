"""What is left of credits that were granted can be taken back; what was paid for cannot."""

import pytest

from billing.actions.withdraw_credits import WithdrawalInput, withdraw_credits
from billing.errors import CreditsNotWithdrawable
from core.errors import InvalidInput
from tests.builders.bill import lines
from tests.builders.credits import NOVEMBER, buy, euros, grant, ledger, moved
from tests.builders.world import ACTOR


def take_back(books, acme, *, reason="agreed on otherwise", preview=False):
    given = WithdrawalInput(acme.id, grant(books, acme).id, reason, ACTOR, preview)
    return books.act(acme, withdraw_credits, given, NOVEMBER)


def test_what_is_left_of_a_grant_is_taken_back_and_what_it_paid_stays_paid(books, acme):
    buy(books, acme, "15.00", price=euros("0.00"), reason="a sorry")
    books.run(NOVEMBER)
    before = ledger(books)

    held, amount = take_back(books, acme, preview=True)
    assert (held.remaining, amount) == (euros("2.40"), euros("2.40"))
    assert grant(books, acme).remaining == euros("2.40"), "a preview writes nothing"
    held, amount = take_back(books, acme)

    assert (held.remaining, amount) == (euros("0.00"), euros("2.40"))
    # October's three people were 12.60: paid, and so they stay.
    assert [(kind, moved_) for kind, moved_, _ in moved(books, acme)] == [
        ("granted", "15.00"), ("drawn", "-12.60"), ("revoked", "-2.40"),
    ]  # fmt: skip
    assert ledger(books) == before, "nothing was paid for it, so that nothing is booked"
    with pytest.raises(CreditsNotWithdrawable):
        take_back(books, acme)


def test_what_was_paid_for_is_not_taken_back_and_a_reason_is_asked_for(books, acme):
    buy(books, acme)
    with pytest.raises(CreditsNotWithdrawable):
        take_back(books, acme)
    with pytest.raises(InvalidInput, match="Say why"):
        take_back(books, acme, reason=" ")


def test_a_bill_after_it_is_paid_in_money(books, acme):
    buy(books, acme, "15.00", price=euros("0.00"), reason="a sorry")
    take_back(books, acme)

    books.run(NOVEMBER)

    assert lines(books.invoices(acme)[-1]) == [("active", "usage", "3", "12.60")]
