"""Documents that are withdrawn or corrected give back credits first, then money, and each once."""

from datetime import date

import pytest

from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.actions.void_invoice import void_invoice
from billing.errors import (
    CreditExceedsInvoice,
    CreditsInUse,
    InvoiceHasCreditNotes,
    NothingToCredit,
)
from tenants.reads import TenantView
from tests.builders.bill import Books, lines
from tests.builders.credits import DECEMBER, NOVEMBER, buy, euros, grant, ledger, moved, withdraw
from tests.builders.world import ACTOR, World


def test_voiding_gives_credits_back_and_the_bill_that_follows_draws_them_again(books, acme):
    buy(books, acme)
    books.run(NOVEMBER)
    sold, october = books.invoices(acme)
    with pytest.raises(CreditsInUse):
        books.act(acme, void_invoice, acme.id, sold.id, "wrong", ACTOR, NOVEMBER)

    books.act(acme, void_invoice, acme.id, october.id, "wrong", ACTOR, NOVEMBER)
    assert ledger(books) == {"receivable": "11.90", "credit_balance": "-10.00", "tax": "-1.90"}
    books.run(NOVEMBER)

    assert lines(books.invoices(acme)[-1]) == [("active", "late", "3", "12.60"), ("active", "prepaid", "1", "-10.00")]
    assert [kind for kind, *_ in moved(books, acme)] == ["granted", "drawn", "returned", "drawn"]
    assert ledger(books)["revenue"] == "-12.60"


def test_a_credit_note_gives_credits_back_first_and_parts_add_up(books, acme):
    buy(books, acme, price=euros("9.99"))
    books.run(NOVEMBER)
    october = books.invoices(acme)[-1]

    for part in ("3.33", "3.33", "5.94"):
        given = CreditInput(acme.id, october.id, "goodwill", {1: euros(part)})
        books.act(acme, credit_invoice, given, ACTOR, NOVEMBER)

    notes = books.invoices(acme)[-3:]
    # Credits paid 10.00 of 12.60: they come back first, then money.
    assert [note.net.text() for note in notes] == ["0.00", "0.00", "2.60"]
    assert [(kind, amount) for kind, amount, _ in moved(books, acme)][2:] == [
        ("returned", "3.33"),
        ("returned", "3.33"),
        ("returned", "3.34"),
    ]
    assert grant(books, acme).deferred == euros("9.99")
    assert ledger(books) == {"receivable": "11.89", "credit_balance": "-9.99", "tax": "-1.90"}


@pytest.fixture
def corrected(books: Books, world: World) -> TenantView:
    """October's three people, 12.60: 2.00 granted and 10.00 bought paid 12.00 of it; none of them was there."""
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    sent = books.active("2026-10-05", "ann", "bob", "cid")
    books.send(acme, *sent, now=NOVEMBER)
    buy(books, acme, "2.00", price=euros("0.00"), reason="sorry", priority=1)
    buy(books, acme, "10.00", price=euros("9.00"))
    books.run(NOVEMBER)
    withdraw(books, acme, DECEMBER, *(event["id"] for event in sent))
    return acme


def test_what_a_later_document_corrects_gives_back_credits_before_money(books, corrected):
    books.run(DECEMBER)

    note = books.invoices(corrected)[-1]
    # 12.60 less: what credits paid comes back as credits, in the order in which it was drawn; money is 0.60.
    assert lines(note) == [
        ("active", "usage", "0", "0.00"), ("active", "late", "3", "12.60"),
        ("active", "prepaid", "-1", "-2.00"), ("active", "prepaid", "-1", "-10.00"),
    ]  # fmt: skip
    assert (note.kind, note.net, note.tax) == ("credit_note", euros("0.60"), euros("0.11"))
    assert moved(books, corrected)[1:] == [("drawn", "-2.00", "0.00"), ("returned", "2.00", "2.00")]
    assert grant(books, corrected, 1).deferred == euros("9.00")
    # As before October was billed: 9.00 and its tax of 1.71.
    assert ledger(books) == {"receivable": "10.71", "credit_balance": "-9.00", "tax": "-1.71"}


def test_what_comes_back_pays_the_same_document(books, corrected):
    books.send(corrected, *books.active("2026-11-05", "ann", "bob"), now=DECEMBER)
    books.run(DECEMBER)

    assert [line[1:2] + line[3:] for line in lines(books.invoices(corrected)[-1])] == [
        ("usage", "8.40"), ("late", "-12.60"), ("prepaid", "2.00"), ("prepaid", "10.00"),
        ("prepaid", "-2.00"), ("prepaid", "-5.80"),
    ]  # fmt: skip
    assert [grant(books, corrected, place).remaining.text() for place in (0, 1)] == ["0.00", "4.20"]
    # 8.40 of use: October's 0.60 in money, 2.00 for nothing, 5.80 at nine tenths.
    assert ledger(books)["revenue"] == "-5.82"

    note = books.invoices(corrected)[-1]
    books.act(corrected, void_invoice, corrected.id, note.id, "wrong", ACTOR, DECEMBER)
    assert [grant(books, corrected, place).remaining.text() for place in (0, 1)] == ["0.00", "0.00"]
    books.run(DECEMBER)
    assert [grant(books, corrected, place).remaining.text() for place in (0, 1)] == ["0.00", "4.20"]
    assert ledger(books)["revenue"] == "-5.82"


def test_what_came_back_comes_back_once(books, corrected):
    october = books.invoices(corrected)[-1]
    books.run(DECEMBER)

    with pytest.raises(InvoiceHasCreditNotes):
        books.act(corrected, void_invoice, corrected.id, october.id, "wrong", ACTOR, DECEMBER)
    with pytest.raises(CreditExceedsInvoice, match=r"0\.60"):
        books.act(
            corrected,
            credit_invoice,
            CreditInput(corrected.id, october.id, "x", {1: euros("0.61")}),
            ACTOR,
            DECEMBER,
        )
    books.act(corrected, credit_invoice, CreditInput(corrected.id, october.id, "goodwill"), ACTOR, DECEMBER)
    with pytest.raises(NothingToCredit):
        books.act(corrected, credit_invoice, CreditInput(corrected.id, october.id, "again"), ACTOR, DECEMBER)

    assert books.invoices(corrected)[-1].net == euros("0.60")
    assert [grant(books, corrected, place).remaining.text() for place in (0, 1)] == ["2.00", "10.00"]


def test_a_document_that_gave_credits_back_is_billed_anew_and_none_of_them_is_money(books, corrected):
    books.send(corrected, *books.active("2026-11-05", *(f"p{n}" for n in range(5))), now=DECEMBER)
    books.run(DECEMBER)
    november = books.invoices(corrected)[-1]
    before = ledger(books)
    assert november.kind == "invoice"
    with pytest.raises(CreditExceedsInvoice):
        books.act(
            corrected,
            credit_invoice,
            CreditInput(corrected.id, november.id, "x", {3: euros("2.00")}),
            ACTOR,
            DECEMBER,
        )

    again = CreditInput(corrected.id, november.id, "again", rebill=True)
    books.act(corrected, credit_invoice, again, ACTOR, DECEMBER)
    assert [grant(books, corrected, place).remaining.text() for place in (0, 1)] == ["0.00", "0.00"]
    books.run(DECEMBER)

    assert ledger(books) == before
    assert [grant(books, corrected, place).remaining.text() for place in (0, 1)] == ["0.00", "0.00"]
