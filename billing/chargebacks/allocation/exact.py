"""Exact numbers as text: what rules are written with and explanations are read as."""

import re
from fractions import Fraction

__all__ = ("exact", "exact_text", "percent_text")

_FORM = re.compile(r"\d{1,18}(\.\d{1,18}|/[1-9]\d{0,17})?")


def exact(text: str) -> Fraction | None:
    """Read a number ≥ 0 written as a decimal or a fraction; None if it is neither.

    >>> exact("0.7"), exact("1/3"), exact("7e9"), exact("-1")
    (Fraction(7, 10), Fraction(1, 3), None, None)
    """
    return Fraction(text) if _FORM.fullmatch(text) else None


def exact_text(value: Fraction) -> str:
    """Write a number so that nothing is lost: a whole number, or numerator/denominator.

    >>> exact_text(Fraction(6, 2)), exact_text(Fraction(2, 6))
    ('3', '1/3')
    """
    return str(value)


def percent_text(share: Fraction) -> str:
    """Write a share for people: a percentage if that is exact within 4 decimals, else a fraction.

    >>> percent_text(Fraction(3, 10)), percent_text(Fraction(1, 3)), percent_text(Fraction(1, 8))
    ('30 %', '1/3', '12.5 %')
    """
    scaled = share * 1_000_000
    if scaled.denominator != 1:
        return str(share)
    whole, rest = divmod(scaled.numerator, 10_000)
    decimals = f".{rest:04d}".rstrip("0") if rest else ""
    return f"{whole}{decimals} %"
