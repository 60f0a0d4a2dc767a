"""What each charge, discount and commitment serves of a month that something else cuts."""

from datetime import datetime

import pytest

from plans.rating import rate_advance, rate_period
from plans.subscriptions import Holding, SubscriptionView
from tests.unit.plans.contracts import contract, day, fee, held, plan, told, units, used

FREE = plan(fee("0", key="help"))
UNTIL = day(2)


def bills(view: SubscriptionView, until: datetime = UNTIL, **facts: int) -> list[list[tuple[str, str]]]:
    """What each billing period bills, in advance and in arrears."""
    return [
        told((*rate_advance(view, span), *rate_period(view, span, used(**facts)))) for span in view.spans_until(until)
    ]


def helped(*, since: int = 12, until: int | None = None) -> Holding:
    return held(FREE, "help", key="help", starts_at=day(1, since), ends_at=day(1, until) if until else None)


def test_an_add_on_that_comes_and_goes_cuts_only_itself():
    document = plan(units("4", "members.active"), fee("310", key="ahead", in_advance=True), fee("31"))

    # The highest of the month is its first days': 10 × 4, and not 10 × 4 × 11/31.
    assert bills(contract(held(document), helped(until=22)), m1=10) == [
        [("ahead", "310.00")],
        [("help.help", "0.00")],
        [("units", "40.00"), ("fee", "31.00")],
    ]


def test_a_change_of_the_plan_leaves_an_add_on_whole_and_a_pause_cuts_it():
    extra = held(plan(units("4", "members.active"), fee("31")), "extra", key="extra")
    changed = [held(plan(fee("0")), ends_at=day(1, 12)), held(plan(fee("0")), starts_at=day(1, 12), key="other")]
    paused = [held(plan(fee("0")), ends_at=day(1, 12)), held(plan(fee("0")), starts_at=day(1, 12), mode="paused")]

    assert bills(contract(*changed, extra), m1=10) == [
        [("fee", "0.00")],
        [("fee", "0.00"), ("extra.units", "40.00"), ("extra.fee", "31.00")],
    ]
    # 11 of 31 days: 10 × 4 × 11/31 = 14.19, and 11.00.
    assert bills(contract(*paused, extra), m1=10) == [
        [("fee", "0.00"), ("extra.units", "14.19"), ("extra.fee", "11.00")],
        [],
    ]


@pytest.mark.parametrize(("free", "billed"), [("0", ["40.00"]), ("1", ["12.77", "0.00"])])
def test_a_quantity_cuts_what_it_prices_and_nothing_else(free, billed):
    # One of ten is free with one item held: 9 × 4 × 11/31 = 12.77.
    document = plan(units("4", "members.active", included_per_item=free))
    view = contract(held(document, ends_at=day(1, 12)), held(document, starts_at=day(1, 12), quantity=2))

    assert [amount for period in bills(view, m1=10) for _, amount in period] == billed


def test_an_amount_off_the_whole_bill_is_taken_once_and_a_percentage_off_each_bill():
    # 50 off a month: 31 of the plan's fee in advance, 9 of the add-on's, 10 of the arrears.
    addon = held(plan(fee("14", in_advance=True)), "extra", key="extra", starts_at=day(1, 12))
    amount = plan(
        fee("31", in_advance=True), units("1"), discounts=[{"key": "off", "name": "Off", "amounts": {"USD": "50"}}]
    )
    assert bills(contract(held(amount), addon), m1=100) == [
        [("fee", "31.00"), ("discount:off:advance", "-31.00")],
        [("extra.fee", "9.03"), ("discount:off:advance", "-9.03"), ("units", "100.00"), ("discount:off", "-9.97")],
    ]
    percent = plan(fee("31", in_advance=True), units("1"), discounts=[{"key": "off", "name": "Off", "percent": "10"}])
    assert bills(contract(held(percent), addon), m1=100) == [
        [("fee", "31.00"), ("discount:off:advance", "-3.10")],
        [("extra.fee", "9.03"), ("discount:off:advance", "-0.90"), ("units", "100.00"), ("discount:off", "-10.00")],
    ]


def test_a_months_commitment_is_settled_with_the_month_whatever_add_ons_come():
    document = plan(units("1"), commitments=[{"key": "floor", "name": "Floor", "amounts": {"USD": "100"}}])

    # 70 used and 9 for the add-on: 21 lack, and not 11/31 of 100 before anything was used.
    extra = held(plan(fee("14", in_advance=True)), "extra", key="extra", starts_at=day(1, 12))
    assert bills(contract(held(document), extra), m1=70) == [
        [],
        [("extra.fee", "9.03"), ("units", "70.00"), ("commitment:floor", "20.97")],
    ]


def test_another_number_of_the_plan_goes_on_with_the_months_commitment():
    document = plan(fee("62"), commitments=[{"key": "floor", "name": "Floor", "amounts": {"USD": "100"}}])
    view = contract(held(document, ends_at=day(1, 12)), held(document, starts_at=day(1, 12), quantity=2))

    # 22 for 11 days of one, 80 for 20 days of two: nothing lacks.
    assert bills(view) == [[("fee", "22.00")], [("fee", "80.00"), ("commitment:floor", "0.00")]]


def test_the_bank_of_free_units_is_kept_whatever_add_ons_come():
    document = plan(units("1", "contributions", included="10", rollover_months=2))

    # January leaves 6 of 10, February takes them: 16 are used, nothing is billed.
    view = contract(held(document), helped(until=22))
    assert bills(view, day(3), m1=4, m2=16)[-1] == [("units", "0.00")]
