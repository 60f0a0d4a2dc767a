"""Credit notes and withdrawals in the real database, and the ledger that they leave balanced."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.void_invoice import void_invoice
from billing.errors import (
    CreditExceedsInvoice,
    InvoiceHasCreditNotes,
    InvoiceNotCreditable,
    NothingToCredit,
    StepNotAllowed,
)
from billing.reads import transfers_of, trial_balance
from core.errors import InvalidInput, NotFound
from core.money import Money
from core.scope import StewardScope, TenantScope
from tests.builders.bill import lines
from tests.builders.world import ACTOR

NOW = datetime(2026, 11, 4, 9, tzinfo=UTC)
LATER = datetime(2026, 12, 4, 9, tzinfo=UTC)


def balance(books):
    with books.db.begin(StewardScope()) as session:
        return {row.account: row.balance.amount_minor for row in trial_balance(session)}


def test_the_ledger_balances_and_an_advance_is_earned_when_its_period_is_over(books, acme):
    books.run(datetime(2026, 10, 1, tzinfo=UTC))
    # The opening invoice: 100.00 deferred, 19.00 tax.
    assert balance(books) == {"receivable": 11900, "deferred_revenue": -10000, "tax": -1900}

    books.run(NOW)

    # October's 12.60 and November's 100.00: net 112.60, tax 21.394 → 21.39. October's advance is
    # earned; November's is not.
    assert balance(books) == {
        "receivable": 11900 + 13399,
        "revenue": -11260,
        "deferred_revenue": -10000,
        "tax": -1900 - 2139,
    }
    assert sum(balance(books).values()) == 0


def test_books_in_another_currency_carry_rate_source_and_date(books, world):
    american = world.tenant("american", currency="USD", country="US", tax_id="")
    books.subscribe(american, starts_on=date(2026, 10, 1))
    books.run(datetime(2026, 10, 1, tzinfo=UTC))

    [opening] = books.invoices(american)
    with books.db.begin(TenantScope(american.id)) as session:
        [transfer] = transfers_of(session, american.id, opening.id)
    # The catalogue's ratio: 1 USD = 0.92 EUR. Outside the EU no tax is due.
    assert (transfer.amount, transfer.base_amount) == (Money(10000, "USD"), Money(9200, "EUR"))
    assert (opening.base_rate, opening.base_rate_source) == (Decimal("0.92"), "ratio of the catalogue's list prices")
    assert [(group.category, group.tax.text()) for group in opening.taxes] == [("O", "0.00")]


def test_voiding_keeps_the_number_undoes_the_transfers_and_bills_the_periods_anew(books, acme):
    books.run()
    october = books.invoices(acme)[1]
    before = balance(books)

    books.act(acme, void_invoice, acme.id, october.id, "wrong address", ACTOR, NOW)

    void = books.invoice(acme, october.id)
    assert (void.status, void.number, void.status_reason) == ("void", "EU-2026-000002", "wrong address")
    assert lines(void) == lines(october)
    books.run()
    again = books.invoices(acme)[-1]
    assert again.number == "EU-2026-000003"
    assert sorted(lines(again)) == [("active", "late", "3", "12.60"), ("fee", "late", "1", "100.00")]
    assert again.gross == october.gross
    # The fee was deferred on the first document and counts as earned on the second.
    assert balance(books)["receivable"] == before["receivable"]
    assert sum(balance(books).values()) == 0
    assert books.run().invoices == ()


def test_only_issued_documents_without_credits_can_be_voided(books, acme):
    books.run(finalise=False)
    draft, other = books.invoices(acme)
    with pytest.raises(StepNotAllowed):
        books.act(acme, void_invoice, acme.id, draft.id, "x", ACTOR, NOW)
    books.act(acme, finalise_invoice, acme.id, other.id, NOW, ACTOR)
    with pytest.raises(InvalidInput):
        books.act(acme, void_invoice, acme.id, other.id, " ", ACTOR, NOW)
    books.act(acme, credit_invoice, CreditInput(acme.id, other.id, "kind", {1: Money(1, "EUR")}), ACTOR, NOW)
    with pytest.raises(InvoiceHasCreditNotes):
        books.act(acme, void_invoice, acme.id, other.id, "x", ACTOR, NOW)
    with pytest.raises(NotFound):
        books.act(acme, void_invoice, acme.id, acme.id, "x", ACTOR, NOW)


def test_partial_credits_give_back_exactly_what_was_charged(books, acme):
    books.run()
    october = books.invoices(acme)[1]  # 12.60 + 100.00 = 112.60, tax 21.39, gross 133.99
    receivable = balance(books)["receivable"]

    for _ in range(3):
        books.act(
            acme,
            credit_invoice,
            CreditInput(acme.id, october.id, "goodwill", {1: Money(401, "EUR")}),
            ACTOR,
            NOW,
        )
    last = books.act(acme, credit_invoice, CreditInput(acme.id, october.id, "the rest"), ACTOR, NOW)

    notes = books.invoices(acme)[2:]
    assert [note.number for note in notes] == [f"EU-CN-2026-00000{n}" for n in (1, 2, 3, 4)]
    assert {note.credits_number for note in notes} == {october.number}
    assert sum(note.net.amount_minor for note in notes) == 11260
    assert sum(note.tax.amount_minor for note in notes) == 2139
    assert lines(books.invoice(acme, last)) == [("active", "credit", "1", "0.57"), ("fee", "credit", "1", "100.00")]
    assert balance(books)["receivable"] == receivable - 13399
    with pytest.raises(NothingToCredit):
        books.act(acme, credit_invoice, CreditInput(acme.id, october.id, "more"), ACTOR, NOW)


def test_a_credit_beyond_the_invoice_is_refused(books, acme):
    books.run()
    opening, october = books.invoices(acme)
    given = CreditInput(acme.id, october.id, "x", {1: Money(1261, "EUR")})

    with pytest.raises(CreditExceedsInvoice, match=r"12\.60 EUR"):
        books.act(acme, credit_invoice, given, ACTOR, NOW)
    for amounts in ({9: Money(1, "EUR")}, {1: Money(1, "USD")}, {1: Money(0, "EUR")}):
        with pytest.raises(InvalidInput):
            books.act(acme, credit_invoice, CreditInput(acme.id, october.id, "x", amounts), ACTOR, NOW)
    note = books.act(acme, credit_invoice, CreditInput(acme.id, opening.id, "x"), ACTOR, NOW)
    with pytest.raises(InvoiceNotCreditable):
        books.act(acme, credit_invoice, CreditInput(acme.id, note, "x"), ACTOR, NOW)


def test_goodwill_is_not_billed_again_but_a_restatement_is(books, acme):
    books.run()
    opening, october = books.invoices(acme)
    books.act(acme, credit_invoice, CreditInput(acme.id, opening.id, "goodwill"), ACTOR, NOW)
    assert books.run().invoices == ()
    books.send(acme, *books.active("2026-10-06", "dora"))

    books.act(acme, credit_invoice, CreditInput(acme.id, october.id, "restated", rebill=True), ACTOR, NOW)
    books.run()

    assert sorted(lines(books.invoices(acme)[-1])) == [("active", "late", "4", "16.80"), ("fee", "late", "1", "100.00")]
