from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.ledger import Account, Conversion, Movement, convert, issue_movements, recognise, reverse, trial_balance
from core.money import Money

minor = st.integers(-(10**10), 10**10)


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def test_an_invoice_debits_the_receivable_for_net_advance_and_tax():
    movements = issue_movements(eur(10000), eur(5000), eur(2850))

    assert trial_balance(movements) == {
        (Account.RECEIVABLE, "EUR"): 17850,
        (Account.REVENUE, "EUR"): -10000,
        (Account.DEFERRED_REVENUE, "EUR"): -5000,
        (Account.TAX, "EUR"): -2850,
    }


def test_a_credit_notes_transfers_run_the_other_way_with_positive_amounts():
    movements = issue_movements(eur(-10000), eur(0), eur(-1900))

    assert [(m.debit, m.credit, m.amount) for m in movements] == [
        (Account.REVENUE, Account.RECEIVABLE, eur(10000)),
        (Account.TAX, Account.RECEIVABLE, eur(1900)),
    ]


def test_nothing_is_posted_for_zero():
    assert issue_movements(eur(0), eur(0), eur(0)) == ()
    assert recognise(eur(0)) == ()


def test_half_entries_and_negative_amounts_cannot_be_made():
    with pytest.raises(ValueError, match="positive"):
        Movement(Account.RECEIVABLE, Account.REVENUE, eur(-1), "net")
    with pytest.raises(ValueError, match="two accounts"):
        Movement(Account.TAX, Account.TAX, eur(1), "net")


def test_an_amount_is_converted_between_currencies_of_unlike_digits():
    # 12.30 EUR at 160.55 = 1,974.765 → 1,975 yen; 1,000 KWD-fils (1.000 KWD) at 3.01 = 3.01 EUR.
    assert convert(eur(1230), Conversion("JPY", Decimal("160.55"), "x")) == Money(1975, "JPY")
    assert convert(Money(1000, "KWD"), Conversion("EUR", Decimal("3.01"), "x")) == eur(301)


@given(st.lists(st.tuples(minor, minor, minor), max_size=10))
def test_the_trial_balance_is_zero_whatever_is_posted(documents):
    movements = [m for net, advance, tax in documents for m in issue_movements(eur(net), eur(advance), eur(tax))]

    assert sum(trial_balance(movements).values()) == 0
    receivable = trial_balance(movements).get((Account.RECEIVABLE, "EUR"), 0)
    assert receivable == sum(net + advance + tax for net, advance, tax in documents)


@given(minor, minor, minor)
def test_a_reversal_leaves_every_account_as_it_was(net, advance, tax):
    movements = issue_movements(eur(net), eur(advance), eur(tax)) + recognise(eur(advance))

    assert set(trial_balance(movements + reverse(movements)).values()) <= {0}
