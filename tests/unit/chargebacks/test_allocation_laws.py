"""The laws of allocation, over random lines, rules and drivers."""

import itertools
from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.chargebacks.allocation import RESERVED, UNASSIGNED, Inputs, allocate
from tests.unit.chargebacks.lines import CENTRES, DIRECT, HEADCOUNT, METER, inputs, line, rules

codes = st.text(st.sampled_from("ABCxyz0Ä-"), min_size=1, max_size=3)
quantities = st.one_of(st.integers(0, 50), st.fractions(0, 50, max_denominator=60))
drivers = st.dictionaries(st.one_of(codes, st.just(UNASSIGNED)), quantities, min_size=1, max_size=8)
positive_drivers = drivers.filter(lambda found: any(found.values()))
amounts = st.integers(-(10**9), 10**9)
shares = st.sampled_from(["1", "0.7", "1/3", "0.01"])


@st.composite
def rule_sets(draw):
    """One to four rules of any kind, each taking some share, so that rules compose."""
    documents = draw(
        st.lists(
            st.sampled_from(
                [
                    {"method": "direct"},
                    {"method": "direct", "params": {"unassigned": "next"}},
                    {"method": "headcount"},
                    {"method": "even"},
                    {"method": "even", "params": {"cost_centres": ["A", "B", "C"]}},
                    {"method": "fixed_share", "params": {"shares": {"A": "1/3", "B": "2/3"}}},
                    {"method": "driver", "params": {"meters": {"contributions": "2", METER: "1/7"}}},
                    {"method": "residual", "params": {"mode": "sponsor"}},
                    {"method": "residual", "params": {"mode": "carry"}},
                ]
            ),
            min_size=1,
            max_size=4,
        )
    )
    return rules(*({**document, "share": draw(shares)} for document in documents))


@st.composite
def worlds(draw):
    """Lines of two currencies and kinds, their rules and drivers."""
    sources = {name: draw(positive_drivers) for name in (METER, HEADCOUNT, CENTRES, "contributions")}
    lines = [
        line(
            key=f"{number:02}",
            net=draw(amounts),
            tax=draw(amounts),
            currency=draw(st.sampled_from(["EUR", "JPY"])),
            meter=draw(st.sampled_from([METER, None])),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    return lines, draw(rule_sets()), inputs(sources)


def by_account(leaves):
    return {(leaf.line.key, leaf.account): (leaf.net_minor, leaf.tax_minor) for leaf in leaves}


@given(worlds())
def test_the_leaves_sum_to_the_lines_per_currency_for_net_tax_and_gross(world):
    lines, ruleset, found = world

    leaves = allocate(lines, ruleset, found).leaves

    for currency in ("EUR", "JPY"):
        mine = [leaf for leaf in leaves if leaf.line.currency == currency]
        given_lines = [one for one in lines if one.currency == currency]
        assert sum(leaf.net_minor for leaf in mine) == sum(one.net_minor for one in given_lines)
        assert sum(leaf.tax_minor for leaf in mine) == sum(one.tax_minor for one in given_lines)
        assert sum(leaf.gross_minor for leaf in mine) == sum(one.net_minor + one.tax_minor for one in given_lines)
    for one in lines:
        assert sum(leaf.net_minor for leaf in leaves if leaf.line.key == one.key) == one.net_minor


@given(worlds(), st.randoms())
def test_the_order_of_lines_and_of_drivers_changes_nothing(world, random):
    lines, ruleset, found = world
    shuffled_lines = random.sample(lines, len(lines))
    shuffled = Inputs(
        {key: dict(random.sample(list(of.items()), len(of))) for key, of in found.drivers.items()}, found.centres
    )

    assert allocate(shuffled_lines, ruleset, shuffled).leaves == allocate(lines, ruleset, found).leaves


@given(worlds())
def test_a_negative_total_is_the_mirror_image_of_the_positive(world):
    lines, ruleset, found = world
    mirrored = [replace(one, net_minor=-one.net_minor, tax_minor=-one.tax_minor) for one in lines]

    assert by_account(allocate(mirrored, ruleset, found).leaves) == {
        key: (-net, -tax) for key, (net, tax) in by_account(allocate(lines, ruleset, found).leaves).items()
    }


@given(worlds())
def test_every_leaf_is_within_one_unit_of_its_exact_amount_and_its_parts_explain_it(world):
    lines, ruleset, found = world

    result = allocate(lines, ruleset, found)

    for leaf in result.leaves:
        share = sum((part.share for part in result.explain(leaf)), Fraction(0))
        assert 0 < share <= 1
        assert abs(leaf.net_minor - leaf.line.net_minor * share) < 1
        assert abs(leaf.tax_minor - leaf.line.tax_minor * share) < 1
    for one in lines:
        parts = [part for leaf in result.leaves if leaf.line.key == one.key for part in result.explain(leaf)]
        assert sum(part.share for part in parts) == 1


@given(positive_drivers, amounts)
def test_a_centre_with_no_driver_gets_nothing_and_changes_nothing(found, total):
    without = {code: value for code, value in found.items() if value}

    padded = allocate([line(total)], rules(DIRECT), inputs({**found, "Z0": 0, "ZZ": 0})).leaves

    assert padded == allocate([line(total)], rules(DIRECT), inputs(without)).leaves
    assert {leaf.account for leaf in padded} == set(without)


@given(positive_drivers, st.integers(0, 10**9))
def test_a_larger_driver_never_pays_less(found, total):
    leaves = allocate([line(total)], rules(DIRECT), inputs(found)).leaves

    ordered = sorted(leaves, key=lambda leaf: Fraction(found[leaf.account]))
    for smaller, larger in itertools.pairwise(ordered):
        if found[smaller.account] < found[larger.account]:
            assert smaller.net_minor <= larger.net_minor
        else:
            assert abs(smaller.net_minor - larger.net_minor) <= 1


@given(positive_drivers, amounts, st.fractions(Fraction(1, 100), 100).filter(bool))
def test_the_scale_of_the_drivers_changes_nothing(found, total, factor):
    scaled = {code: Fraction(value) * factor for code, value in found.items()}

    assert allocate([line(total)], rules(DIRECT), inputs(scaled)).leaves == (
        allocate([line(total)], rules(DIRECT), inputs(found)).leaves
    )


@given(worlds())
@settings(max_examples=50)
def test_a_run_again_gives_the_same_leaves(world):
    lines, ruleset, found = world

    assert allocate(lines, ruleset, found) == allocate(list(lines), tuple(ruleset), found)


@given(positive_drivers.filter(lambda found: any(v for c, v in found.items() if c not in RESERVED)), amounts, amounts)
def test_a_spread_residual_follows_what_the_other_rules_gave(found, first, second):
    # The first line is divided by usage; the second has no meter, so that all of it is left over
    # and spread over the same centres in the same proportion, with suspense left out.
    lines = [line(first or 1, key="1"), line(second, key="2", meter=None)]
    carried = {code: value for code, value in found.items() if code not in RESERVED}

    leaves = allocate(lines, rules(DIRECT, {"method": "residual", "params": {"mode": "spread"}}), inputs(found)).leaves

    alone = allocate([lines[1]], rules({"method": "headcount"}), inputs(carried, HEADCOUNT)).leaves
    assert [leaf for leaf in leaves if leaf.line.key == "2"] == list(alone)


@given(positive_drivers, st.integers(0, 10**6), st.lists(st.integers(1, 10**5), min_size=1, max_size=4))
def test_partial_credits_are_differences_that_leave_what_the_smaller_bill_would_have_cost(found, left, given_back):
    # Largest remainder is not monotone in the total (weights 6, 6, 2: 10 -> 4, 4, 2 but 11 -> 5, 5, 1),
    # so a credit is alloc(T - c) - alloc(T): bill and credits together are alloc of what is left.
    def amounts_of(total, before=0):
        leaves = allocate([line(total, 0, net_before_minor=before)], rules(DIRECT), inputs(found)).leaves
        return {leaf.account: leaf.net_minor for leaf in leaves}

    total = left + sum(given_back)
    carried = amounts_of(total)
    for credit in given_back:
        change = amounts_of(-credit, total)
        assert sum(change.values()) == -credit
        carried = {code: carried[code] + change[code] for code in carried}
        total -= credit

    assert carried == amounts_of(left)
