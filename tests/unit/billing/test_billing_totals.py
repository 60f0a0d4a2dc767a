from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.totals import TaxableLine, credited_tax, group_tax, invoice_totals
from core.money import CurrencyMismatch, Money


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def line(minor: int, percent: str = "19", category: str = "S") -> TaxableLine:
    return TaxableLine(eur(minor), category, Decimal(percent))


def test_tax_is_reckoned_on_the_sum_of_a_rate_group_not_line_by_line():
    # Three lines of 0.03 at 19 %: 0.09 × 19 % = 0.0171 → 0.02. Line by line it would be
    # 3 × round(0.0057) = 3 × 0.01 = 0.03.
    totals = invoice_totals([line(3), line(3), line(3)], "EUR")

    assert (totals.net, totals.tax, totals.gross) == (eur(9), eur(2), eur(11))


def test_the_official_example_with_two_rates_gives_its_published_sums():
    # CEN's ubl-tc434-example1: 183.23 at 6 % = 10.9938 → 10.99; 46.37 at 21 % = 9.7377 → 9.74;
    # tax 20.73, gross 250.33.
    totals = invoice_totals([line(18323, "6"), line(4637, "21")], "EUR")

    assert [group.tax.text() for group in totals.groups] == ["10.99", "9.74"]
    assert (totals.tax.text(), totals.gross.text()) == ("20.73", "250.33")


def test_half_a_cent_of_tax_goes_away_from_zero_on_both_sides():
    # 2.50 at 1 % = 0.025 → 0.03; −2.50 → −0.03.
    assert group_tax(eur(250), Decimal(1)) == eur(3)
    assert group_tax(eur(-250), Decimal(1)) == eur(-3)


def test_a_currency_without_decimals_is_taxed_in_whole_units():
    # 105 yen at 10 % = 10.5 → 11.
    assert group_tax(Money(105, "JPY"), Decimal(10)) == Money(11, "JPY")


def test_a_document_without_lines_comes_to_nothing():
    totals = invoice_totals([], "EUR")

    assert (totals.net, totals.tax, totals.gross, totals.groups) == (eur(0), eur(0), eur(0), ())


def test_a_line_in_another_currency_is_refused():
    with pytest.raises(CurrencyMismatch):
        invoice_totals([line(1), TaxableLine(Money(1, "USD"), "S", Decimal(19))], "EUR")


lines = st.lists(
    st.builds(line, st.integers(-(10**9), 10**9), st.sampled_from(["0", "5.5", "7", "19", "25"])), max_size=12
)


@given(lines)
def test_the_net_is_the_sum_of_the_lines_and_gross_is_net_and_tax(items):
    totals = invoice_totals(items, "EUR")

    assert totals.net.amount_minor == sum(item.net.amount_minor for item in items)
    assert totals.gross == totals.net + totals.tax
    assert totals.tax.amount_minor == sum(group.tax.amount_minor for group in totals.groups)
    for group in totals.groups:
        # Within half a minor unit of the exact tax, and no closer integer exists.
        assert abs(group.tax.amount_minor - group.taxable.amount_minor * group.percent / 100) <= Decimal("0.5")


@given(lines, st.randoms())
def test_the_order_of_lines_changes_nothing(items, random):
    shuffled = list(items)
    random.shuffle(shuffled)

    assert invoice_totals(shuffled, "EUR") == invoice_totals(items, "EUR")


@given(lines)
def test_the_mirror_image_of_a_document_has_the_mirror_image_of_its_sums(items):
    mirrored = invoice_totals([TaxableLine(-item.net, item.category, item.percent) for item in items], "EUR")

    assert mirrored.gross == -invoice_totals(items, "EUR").gross


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**6), max_size=8), st.sampled_from(["7", "19", "33.333"]))
def test_partial_credits_give_back_exactly_the_tax_that_was_charged(taxable, parts, percent):
    parts = [*parts, taxable - sum(parts)]
    given_back, before = 0, 0
    for credit in parts:
        given_back += credited_tax(eur(taxable), eur(before), eur(credit), Decimal(percent)).amount_minor
        before += credit

    assert given_back == group_tax(eur(taxable), Decimal(percent)).amount_minor
