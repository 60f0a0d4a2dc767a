"""Each line's part of an invoice's tax."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from billing.chargebacks.pools import TaxedLine, line_taxes
from billing.totals import group_tax
from core.money import Money

S19 = ("S", Decimal(19))
S7 = ("S", Decimal(7))
nets = st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=12)


def lines_of(amounts, group=S19):
    return [TaxedLine(f"{position:02}", net, group) for position, net in enumerate(amounts)]


def rounded(amounts, percent=19):
    return group_tax(Money(sum(amounts), "EUR"), Decimal(percent)).amount_minor


@given(nets)
def test_the_lines_taxes_sum_to_the_groups_and_each_is_within_a_unit_of_its_own(amounts):
    taxes = line_taxes(lines_of(amounts), {S19: rounded(amounts)})

    assert sum(taxes.values()) == rounded(amounts)
    for line in lines_of(amounts):
        # The rounding difference (at most 1/2) is shared by size, then a part is cut by less than 1.
        assert abs(taxes[line.key] - line.net_minor * Fraction(19, 100)) < Fraction(3, 2)


@given(nets, st.randoms())
def test_the_order_of_lines_changes_no_tax(amounts, random):
    lines = lines_of(amounts)

    assert line_taxes(random.sample(lines, len(lines)), {S19: rounded(amounts)}) == (
        line_taxes(lines, {S19: rounded(amounts)})
    )


@given(nets)
def test_a_credit_note_is_the_mirror_image(amounts):
    assume(any(amounts))
    mirrored = line_taxes(lines_of([-net for net in amounts]), {S19: -rounded(amounts)})

    assert mirrored == {key: -tax for key, tax in line_taxes(lines_of(amounts), {S19: rounded(amounts)}).items()}


def test_groups_are_distributed_each_for_itself():
    # 19 % of 0.99 is 0.1881 -> 0.19: thirds of 0.0627 -> 6.33 each of 19: 7, 6, 6.
    # 7 % of 1.00 is 0.07, all of it on its one line.
    lines = [*lines_of([33, 33, 33]), TaxedLine("99", 100, S7)]

    assert line_taxes(lines, {S19: 19, S7: 7}) == {"00": 7, "01": 6, "02": 6, "99": 7}


def test_a_credit_among_charges_takes_tax_away():
    # 100.00 and -40.00 at 19 %: 19.00 and -7.60, together 11.40.
    assert line_taxes(lines_of([10000, -4000]), {S19: 1140}) == {"00": 1900, "01": -760}


def test_lines_that_cancel_out_keep_their_own_taxes():
    # 0.05 and -0.05 at 19 %: exact 0.95 and -0.95 units, the group's tax is 0.
    assert line_taxes(lines_of([5, -5]), {S19: 0}) == {"00": 0, "01": 0}
    assert line_taxes(lines_of([0, 0]), {S19: 0}) == {"00": 0, "01": 0}


def test_a_tax_that_was_rounded_by_line_is_still_distributed_whole():
    # Another rounding policy: three times 0.10 at 19 % as 0.02 each is 0.06; 0.07 by hand is more
    # than base x rate: the difference goes by size.
    assert sum(line_taxes(lines_of([10, 10, 10]), {S19: 7}).values()) == 7
