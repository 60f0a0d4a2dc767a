"""An add-on that comes or goes within a month leaves what the plan charges for it in one piece."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace as changed

from billing.actions.void_invoice import void_invoice
from billing.answers.actions.simulate import simulate_subscription, taxes_for
from billing.answers.reads.figures import Figures
from core.db import Database
from core.scope import StewardScope, TenantScope
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.create_coupon import CouponInput, create_coupon
from plans.actions.redeem_coupon import RedeemInput, redeem_coupon
from plans.actions.subscribe import AddonInput
from plans.charges import Charge
from plans.documents import PlanDocument
from plans.rating import rate_running
from plans.rating.estimate import estimate_change
from plans.reads import get_subscription, measured_sources
from plans.subscriptions import SubscriptionView
from plans.terms import Discount
from tenants.reads import TenantView
from tests.builders.bill import ACTIVE, SEATS, Books, lines, price
from tests.builders.terms import simulated_lines
from tests.builders.world import ACTOR, World

PEOPLE = tuple(f"p{number}" for number in range(10))
FOUR_EACH = changed(ACTIVE, prices=price(unit=Decimal(4)))
FREE = Charge(key="help", name="Help line", model="flat", prices=price(amount=Decimal(0)))
OCTOBER_RUN, LATER_RUN = "2026-11-04T09:00:00+00:00", "2026-12-04T09:00:00+00:00"


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, at(1))
    books.plan("small", FOUR_EACH, SEATS)
    books.plan("helped", FREE, kind="addon")
    return books


@pytest.fixture
def acme(world: World) -> TenantView:
    return world.tenant(time_zone="UTC")


@pytest.fixture
def held(books: Books, acme: TenantView) -> SubscriptionView:
    """Ten people are active on 5 October, none after it: 40.00 for the month."""
    held = books.subscribe(acme, starts_on=date(2026, 10, 1), ends_on=date(2026, 12, 1))
    books.send(acme, *books.active("2026-10-05", *PEOPLE), now=at(5, 12))
    return held


def change(books: Books, held: SubscriptionView, now: datetime, *, preview: bool = False, **wanted):
    with books.db.begin(TenantScope(held.tenant_id)) as session:
        given = ChangeInput(held.tenant_id, held.id, ACTOR, preview=preview, **wanted)
        return change_subscription(session, given, now)


def addons(books: Books, held: SubscriptionView, now: datetime, *keys: str):
    return change(books, held, now, addons=tuple(AddonInput(key) for key in keys))


def test_a_free_add_on_in_mid_month_bills_the_month_as_it_was_and_says_so_before(books, acme, held):
    with books.db.begin(TenantScope(acme.id)) as session:
        before = get_subscription(session, acme.id, held.id, at(12))
        given = ChangeInput(acme.id, held.id, ACTOR, addons=(AddonInput("helped"),))
        preview = change_subscription(session, replace(given, preview=True), at(12))
        sources = measured_sources(session, acme, now=at(12), to_be=preview.opens)
        foreseen = {line.charge_key: line.rated.amount.text() for line in estimate_change(before, preview, sources)}
    addons(books, held, at(12), "helped")
    books.run("2026-10-20T09:00:00+00:00")
    addons(books, held, at(24))
    books.run(OCTOBER_RUN)

    # Two pieces would have been 10 × 4.00 × 11/31 = 14.19 and nothing.
    assert foreseen["active"] == "40.00"
    october = [line for invoice in books.invoices(acme) for line in lines(invoice)]
    assert ("active", "usage", "10", "40.00") in october
    assert [key for key, *_ in october].count("active") == 1
    books.run(LATER_RUN)
    with books.db.begin(TenantScope(acme.id)) as session:
        stored = get_subscription(session, acme.id, held.id, at(31))
        told = simulate_subscription(Figures(session, acme, [stored]), stored, taxes_for(session, acme))
    assert simulated_lines(told) == [
        [(line.charge_key, line.kind, f"{line.quantity.normalize():f}", line.amount.amount_minor) for line in one.lines]
        for one in books.invoices(acme)
    ]


def test_one_more_seat_does_not_cut_what_seats_do_not_price_and_another_version_does(books, acme, held):
    change(books, held, at(12), quantity=2)
    books.run(OCTOBER_RUN)
    assert ("active", "usage", "10", "40.00") in lines(books.invoices(acme)[-1])

    change(books, held, datetime(2026, 11, 16, tzinfo=UTC), terms=PlanDocument(charges=(FOUR_EACH,)))
    books.send(acme, *books.active("2026-11-05", *PEOPLE), now=datetime(2026, 11, 16, tzinfo=UTC))
    books.run(LATER_RUN)

    # 15 of 30 days under the terms of before: 20.00.
    told = [line for invoice in books.invoices(acme)[1:] for line in lines(invoice) if line[0] == "active"]
    assert told == [("active", "usage", "5", "20.00"), ("active", "usage", "0", "0.00")]


def test_a_document_of_a_month_with_an_add_on_that_is_withdrawn_is_billed_anew(books, acme, held):
    addons(books, held, at(12), "helped")
    books.run(OCTOBER_RUN)
    october = books.invoices(acme)[-1]
    with books.db.begin(TenantScope(acme.id)) as session:
        void_invoice(session, acme.id, october.id, "wrong address", ACTOR, at(31))

    books.run(OCTOBER_RUN)

    again = books.invoices(acme)[-1]
    assert ("active", "late", "10", "40.00") in lines(again)
    assert again.net == october.net


def test_a_refund_comes_with_the_bill_that_charges_it_and_only_once(books, acme, held):
    # Two class seats cost 5.00 and 4.00; one is given back before its stretch is billed, one after it.
    books.send(acme, *books.enrols("2026-10-06", "ann", "bob"), now=at(6, 12))
    books.send(acme, *books.cancels("2026-10-08", "ann"), now=at(8, 12))
    addons(books, held, at(12), "helped")
    books.run("2026-10-20T09:00:00+00:00")
    assert not any(kind == "refund" for one in books.invoices(acme) for _, kind, *_ in lines(one))

    books.run(OCTOBER_RUN)
    books.send(acme, *books.cancels("2026-11-08", "bob"), now=datetime(2026, 11, 8, 12, tzinfo=UTC))
    # A late fact has the month reckoned anew.
    books.send(acme, *books.active("2026-10-06", "late"), now=datetime(2026, 11, 8, 12, tzinfo=UTC))
    books.run(LATER_RUN)
    books.run("2026-12-20T09:00:00+00:00")

    told = [line for one in books.invoices(acme) for line in lines(one) if line[0] == "seats"]
    # 5.00 back is more than November costs: a credit note, whose figures have the other sign.
    assert told == [
        ("seats", "usage", "2", "9.00"), ("seats", "refund", "-1", "-4.00"),
        ("seats", "usage", "0", "0.00"), ("seats", "refund", "1", "5.00"),
    ]  # fmt: skip


def test_a_coupon_after_an_add_on_came_takes_off_the_month_that_is_not_billed_yet(books, acme, held):
    addons(books, held, at(12), "helped")
    half = Discount(key="half", name="Half", percent=Decimal(50), charges=("active",), periods=1)
    with books.db.begin(StewardScope()) as session:
        code = create_coupon(session, CouponInput("AUTUMN-26", half, ACTOR), at(13)).code
    with books.db.begin(TenantScope(acme.id)) as session:
        redeem_coupon(session, RedeemInput(acme.id, held.id, code, ACTOR), at(14))

    books.run(OCTOBER_RUN)

    assert ("active", "usage", "10", "20.00") in lines(books.invoices(acme)[-1])


def test_what_runs_is_told_in_one_piece_though_an_add_on_is_to_go(books, acme, held):
    addons(books, held, at(6), "helped")
    change(books, held, at(7), addons=(), at=at(20))
    with books.db.begin(TenantScope(acme.id)) as session:
        stored = get_subscription(session, acme.id, held.id, at(8))
        span = next(one for one in stored.spans_until(at(31)) if at(8) in one.period)
        running = rate_running(stored, span, at(8), measured_sources(session, acme, now=at(8)))
    told = {line.charge_key: line.rated.amount.text() for line in running}
    assert (told["active"], "helped.help" in told) == ("40.00", True)


def test_an_end_at_once_bills_the_plan_from_the_beginning_of_the_month(books, acme, held):
    addons(books, held, at(12), "helped")
    with books.db.begin(TenantScope(acme.id)) as session:
        cancel_subscription(session, CancelInput(acme.id, held.id, ACTOR, "prorate_now"), at(17))
    books.run(OCTOBER_RUN)

    # 10 × 4.00 × 16/31 = 20.645…
    assert [line for line in lines(books.invoices(acme)[-1]) if line[0] == "active"] == [
        ("active", "usage", "5.161290322581", "20.65")
    ]
