"""A number of JSON stays the number that was written, on every way in and out."""

import json
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exact_json import decode_exact, encode_exact, encode_exact_sorted, inexact_at

digits = st.text("0123456789", min_size=1, max_size=60)
numbers = st.builds(
    lambda sign, whole, part, power: f"{sign}{whole.lstrip('0') or '0'}{part}{power}",
    st.sampled_from(["", "-"]),
    digits,
    digits.map(lambda text: f".{text}") | st.just(""),
    st.integers(-200, 200).map(lambda power: f"e{power}") | st.just(""),
)


@given(numbers)
def test_a_number_comes_out_as_it_went_in(text: str) -> None:
    exact = Fraction(Decimal(text))

    found = decode_exact(text.encode())

    assert Fraction(found) == exact or Fraction(Decimal(repr(found))) == exact
    assert Fraction(Decimal(encode_exact({"n": found})[5:-1].decode())) == exact
    # Written again it is what it was: what is stored says the same after any number of ways.
    assert decode_exact(encode_exact(found)) == found


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_a_double_holds_stays_a_double(value: float) -> None:
    found = decode_exact(json.dumps(value).encode())
    assert isinstance(found, float)
    assert found == value


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1e-400", "1e999999999999999999999", "1e-999999999999999999999"])
def test_what_no_double_comes_near_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="out of range"):
        decode_exact(f'{{"n": {text}}}'.encode())


def test_integers_of_any_size_and_names_in_order() -> None:
    value = decode_exact(b'{"b": [18446744073709551616, -9223372036854775809], "a": 0e-99999999999}')
    assert encode_exact_sorted(value) == b'{"a":0.0,"b":[18446744073709551616,-9223372036854775809]}'


def test_where_a_number_stands_that_no_double_holds() -> None:
    assert inexact_at(decode_exact(b'{"a": [{"b": 0.5}, {"b": 0.12345678901234567890}]}')) == "/a/1/b"
    assert inexact_at(decode_exact(b'{"a": [0.1, 12345678901234567890]}')) is None
