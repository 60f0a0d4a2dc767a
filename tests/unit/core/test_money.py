"""Integers, one rounding, exact splits."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import (
    CurrencyMismatch,
    Money,
    UnknownCurrency,
    exponent,
    largest_remainder,
    quantize_quantity,
    round_half_away,
    to_money,
)

WEIGHTS = st.lists(st.fractions(min_value=0, max_value=1000), min_size=1, max_size=12).filter(lambda w: sum(w) > 0)


def keyed(weights: list[Fraction]) -> list[tuple[str, Fraction]]:
    return [(f"k{index:02}", weight) for index, weight in enumerate(weights)]


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        (Decimal("2.345"), "EUR", 235),  # half goes away from zero, not to the even neighbour
        (Decimal("-2.345"), "EUR", -235),
        (Decimal("2.5"), "JPY", 3),  # no decimals; half-even would give 2
        (Decimal("0.0005"), "KWD", 1),  # three decimals
        (Fraction(1, 3), "EUR", 33),
    ],
)
def test_amounts_are_rounded_once_half_away_from_zero(value: Decimal, currency: str, minor: int) -> None:
    assert to_money(value, currency) == Money(minor, currency)


def test_text_has_exactly_the_currencys_digits() -> None:
    assert Money(1230, "EUR").text() == "12.30"
    assert Money(-5, "JPY").text() == "-5"
    assert Money(1, "KWD").text() == "0.001"


def test_unlike_currencies_do_not_add_and_unknown_ones_are_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(UnknownCurrency):
        exponent("XXQ")


def test_a_ratio_is_rounded_to_twelve_decimals() -> None:
    assert quantize_quantity(Fraction(2, 3)) == Decimal("0.666666666667")
    assert str(quantize_quantity(250)) == "250"


@given(st.fractions(), st.integers(0, 12))
def test_rounding_is_never_further_than_half_a_unit_and_mirrors(value: Fraction, digits: int) -> None:
    rounded = round_half_away(value, digits)

    assert abs(Fraction(rounded, 10**digits) - value) <= Fraction(1, 2 * 10**digits)
    assert round_half_away(-value, digits) == -rounded


@given(st.integers(-(10**9), 10**9), WEIGHTS)
def test_a_split_sums_to_the_whole_stays_within_a_unit_and_mirrors(total: int, weights: list[Fraction]) -> None:
    parts = largest_remainder(total, keyed(weights))

    assert sum(parts) == total
    assert all(abs(part - total * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True))
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)
    assert largest_remainder(-total, keyed(weights)) == tuple(-part for part in parts)


@given(st.integers(0, 10**6), WEIGHTS, st.randoms())
def test_a_split_does_not_depend_on_the_order_of_its_rows(total: int, weights: list[Fraction], random: object) -> None:
    rows = keyed(weights)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    by_key = dict(zip((key for key, _ in rows), largest_remainder(total, rows), strict=True))

    assert dict(zip((key for key, _ in shuffled), largest_remainder(total, shuffled), strict=True)) == by_key


def test_ties_go_to_the_larger_weight_then_to_the_smaller_code() -> None:
    # 1000.00 over three equal centres: 333.34 + 2 × 333.33 (SAP, RETMHASROUNDDIFF)
    assert largest_remainder(100000, [("c", Fraction(1)), ("a", Fraction(1)), ("b", Fraction(1))]) == (
        33333,
        33334,
        33333,
    )


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(ValueError, match="zero"):
        largest_remainder(1, [("a", Fraction(0))])
    with pytest.raises(ValueError, match="negative"):
        largest_remainder(1, [("a", Fraction(-1)), ("b", Fraction(3))])
    assert largest_remainder(0, [("a", Fraction(0))]) == (0,)
