"""What the charge models do over a year, in a cut period, in price lists and in refunds; and how they explain it."""

from decimal import Decimal
from fractions import Fraction

import pytest

from plans.charges import IncludedPer
from plans.pricing import UsageQuantity, difference, exact_amount, price_curve, rate
from tests.unit.plans.prices import APP, LIGHT, STARTS, charge, tiers, used


def test_a_price_list_uses_up_included_units_in_key_order_unless_the_plan_says_another():
    # 4 free of 2 ilt + 3 wbt. By key: 2 ilt and 2 wbt are free, 1 wbt at 1 is left: 1.
    # With wbt first: 3 wbt and 1 ilt are free, 1 ilt at 4 is left: 4.
    fields = {"entries": {"ilt": Decimal(4)}, "default": "1", "dimension": "course_type", "included": Decimal(4)}
    usage = UsageQuantity(Fraction(5), by_key=(("wbt", Fraction(3)), ("ilt", Fraction(2))))

    assert rate(charge("price_list", **fields), usage, "USD").amount.text() == "1.00"
    assert rate(charge("price_list", **fields, list_order=("wbt", "ilt")), usage, "USD").amount.text() == "4.00"


def test_a_price_list_refuses_keys_that_do_not_sum_to_the_total():
    usage = UsageQuantity(Fraction(5), by_key=(("wbt", Fraction(3)),))

    with pytest.raises(ValueError, match="sum"):
        rate(charge("price_list", entries={"wbt": Decimal(1)}, dimension="course_type"), usage, "USD")


def test_yearly_volume_tiers_bill_the_difference_and_may_turn_negative():
    # Month 1: 4,000 × 2.50 = 10,000. Month 2: 5,000 × 2.50 − 10,000 = 2,500. Month 3: one more
    # start brings all to 2.25: 5,001 × 2.25 = 11,252.25 − 12,500 = −1,247.75: a credit line.
    starts = charge("volume", tiers=STARTS, tier_period="year", meter="courses.transactions.charged")
    bills = []
    before = Fraction(0)
    for month in (4_000, 1_000, 1):
        bills.append(rate(starts, UsageQuantity(Fraction(month), cumulative_before=before), "USD").amount.text())
        before += month

    assert bills == ["10000.00", "2500.00", "-1247.75"]


def test_yearly_tiers_round_the_cumulative_charge_and_then_subtract():
    # 0.005 a unit: cumulative 0.005 → 0.01, 0.010 → 0.01, 0.015 → 0.02: bills 0.01, 0.00, 0.01.
    priced = charge("graduated", tiers=tiers((None, "0.005", None)), tier_period="year")
    bills = [
        rate(priced, UsageQuantity(Fraction(1), cumulative_before=Fraction(n)), "USD").amount.text() for n in range(3)
    ]

    assert bills == ["0.01", "0.00", "0.01"]


def test_two_courses_a_year_per_seat_are_pooled_over_the_year_so_far():
    # 5 seats: 10 courses. January 8 → free. February 4 more = 12 → 2 over × 2.00 = 4.00.
    # March: the peak rises to 7 seats, the pool to 14; 3 more = 15 → 1 over in all; 2 were billed: −2.00.
    # April: seats fall to 3, the pool stays 14; 1 more = 16 → 2 over in all, 1 billed so far: 2.00.
    seats = IncludedPer(meter="seats.named.peak", quantity=Decimal(2))
    courses = charge("per_unit", unit="2.00", included_per=seats, meter="courses.transactions.charged")
    months = [(8, 0, 0, 10), (4, 8, 10, 10), (3, 12, 10, 14), (1, 15, 14, 14)]

    bills = [
        rate(
            courses, UsageQuantity(Fraction(n), (), Fraction(before), Fraction(pool), Fraction(old)), "USD"
        ).amount.text()
        for n, before, old, pool in months
    ]

    assert bills == ["0.00", "4.00", "-2.00", "2.00"]


def test_a_flat_fee_of_a_cut_period_is_its_exact_part_rounded_once():
    # 10 of 30 days of 400: 133.333… → 133.33, not 10 × round(400/30).
    fee = charge("flat", amount="400", meter=None)

    rated = rate(fee, used(1), "USD", part=Fraction(1, 3))

    assert rated.amount.text() == "133.33"
    assert exact_amount(fee, used(1), "USD", part=Fraction(1, 3)) == Fraction(400, 3)


def test_a_level_of_a_cut_period_keeps_its_tier_and_pays_its_part():
    # 600 registered half of a month: the second stair's 249 ÷ 2 = 124.50, not the first stair's 99.
    app = charge("stairstep", tiers=APP, meter="members.registered.average")

    assert rate(app, used(600), "USD", part=Fraction(1, 2)).amount.text() == "124.50"


def test_a_count_of_a_cut_period_is_what_happened_in_it_and_only_bounds_and_free_units_shrink():
    # Half a month, 30 uses of which 20 ÷ 2 = 10 are free: 20 × 2 = 40; the minimum of 100 is 50.
    counted = charge("per_unit", unit="2", included=Decimal(20), minimum="100")

    assert rate(counted, used(30), "USD", part=Fraction(1, 2)).amount.text() == "50.00"
    assert rate(counted, used(60), "USD", part=Fraction(1, 2)).amount.text() == "100.00"  # (60 − 10) × 2


def test_a_refund_is_the_difference_to_what_its_origin_period_billed():
    # 6 at 5 = 30 up to 5 units at 6 …: graduated 5 × 6 + 1 × 4 = 34; without one: 30. Refund −4.
    priced = charge("graduated", tiers=tiers(("5", "6", None), (None, "4", None)))

    refund = difference(priced, used(6), used(5), "USD", Fraction(1))

    assert refund.amount.text() == "-4.00"
    assert refund.quantity == Decimal(-1)
    assert [(step.code, step.quantity, step.amount) for step in refund.steps] == [
        ("now", "5", "30"),
        ("before", "6", "-34"),
    ]


def test_steps_explain_the_amount_in_the_order_of_the_calculation():
    priced = charge("graduated", tiers=LIGHT, included=Decimal(100), minimum="800", meter="members.registered.average")

    rated = rate(priced, used(700), "USD")

    # 700 − 100 free = 600: 500 × 1.20 = 600, 100 × 0.80 = 80, 120 to the minimum of 800.
    told = [(step.code, step.quantity, step.unit_price, step.amount) for step in rated.steps]
    assert told == [
        ("included", "100", "0", "0"),
        ("tier", "500", "1.2", "600"),
        ("tier", "100", "0.8", "80"),
        ("minimum", None, "800", "120"),
    ]
    assert rated.steps[2].params == {"from": "500", "to": "5000"}
    assert rated.amount.text() == "800.00"


def test_a_price_curve_gives_total_average_and_the_price_of_the_next_unit():
    points = price_curve(charge("graduated", tiers=LIGHT), "USD", [Fraction(0), Fraction(500), Fraction(1000)])

    # 1,000: 600 + 500 × 0.80 = 1,000, 1.00 on average; the unit after 500 costs 0.80.
    told = [(str(p.quantity), p.total.text(), str(p.average), str(p.marginal)) for p in points]
    assert told == [("0", "0.00", "0", "1.2"), ("500", "600.00", "1.2", "0.8"), ("1000", "1000.00", "1", "0.8")]


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("sec-101", "5.00"),  # listed itself
        ("sec-102", "7.00"),  # sec-*
        ("sec-lab-1", "9.00"),  # sec-lab-* says more than sec-*
        ("intro-de", "2.00"),  # *-de
        ("sec-de", "7.00"),  # sec-* has four letters of its own, *-de three
        ("other", "1.00"),  # the default
        ("[x]", "3.00"),  # only * is a wildcard
    ],
)
def test_a_price_list_takes_the_value_itself_then_the_closest_wildcard_then_the_default(value, amount):
    entries = {"sec-101": "5", "sec-*": "7", "sec-lab-*": "9", "*-de": "2", "[x]*": "3"}
    priced = charge(
        "price_list",
        dimension="course_id",
        entries={key: Decimal(unit) for key, unit in entries.items()},
        default="1",
    )

    assert rate(priced, UsageQuantity(Fraction(1), by_key=((value, Fraction(1)),)), "USD").amount.text() == amount
