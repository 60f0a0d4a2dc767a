"""Examples of what is simulated; that it is what the invoice run bills is the law of `test_one_price`."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace as changed
from sqlalchemy import text

from billing.answers.actions.simulate import simulate_subscription, taxes_for
from billing.answers.reads.figures import Figures
from core.scope import TenantScope
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.charges import Price
from plans.errors import CurrencyNotPriced
from plans.reads import get_subscription
from tests.builders.bill import ACTIVE, FEE, SEATS, STARTS, Books
from tests.builders.terms import simulated, simulated_lines, terms
from tests.builders.world import ACTOR

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


def test_what_ends_on_one_day_shares_a_document_as_it_does_on_the_bill(books, world):
    tenant = world.tenant(time_zone="UTC")
    books.plan("small", FEE)
    books.plan("other", changed(FEE, key="more"))
    held = books.subscribe(tenant, starts_on=date(2026, 8, 1), ends_on=date(2026, 11, 1))
    noon = datetime(2026, 9, 1, 12, tzinfo=UTC)
    with books.db.begin(TenantScope(tenant.id)) as session:
        change_subscription(session, ChangeInput(tenant.id, held.id, ACTOR, plan_key="other", at=noon), noon)
    books.run(datetime(2026, 11, 10, tzinfo=UTC))
    with books.db.begin(TenantScope(tenant.id)) as session:
        held = get_subscription(session, tenant.id, held.id)
        foreseen = simulate_subscription(Figures(session, tenant, [held]), held, taxes_for(session, tenant))

    billed = [[(line.charge_key, line.amount.amount_minor) for line in one.lines] for one in books.invoices(tenant)]
    assert [[(key, minor) for key, _, _, minor in one] for one in simulated_lines(foreseen)] == billed
    # August's fee; what ends at midnight and at noon of 1 September, on one; September's end, and October's.
    assert [[key for key, _ in one if key in ("fee", "more")] for one in billed] == [
        ["fee"],
        ["fee", "more"],
        ["more"],
    ]
