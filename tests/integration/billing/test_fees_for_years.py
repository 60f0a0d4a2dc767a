"""Fees that were paid in advance for years come back when their time is cut short, once, however long ago they were paid."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace as changed

from core.db import Database
from core.scope import TenantScope
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.renew_subscription import RenewInput, renew_subscription
from plans.rating.estimate import estimate_change
from plans.reads import get_subscription, measured_sources
from plans.terms import Discount
from tests.builders.bill import FEE, Books, lines, price
from tests.builders.world import ACTOR, World


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    return Books(db, world, utc(2023, 1, 1))


@pytest.mark.parametrize(("months", "ends_at", "back"), [
    # 1,096 days from 2023 to 2025, of which 366 or 31 are left; 731 of 2024 and 2025, of which 396 are left.
    (36, utc(2024, 12, 31), "-366.00"), (36, utc(2025, 12, 1), "-31.00"), (24, utc(2024, 12, 1), "-396.00"),
])  # fmt: skip
def test_a_fee_for_years_comes_back_from_the_end_on_as_the_preview_says(books, world, months, ends_at, back):
    days = {36: 1096, 24: 731}[months]
    books.plan("long", changed(FEE, interval_months=months, prices=price(amount=Decimal(days))))
    acme = world.tenant(time_zone="UTC")
    held = books.subscribe(acme, "long", date(2023, 1, 1))
    for year, month in ((2023, 1), (2023, 7), (2024, 2), (2024, 9), (2025, 6)):
        if utc(year, month, 10) < ends_at:
            books.run(utc(year, month, 10))
    with books.db.begin(TenantScope(acme.id)) as session:
        before = get_subscription(session, acme.id, held.id, ends_at)
        decision = cancel_subscription(session, CancelInput(acme.id, held.id, ACTOR, "prorate_now"), ends_at)
        foreseen = estimate_change(before, decision, measured_sources(session, acme, now=ends_at))

    books.run(utc(ends_at.year + 1, 2, 10))

    told = [line for one in books.invoices(acme) for line in lines(one) if line[1] == "late"]
    assert [(line.charge_key, line.rated.amount.text()) for line in foreseen] == [("fee", back)]
    # On a credit note: its figures have the other sign.
    assert [(key, kind, amount) for key, kind, _, amount in told] == [("fee", "late", back.removeprefix("-"))]


def test_what_came_back_of_a_month_does_not_come_back_again_when_that_month_leaves_the_sight_of_late_facts(
    books, world
):
    books.plan("small", FEE)
    acme = world.tenant(time_zone="UTC")
    held = books.subscribe(acme, starts_on=date(2023, 1, 1))
    books.run(utc(2023, 1, 2))
    with books.db.begin(TenantScope(acme.id)) as session:
        change_subscription(session, ChangeInput(acme.id, held.id, ACTOR, quantity=2), utc(2023, 1, 11))
    books.run(utc(2023, 2, 10))
    # 400 days after 20 January 2023: the month's end is within them, the instant of the change is not.
    for at in (utc(2024, 2, 4, 9), utc(2024, 2, 24, 9), utc(2024, 3, 4, 9)):
        books.run(at)

    fee = [line for one in books.invoices(acme) for line in lines(one)]
    assert [line for line in fee if line[1] == "late"] == [("fee", "late", "0", "-67.74")]


def test_a_year_that_was_paid_up_to_the_end_is_paid_to_its_own_end_when_the_contract_goes_on(books, world):
    books.plan("yearly", changed(FEE, interval_months=12, prices=price(amount=Decimal(365))))
    acme = world.tenant(time_zone="UTC")
    held = books.subscribe(acme, "yearly", date(2022, 1, 1), ends_on=date(2023, 7, 1))
    for at in (utc(2022, 1, 10), utc(2023, 1, 10)):
        books.run(at)
    with books.db.begin(TenantScope(acme.id)) as session:
        renew_subscription(session, RenewInput(acme.id, held.id, ACTOR, date(2024, 1, 1)), utc(2023, 6, 10))
    books.run(utc(2023, 7, 10))
    books.run(utc(2024, 1, 10))

    # 365 for the first year, 181 for the half of the second that was agreed on, 184 for the other half.
    assert [line for one in books.invoices(acme) for line in lines(one)] == [
        ("fee", "advance", "1", "365.00"), ("fee", "advance", "1", "181.00"), ("fee", "late", "0", "184.00"),
    ]  # fmt: skip


def test_a_fee_of_a_plan_that_the_contract_was_ended_before_comes_back_though_the_plan_before_had_its_key(books, world):
    books.plan("small", changed(FEE, in_advance=False))
    books.plan("paid", FEE)
    acme = world.tenant(time_zone="UTC")
    held = books.subscribe(acme, "small", date(2023, 1, 1))
    given = ChangeInput(acme.id, held.id, ACTOR, plan_key="paid", at=utc(2023, 1, 11))
    ended = CancelInput(acme.id, held.id, ACTOR, "prorate_now", utc(2023, 1, 11))
    with books.db.begin(TenantScope(acme.id)) as session:
        change_subscription(session, given, utc(2023, 1, 20))
    books.run(utc(2023, 1, 25))
    with books.db.begin(TenantScope(acme.id)) as session:
        cancel_subscription(session, ended, utc(2023, 1, 26))
    books.run(utc(2023, 2, 10))

    # Ten days of 31 in arrears, and 21 in advance, which were never served.
    assert [line for one in books.invoices(acme) for line in lines(one)] == [
        ("fee", "usage", "1", "32.26"), ("fee", "advance", "1", "67.74"), ("fee", "late", "1", "67.74"),
    ]  # fmt: skip
    assert [one.kind for one in books.invoices(acme)] == ["invoice", "credit_note"]


def test_a_discount_that_a_fee_leaves_when_it_is_cut_later_goes_to_what_was_due_in_arrears(books, world):
    quarter = changed(FEE, interval_months=3, prices=price(amount=Decimal(90)))
    books.plan("quarterly", quarter, changed(FEE, key="service", in_advance=False))
    acme = world.tenant(time_zone="UTC")
    welcome = Discount(key="welcome", name="Welcome", amounts={"EUR": Decimal(120)}, periods=1)
    held = books.subscribe(acme, "quarterly", date(2023, 1, 1), discounts=(welcome,))
    books.run(utc(2023, 2, 10))
    with books.db.begin(TenantScope(acme.id)) as session:
        given = ChangeInput(acme.id, held.id, ACTOR, mode="paused", at=utc(2023, 2, 15))
        change_subscription(session, given, utc(2023, 2, 15))
    for month in (3, 4, 5):
        books.run(utc(2023, month, 10))

    told = [line for one in books.invoices(acme) for line in lines(one)]
    # January: 90 in advance and 100 after it, less 120. Of the 90 days of the fee 45 are served: 45 are left over.
    assert told[:4] == [
        ("fee", "advance", "1", "90.00"), ("discount:welcome:advance", "advance", "1", "-90.00"),
        ("service", "usage", "1", "100.00"), ("discount:welcome", "usage", "1", "-30.00"),
    ]  # fmt: skip
    later = {(key, kind): amount for key, kind, _, amount in told[4:]}
    assert later == {
        ("service", "usage"): "50.00", ("fee", "late"): "-45.00", ("discount:welcome:advance", "late"): "45.00",
        ("discount:welcome", "late"): "-45.00",
    }  # fmt: skip
