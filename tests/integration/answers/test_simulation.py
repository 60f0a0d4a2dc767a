"""Examples of what is simulated; that it is what the invoice run bills is the law of `test_one_price`."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import text

from core.scope import TenantScope
from plans.charges import Price
from plans.errors import CurrencyNotPriced
from tests.builders.bill import ACTIVE, FEE, SEATS, STARTS, Books
from tests.builders.terms import simulated, simulated_lines, terms

MONTHS = ("08", "09", "10")


def history(books: Books) -> list[dict]:
    """Three months of everything that a charge of the catalogue counts, refunds and late ends among it."""
    events = []
    for month in MONTHS:
        day = f"2026-{month}-05"
        events += books.active(day, "ann", "bob", "cid")
        events += books.starts(f"2026-{month}-06", "ann", "bob", course=f"c{month}")
        events += books.enrols(f"2026-{month}-07", "ann", "cid", class_id=f"k{month}", class_at="2026-12-20T09:00:00Z")
        events += books.cancels(f"2026-{month}-20", "cid", class_id=f"k{month}", class_at="2026-12-20T09:00:00Z")
        events.append(books.event("seat.assigned", f"s{month}", day, pool="main"))
        events.append(books.event("membership.opened", f"m{month}", day, community_id="all"))
        for who in ("ann", "bob")[: int(month) % 2 + 1]:
            session = f"{who}-{month}"
            events.append(books.event("session.started", who, day, session_id=session))
            events.append(books.event("session.ended", who, f"2026-{month}-05T12:00:00Z", session_id=session))
        events.append(
            books.event(
                "contribution.created", "bob", f"2026-{month}-09", kind="answer", community_id="all", object_id=month
            )
        )
    return events


@pytest.fixture
def books(db, world) -> Books:
    return Books(db, world, now=datetime(2026, 11, 20, 9, tzinfo=UTC))


def test_every_kind_of_charge_of_a_quarter_is_foreseen_with_its_refunds(books, world):
    acme = world.tenant()
    books.send(acme, *history(books))

    documents = simulated(books.db, acme, terms(FEE, ACTIVE, STARTS, SEATS))

    assert simulated_lines(documents) == [
        [("fee", "advance", "1", 10000)],
        # ann, bob, cid: 3 × 4.20. Two starts × 2.50. Two seats: 5 + 4; cid's is given back: −4.
        [("active", "usage", "3", 1260), ("starts", "usage", "2", 500), ("seats", "usage", "2", 900),
         ("fee", "advance", "1", 10000), ("seats", "refund", "-1", -400)],
        # Four starts in the contract year are all at 2.00 by volume: 8.00 less 5.00.
        [("active", "usage", "3", 1260), ("starts", "usage", "2", 300), ("seats", "usage", "2", 900),
         ("fee", "advance", "1", 10000), ("seats", "refund", "-1", -400)],
        [("active", "usage", "3", 1260), ("starts", "usage", "2", 400), ("seats", "usage", "2", 900),
         ("seats", "refund", "-1", -400)],
    ]  # fmt: skip


def test_a_simulation_leaves_nothing_behind(books, world):
    acme = world.tenant()
    books.send(acme, *history(books))

    simulated(books.db, acme, terms(FEE, ACTIVE))

    with books.db.begin(TenantScope(acme.id)) as session:
        for table in ("subscription", "billing_period", "invoice", "rated_line", "policy_binding", "evidence_file"):
            assert session.execute(text(f"select count(*) from {table}")).scalar_one() == 0


def test_a_currency_without_a_price_is_refused(books, world):
    acme = world.tenant()
    charge = msgspec.structs.replace(ACTIVE, prices={"EUR": Price(unit=Decimal(1))})

    with pytest.raises(CurrencyNotPriced):
        simulated(books.db, acme, replace(terms(charge), currency="USD"))
