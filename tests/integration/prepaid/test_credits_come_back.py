"""What comes back to prepaid credits: never more goes on than was agreed on, and goodwill takes nothing away again."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.actions.credit_invoice import CreditInput, credit_invoice
from core.db import Database
from tests.builders.bill import ACTIVE, Books, lines
from tests.builders.credits import (
    BOUGHT,
    DECEMBER,
    JANUARY,
    NOVEMBER,
    buy,
    euros,
    grant,
    ledger,
    moved,
    withdraw,
)
from tests.builders.world import ACTOR, World


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, BOUGHT)
    books.plan("small", ACTIVE)
    return books


def test_what_comes_back_after_a_block_expired_rolls_over_within_its_limit_only(books, world):
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cid"), now=NOVEMBER)
    # 100.00, a quarter of which rolls over: 25.00 did, when 87.40 were left.
    roll = {"expires_on": date(2026, 12, 1), "rollover_months": 12, "rollover_percent": Decimal(25)}
    buy(books, acme, "100.00", price=euros("80.00"), **roll)
    books.run(NOVEMBER)
    october = books.invoices(acme)[-1]
    books.run(datetime(2026, 12, 5, 9, tzinfo=UTC))

    later = datetime(2026, 12, 6, 9, tzinfo=UTC)
    books.act(acme, credit_invoice, CreditInput(acme.id, october.id, "goodwill"), ACTOR, later)
    books.run(later)

    assert moved(books, acme)[-2:] == [("returned", "12.60", "12.60"), ("expired", "-12.60", "0.00")]
    assert grant(books, acme, 1).amount == euros("25.00")
    # All but the 20.00 that were paid for what rolled over is earned; the goodwill took October's use back.
    assert ledger(books)["credit_balance"] == "-20.00"


def test_goodwill_for_a_document_that_gave_credits_back_leaves_them_where_they_are(books, world):
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    sent = books.active("2026-10-05", "ann", "bob", "cid")
    books.send(acme, *sent, now=NOVEMBER)
    buy(books, acme, "12.00", price=euros("0.00"), reason="sorry", expires_on=date(2026, 11, 1))
    books.run(NOVEMBER)
    # Nobody of October was there, five were in November: 21.00 − 12.60, of which credits had paid 12.00.
    withdraw(books, acme, DECEMBER, *(event["id"] for event in sent))
    books.send(acme, *books.active("2026-11-05", *(f"p{n}" for n in range(5))), now=DECEMBER)
    books.run(DECEMBER)
    november = books.invoices(acme)[-1]
    assert [line[1:2] + line[3:] for line in lines(november)] == [
        ("usage", "21.00"), ("late", "-12.60"), ("prepaid", "12.00"),
    ]  # fmt: skip
    # They came back to a block of October's, and lapsed.
    books.run(JANUARY)
    assert grant(books, acme).remaining == euros("0.00")

    books.act(acme, credit_invoice, CreditInput(acme.id, november.id, "goodwill"), ACTOR, JANUARY)

    note = books.invoices(acme)[-1]
    # In full: 21.00 less the 0.60 of money that the correction gave back already.
    assert (note.kind, note.net) == ("credit_note", euros("20.40"))
    assert [line.amount.text() for line in note.lines] == ["21.00", "-0.60"]
    assert [kind for kind, *_ in moved(books, acme)] == ["granted", "drawn", "returned", "expired"]
