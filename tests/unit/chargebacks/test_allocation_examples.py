"""Published examples, and figures worked out by hand."""

from fractions import Fraction

import pytest

from billing.chargebacks.allocation import (
    CENTRES,
    HEADCOUNT,
    SPONSOR,
    UNASSIGNED,
    VARIANCE,
    allocate,
    needed_drivers,
    row_of,
)
from billing.chargebacks.errors import DriverNegative, DriverNotVisible, DriverSumZero
from core.money import largest_remainder
from tests.unit.chargebacks.lines import DIRECT, METER, OCTOBER, inputs, line, rules


def net(leaves):
    return {leaf.account: leaf.net_minor for leaf in leaves}


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        # SAP Help, report RETMHASROUNDDIFF: 1000.00 over three equal objects is 333.34 and twice
        # 333.33; 800.00 is twice 266.67 and 266.66. (SAP leaves open who gets the odd cent; here
        # equal weights go by code.)
        (100000, {"A": 33334, "B": 33333, "C": 33333}),
        (80000, {"A": 26667, "B": 26667, "C": 26666}),
        (-100000, {"A": -33334, "B": -33333, "C": -33333}),
    ],
)
def test_saps_rounding_differences(total, parts):
    leaves = allocate([line(total)], rules({"method": "even"}), inputs({"A": 1, "B": 1, "C": 1}, CENTRES)).leaves

    assert net(leaves) == parts


def test_kpmgs_relative_selling_prices():
    # KPMG, IFRS 15 for telecoms, example 5: 80 by 20, 30 and 40. Exact 17.78, 26.67, 35.56;
    # published 18, 27, 35: rounding each for itself would give 81.
    leaves = allocate([line(80, 0)], rules(DIRECT), inputs({"voice": 20, "data": 30, "phone": 40})).leaves

    assert net(leaves) == {"voice": 18, "data": 27, "phone": 35}


def test_the_odd_cent_of_a_tie_goes_to_the_larger_weight_then_to_the_smaller_code():
    # 10 by 6, 6, 2 is exactly 4.29, 4.29, 1.43: floors 4, 4, 1, the odd one to the remainder .43.
    assert net(allocate([line(10)], rules(DIRECT), inputs({"A": 6, "B": 6, "C": 2})).leaves) == {"A": 4, "B": 4, "C": 2}
    # 11 by the same is 4.71, 4.71, 1.57: both odd ones go to .71.
    assert net(allocate([line(11)], rules(DIRECT), inputs({"A": 6, "B": 6, "C": 2})).leaves) == {"A": 5, "B": 5, "C": 1}
    # 5 by 1, 3, 6 is 0.5, 1.5, 3: a tie of remainders between 1 and 3; the larger weight wins.
    assert net(allocate([line(5)], rules(DIRECT), inputs({"A": 1, "B": 3, "C": 6})).leaves) == {"A": 0, "B": 2, "C": 3}
    # Reserved accounts come after every ASCII code: 1 unit between A and suspense goes to A.
    assert net(allocate([line(1)], rules(DIRECT), inputs({UNASSIGNED: 1, "A": 1})).leaves) == {UNASSIGNED: 0, "A": 1}


def test_net_and_tax_are_rounded_each_for_itself_and_gross_is_their_sum():
    # 1.00 net and 0.19 tax over three: 34+33+33 and 7+6+6, so gross is 41, 39, 39 and not
    # what 1.19 by three would be, 40, 40, 39.
    leaves = allocate([line(100, 19)], rules({"method": "even"}), inputs({"A": 1, "B": 1, "C": 1}, CENTRES)).leaves

    assert [(leaf.net_minor, leaf.tax_minor, leaf.gross_minor) for leaf in leaves] == [
        (34, 7, 41),
        (33, 6, 39),
        (33, 6, 39),
    ]


def test_a_rule_takes_its_share_and_leaves_the_rest_to_the_next():
    # 100.00: 70 % by usage 3:1 -> 52.50 and 17.50; 30 % by people 1:2 -> 10.00 and 20.00.
    ruleset = rules({**DIRECT, "share": "0.7"}, {"method": "headcount"})
    found = inputs({METER: {"A": 3, "B": 1}, HEADCOUNT: {"A": 1, "B": 2}})

    result = allocate([line(10000)], ruleset, found)

    assert net(result.leaves) == {"A": 6250, "B": 3750}
    direct, heads = result.explain(result.leaves[0])
    assert (direct.rule, direct.share, direct.quantity, direct.total) == ("r0", Fraction(21, 40), 3, 4)
    assert (heads.rule, heads.share, heads.quantity, heads.total) == ("r1", Fraction(1, 10), 1, 3)


def test_shares_are_multiplied_before_money_is_rounded():
    # A third of 1.00 by usage 1:1, the rest fixed on B. Rounding after the first rule (0.33, then
    # 0.17 + 0.16) would give A 0.17 or 0.16 by chance of order; exact is 1/6 -> 0.1667 -> 0.17.
    ruleset = rules({**DIRECT, "share": "1/3"}, {"method": "fixed_share", "params": {"shares": {"B": "1"}}})

    assert net(allocate([line(100)], ruleset, inputs({"A": 1, "B": 1})).leaves) == {"A": 17, "B": 83}


def test_what_no_rule_takes_waits_in_suspense():
    ruleset = rules({"method": "even", "match": {"charge_key": ("seats",)}})

    result = allocate([line(100)], ruleset, inputs({}))

    assert net(result.leaves) == {UNASSIGNED: 100}
    assert result.explain(result.leaves[0])[0].rule == "~suspense"


def test_the_first_rule_that_matches_wins():
    ruleset = rules(
        {"method": "fixed_share", "params": {"shares": {"A": "1"}}, "match": {"meter": ("members",)}},
        {"method": "fixed_share", "params": {"shares": {"B": "1"}}},
    )
    lines = [line(1, key="1"), line(2, key="2", meter="contributions"), line(3, key="3", meter=None)]

    assert [(leaf.line.key, leaf.account) for leaf in allocate(lines, ruleset, inputs({})).leaves] == [
        ("1", "A"),
        ("2", "B"),
        ("3", "B"),
    ]


@pytest.mark.parametrize(("mode", "account"), [("suspense", UNASSIGNED), ("sponsor", SPONSOR), ("carry", VARIANCE)])
def test_a_residual_is_booked_where_its_mode_says(mode, account):
    ruleset = rules({**DIRECT, "share": "0.5"}, {"method": "residual", "params": {"mode": mode}})

    assert net(allocate([line(100)], ruleset, inputs({"A": 1})).leaves) == {"A": 50, account: 50}


def test_unassigned_usage_stays_in_suspense_unless_the_rule_passes_it_on():
    # 4 people: 2 of A, 1 of B, 1 of nobody. Kept: 25 of 100 in suspense. Passed on: those 25 are
    # spread 2:1 like the rest: exact 66.67 and 33.33.
    found = inputs({"A": 2, "B": 1, UNASSIGNED: 1})

    kept = allocate([line(100)], rules(DIRECT), found)
    passed = allocate(
        [line(100)],
        rules({**DIRECT, "params": {"unassigned": "next"}}, {"method": "residual", "params": {"mode": "spread"}}),
        found,
    )

    assert net(kept.leaves) == {"A": 50, "B": 25, UNASSIGNED: 25}
    assert net(passed.leaves) == {"A": 67, "B": 33}


def test_a_centre_left_with_a_credit_takes_no_part_in_the_spread():
    # Members cost A 60, a credit for contributions gives B back 10; of the fee's 50 B owes nothing.
    ruleset = rules(
        {"method": "fixed_share", "params": {"shares": {"A": "1"}}, "match": {"meter": ("members",)}},
        {"method": "fixed_share", "params": {"shares": {"B": "1"}}, "match": {"meter": ("contributions",)}},
        {"method": "residual", "params": {"mode": "spread"}},
    )
    lines = [line(60, key="1"), line(-10, key="2", meter="contributions"), line(50, key="3", meter=None)]

    leaves = allocate(lines, ruleset, inputs({})).leaves

    assert [(leaf.line.key, leaf.account, leaf.net_minor) for leaf in leaves] == [
        ("1", "A", 60),
        ("2", "B", -10),
        ("3", "A", 50),
    ]


def test_a_weighted_driver_multiplies_by_the_centres_own_weight():
    # Business Central's static weighting, T·wd/Σwd: A 10 × 1, B 10 × 1/2 -> 2:1 of 90.
    ruleset = rules({"method": "driver", "params": {"meters": {METER: "1"}, "centre_weights": {"B": "0.5"}}})

    assert net(allocate([line(90)], ruleset, inputs({"A": 10, "B": 10})).leaves) == {"A": 60, "B": 30}


def test_drivers_that_sum_to_zero_are_refused_unless_the_rule_passes_them_on():
    found = inputs({METER: {"A": 0}, HEADCOUNT: {"B": 1}})

    with pytest.raises(DriverSumZero) as refused:
        allocate([line(100)], rules(DIRECT), found)

    assert (refused.value.code, refused.value.extra["rule"]) == ("driver_sum_zero", "r0")
    passed = rules({**DIRECT, "params": {"on_zero": "next"}}, {"method": "headcount"})
    assert net(allocate([line(100)], passed, found).leaves) == {"B": 100}


def test_a_line_of_nothing_needs_no_drivers():
    leaves = allocate([line(0, 0)], rules(DIRECT), inputs({METER: {"A": 0}})).leaves

    assert [(leaf.account, leaf.net_minor, leaf.tax_minor) for leaf in leaves] == [(UNASSIGNED, 0, 0)]


def test_negative_drivers_are_refused():
    with pytest.raises(DriverNegative) as refused:
        allocate([line(100)], rules(DIRECT), inputs({"A": 3, "B": -1}))

    assert (refused.value.code, refused.value.extra["cost_centre"]) == ("driver_negative", "B")


def test_a_payer_cannot_divide_by_usage_that_it_does_not_see():
    theirs = line(consumer="child", own=False)

    with pytest.raises(DriverNotVisible):
        needed_drivers([theirs], rules(DIRECT))

    fixed = rules(
        {"method": "fixed_share", "params": {"shares": {"A": "1"}}, "match": {"consumer": ("child",)}}, DIRECT
    )
    assert needed_drivers([theirs], fixed) == frozenset()


def test_only_drivers_that_a_line_can_reach_are_measured():
    ruleset = rules({**DIRECT, "match": {"meter": (METER,)}}, {"method": "headcount"}, {"method": "even"})

    needed = needed_drivers([line(key="1"), line(key="2", meter=None)], ruleset)

    assert {(key.source, key.starts_at, key.ends_at) for key in needed} == {(METER, *OCTOBER), (HEADCOUNT, *OCTOBER)}


def test_a_row_is_fractions_that_sum_to_one():
    row = row_of({"A": Fraction(1, 3), "B": Fraction(1, 2), "C": Fraction(0)})

    assert dict(row.shares()) == {"A": Fraction(2, 5), "B": Fraction(3, 5)}
    assert (row.share("A"), row.share("C"), row.share("Z")) == (Fraction(2, 5), 0, 0)
    assert row_of({"A": Fraction(0)}) is None


def test_splitting_takes_whole_numbers_and_fractions_as_weights_alike():
    # Integers are what rows hand over; the split is the same.
    assert largest_remainder(100, [("A", 1), ("B", 2)]) == largest_remainder(
        100, [("A", Fraction(1, 2)), ("B", Fraction(1))]
    )
