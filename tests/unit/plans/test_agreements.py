"""Discounts, commitments, allowances and fees due once: what a bill comes to in the stated order."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.periods import cut
from plans.rating import rate_advance, rate_period
from plans.rating.bank import Allowance, banked
from plans.subscriptions import AgreedDiscount
from plans.terms import Discount
from tests.unit.plans.contracts import contract, day, fee, held, month, plan, told, units, used


def test_line_discounts_come_before_invoice_discounts_and_both_before_the_commitment():
    # 100 × 2 = 200, less 10 % = 180; fee 50; 230 less 20 % = 46 off → 184; committed 200 → 16 are missing.
    document = plan(
        units("2"),
        fee("50"),
        discounts=[
            {"key": "whole", "name": "Partner", "percent": "20"},
            {"key": "line", "name": "Launch", "percent": "10", "charges": ["units"]},
        ],
        commitments=[{"key": "floor", "name": "Minimum", "amounts": {"USD": "200"}}],
    )

    lines = rate_period(contract(held(document)), month(1), used(m1=100))

    assert told(lines) == [
        ("units", "180.00"),
        ("fee", "50.00"),
        ("discount:whole", "-46.00"),
        ("commitment:floor", "16.00"),
    ]
    assert [(step.code, step.amount) for step in lines[0].rated.steps] == [("unit", "200"), ("discount", "-20")]
    for line in lines:
        assert sum(Fraction(step.amount) for step in line.rated.steps) == Fraction(line.rated.amount.decimal())


@pytest.mark.parametrize(
    ("months", "expected"),
    [(1, "-10.00"), (2, "-10.00"), (3, "-10.00"), (4, None)],
)
def test_a_discount_of_the_first_three_periods_ends_with_the_third(months, expected):
    document = plan(fee("100"), discounts=[{"key": "start", "name": "Start", "percent": "10", "periods": 3}])

    lines = dict(told(rate_period(contract(held(document)), month(months), used())))

    assert lines.get("discount:start") == expected


def test_the_pieces_of_a_cut_period_are_one_of_the_first_periods_and_another_version_goes_on_counting():
    document = plan(fee("310"), discounts=[{"key": "start", "name": "Start", "percent": "10", "periods": 1}])
    at = day(1, 11)
    view = contract(held(document, ends_at=at), held(document, starts_at=at, quantity=2))
    before, after = cut(month(1), at)

    # 310 × 10/31 = 100 and 620 × 21/31 = 420, 10 % off each; none in February.
    assert told(rate_period(view, before, used())) == [("fee", "100.00"), ("discount:start", "-10.00")]
    assert told(rate_period(view, after, used())) == [("fee", "420.00"), ("discount:start", "-42.00")]
    assert told(rate_period(view, month(2), used())) == [("fee", "620.00")]


def test_an_amount_off_is_taken_from_what_is_billed_first_and_never_below_nothing():
    document = plan(
        fee("30", in_advance=True), units("1"), discounts=[{"key": "off", "name": "Off", "amounts": {"USD": "50"}}]
    )
    view = contract(held(document))

    assert told(rate_advance(view, month(1))) == [("fee", "30.00"), ("discount:off:advance", "-30.00")]
    assert told(rate_period(view, month(1), used(m1=100))) == [("units", "100.00"), ("discount:off", "-20.00")]
    assert told(rate_period(view, month(1), used(m1=7))) == [("units", "7.00"), ("discount:off", "-7.00")]


def test_agreements_of_one_key_are_billed_side_by_side_and_a_lone_one_keeps_its_key():
    # 100 − 10 % = 90 (plan), − 10 % = 81 (contract), − 10 % = 72.90 (coupon); the plan's lasts one period.
    launch = {"key": "launch", "name": "Launch", "percent": "10"}
    floor = [{"key": "floor", "name": "Minimum", "amounts": {"USD": "200"}}]
    own = Discount(key="launch", name="Launch", percent=Decimal(10))
    agreed = [AgreedDiscount(own, day(1)), AgreedDiscount(own, day(1), "SPRING"), AgreedDiscount(own, day(2), "MAY")]
    yearly = [floor[0] | {"months": 12}]
    base = plan(fee("100"), discounts=[launch | {"periods": 1}], commitments=yearly)
    view = contract(
        held(base), held(plan(fee("5"), commitments=floor), "extra"), held(plan(fee("7"), commitments=floor), "more"),
        discounts=agreed,
    )  # fmt: skip

    january, february, december = (dict(told(rate_period(view, month(n), used()))) for n in (1, 2, 12))

    assert {key: amount for key, amount in january.items() if key.startswith("discount")} == {
        "discount:launch": "-11.20", "discount:contract.launch": "-10.08", "discount:SPRING.launch": "-9.07",
    }  # fmt: skip
    assert {key for key in february if key.startswith("discount")} == {
        "discount:launch", "discount:SPRING.launch", "discount:MAY.launch",
    }  # fmt: skip
    assert (january["commitment:floor"], january["commitment:more.floor"]) == ("195.00", "193.00")
    assert {key for key in december if key.startswith("commitment")} == {
        "commitment:floor", "commitment:extra.floor", "commitment:more.floor",
    }  # fmt: skip


def test_a_discount_of_the_contract_counts_from_when_it_was_agreed_on():
    coupon = AgreedDiscount(Discount(key="spring", name="Spring", percent=Decimal(50), periods=1), day(3), "SPRING")
    view = contract(held(plan(fee("100"))), discounts=[coupon])

    assert told(rate_period(view, month(2), used())) == [("fee", "100.00")]
    assert told(rate_period(view, month(3), used())) == [("fee", "100.00"), ("discount:spring", "-50.00")]
    assert told(rate_period(view, month(4), used())) == [("fee", "100.00")]


def test_a_discount_of_an_add_on_is_of_its_own_charges():
    addon = plan(fee("40"), discounts=[{"key": "half", "name": "Half", "percent": "50"}])
    view = contract(held(plan(fee("100"))), held(addon, "app", key="app"))

    assert told(rate_period(view, month(1), used())) == [("fee", "100.00"), ("app.fee", "20.00")]


def test_a_commitment_of_a_cut_period_is_due_for_its_part():
    document = plan(units("1"), commitments=[{"key": "floor", "name": "Minimum", "amounts": {"USD": "1000"}}])
    before, _ = cut(month(6), day(6, 11))
    view = contract(held(document, ends_at=day(6, 11)), held(plan(fee("5")), starts_at=day(6, 11), key="other"))

    # 1,000 × 10/30 = 333.33, 200 used.
    assert told(rate_period(view, before, used(m6=200)))[-1] == ("commitment:floor", "133.33")


@pytest.mark.parametrize(("more", "true_up"), [(0, "40.00"), (30, "10.00"), (40, "0.00"), (90, "0.00")])
def test_a_term_commitment_is_trued_up_in_the_terms_last_period(more, true_up):
    # 100 a quarter: 10 + 20 + 30 = 60 are used, 40 missing; late use of January lowers it.
    quarter = {"key": "term", "name": "Quarter", "amounts": {"USD": "100"}, "months": 3}
    view = contract(held(plan(units("1"), commitments=[quarter])))
    facts = used(m1=10 + more, m2=20, m3=30, m4=5)

    assert [told(rate_period(view, month(number), facts))[1:] for number in (1, 2, 3, 4)] == [
        [],
        [],
        [("commitment:term", true_up)],
        [],
    ]


@pytest.mark.parametrize(("early_end", "true_up"), [("prorated", "55.56"), ("due", "90.00")])
def test_a_subscription_that_ends_early_owes_the_part_or_all_of_its_term(early_end, true_up):
    # Ends after January and February (59 of 90 days): 100 × 59/90 = 65.56, less 10; or 100 less 10.
    quarter = {"key": "term", "name": "Q", "amounts": {"USD": "100"}, "months": 3, "early_end": early_end}
    view = contract(held(plan(units("1"), commitments=[quarter])), ends_at=day(3))

    assert told(rate_period(view, month(2), used(m1=10)))[-1] == ("commitment:term", true_up)


def test_a_fee_due_once_comes_with_the_first_period_and_not_with_another_version():
    setup = fee("500", key="setup", once=True)
    at = day(2, 11)
    view = contract(held(plan(setup), ends_at=at), held(plan(setup), starts_at=at), ends_at=None)
    upgraded = replace(view, holdings=(view.holdings[0], held(plan(setup), starts_at=at, key="bigger")))
    before, after = cut(month(2), at)

    assert told(rate_period(view, month(1), used())) == [("setup", "500.00")]
    assert rate_period(view, before, used()) == rate_period(view, after, used()) == ()
    # Another plan is another set-up, whole although its first period is cut.
    assert told(rate_period(upgraded, after, used())) == [("setup", "500.00")]


def test_a_trial_and_a_pause_come_to_nothing_and_the_set_up_fee_follows_the_trial():
    document = plan(fee("100", in_advance=True), fee("500", key="setup", once=True), units("1"))
    trial, pause = day(1, 15), day(3)
    view = contract(
        held(document, ends_at=trial, mode="trial"),
        held(document, starts_at=trial, ends_at=pause),
        held(document, starts_at=pause, mode="paused"),
    )
    before, after = cut(month(1), trial)

    assert rate_advance(view, before) == rate_period(view, before, used(m1=10)) == ()
    assert told(rate_advance(view, after)) == [("fee", "54.84")]  # 100 × 17/31
    assert told(rate_period(view, after, used())) == [("setup", "500.00"), ("units", "0.00")]
    assert rate_advance(view, month(3)) == rate_period(view, month(3), used(m3=10)) == ()


def test_named_users_bought_are_free_and_what_is_held_above_them_is_trued_up():
    # 100 bought and paid in advance at 6.50; the peak was 112: 12 × 6.50.
    document = plan(
        units("6.50", None, in_advance=True),
        units("6.50", "seats.named.peak", key="true_up", included_per_item="1"),
    )
    view = contract(held(document, quantity=100))

    assert told(rate_advance(view, month(1))) == [("units", "650.00")]
    assert told(rate_period(view, month(1), used(m1=112))) == [("true_up", "78.00")]
    assert told(rate_period(view, month(1), used(m1=99))) == [("true_up", "0.00")]


def test_registered_people_above_five_for_each_active_one_are_charged():
    document = plan(
        units("1", "seats.named.peak", included_per={"meter": "members.active", "quantity": "5", "period": "period"})
    )
    measure = used(m1=10).measure
    facts = replace(
        used(),
        measure=lambda meter, period: (
            replace(measure(meter, period), quantity=Fraction(60))
            if meter == "seats.named.peak"
            else measure(meter, period)
        ),
    )

    # 60 registered, 10 active: 60 − 50.
    assert told(rate_period(contract(held(document)), month(1), facts)) == [("units", "10.00")]


def test_what_is_not_used_is_banked_and_taken_oldest_first_until_it_expires():
    document = plan(units("1", "members.active", included="10", rollover_months=2))
    view = contract(held(document))
    facts = used(m1=4, m2=12, m3=11, m4=13)

    # January leaves 6; February takes 2, March 1; what is left of January's expires after March.
    assert [told(rate_period(view, month(number), facts))[0][1] for number in (1, 2, 3, 4)] == [
        "0.00",
        "0.00",
        "0.00",
        "3.00",
    ]


def test_only_whole_units_are_banked():
    assert banked([Allowance(0, Fraction(10), Fraction(15, 2))], 1, 12) == 2


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12), st.integers(1, 12))
def test_the_bank_never_holds_more_than_was_left_over_nor_less_than_nothing(history, keep):
    periods = [Allowance(index, Fraction(free), Fraction(taken)) for index, (free, taken) in enumerate(history)]

    left_over = sum(max(0, free - taken) for free, taken in history[-keep:])
    assert 0 <= banked(periods, len(history), keep) <= left_over
    # With nothing expired, what is in the bank and what was billed over it account for every unit.
    for_ever = banked(periods, len(history), 1000)
    assert for_ever >= sum(free - taken for free, taken in history)


@given(
    st.lists(st.integers(0, 60), min_size=3, max_size=3),
    st.integers(0, 200),
    st.decimals(0, 100, places=1),
)
def test_a_commitment_is_the_least_that_use_after_discounts_comes_to(counts, committed, percent):
    document = plan(
        units("1.37"),
        discounts=[{"key": "d", "name": "D", "percent": str(percent)}],
        commitments=[{"key": "term", "name": "Q", "amounts": {"USD": str(committed)}, "months": 3}],
    )
    view, facts = contract(held(document)), used(m1=counts[0], m2=counts[1], m3=counts[2])

    lines = [line for number in (1, 2, 3) for line in rate_period(view, month(number), facts)]

    total = sum(line.rated.amount.amount_minor for line in lines)
    without = total - sum(line.rated.amount.amount_minor for line in lines if line.charge_key == "commitment:term")
    assert total == max(without, committed * 100)


def test_a_pause_ends_the_time_of_an_add_on_that_is_billed_by_the_quarter():
    # 900 for 90 days, 59 of them paused from 1 February on: 310 for January, in arrears or in advance.
    base = [held(plan(fee("0")), ends_at=day(2)), held(plan(fee("0")), starts_at=day(2), mode="paused")]
    extra = plan(fee("900", interval_months=3), fee("90", key="ahead", interval_months=3, in_advance=True))
    contracted = contract(*base, held(extra, "extra", key="extra"))

    rated = [(*rate_advance(contracted, month(n)), *rate_period(contracted, month(n), used())) for n in (1, 2, 3)]

    assert [told(lines) for lines in rated] == [
        [("extra.ahead", "31.00"), ("fee", "0.00"), ("extra.fee", "310.00")], [], [],
    ]  # fmt: skip
