"""JSON whose numbers stay what was written: a float only where it is the very number (pure).

A double keeps 15 digits of any number and 17 of some. What it would change is a `Decimal` here, or an
`int` where it is whole, so that no amount and no quantity is another one than the sender's.
"""

import re
from decimal import Context, Decimal
from math import isfinite
from typing import Any

import msgspec

__all__ = ("decode_exact", "encode_exact", "encode_exact_sorted", "exact_number", "inexact_at", "trimmed")

_SAFE_LENGTH = 16
"""A number of fewer digits is what its double says."""
_SOMETHING = re.compile(r"[^eE]*[1-9]")
"""A number that is not 0."""


def exact_number(text: str) -> float | int | Decimal:
    """Return the number that JSON has with a fraction or an exponent; equal numbers come as equal values.

    >>> exact_number("0.5"), exact_number("0.12345678901234567890"), exact_number("12345678901234567890.0")
    (0.5, Decimal('0.1234567890123456789'), 12345678901234567890)

    Raises:
        ValueError: it lies outside of what a double can hold, 1e400 or 1e-400: nobody counts by it.
    """
    near = float(text)
    if len(text) < _SAFE_LENGTH and "e" not in text and "E" not in text:
        return near
    if not isfinite(near) or (near == 0 and _SOMETHING.match(text)):
        raise ValueError(f"The number {text[:32]} is out of range.")
    if near == 0 or Decimal(repr(near)) == (exact := Decimal(text)):
        return near
    whole = exact.to_integral_value(context=_context_of(exact))
    return int(whole) if whole == exact else trimmed(exact)


def trimmed(value: Decimal) -> Decimal:
    """Return a number without zeros at its end, however many digits it has (`normalize` rounds to 28).

    >>> trimmed(Decimal("1.50")), trimmed(Decimal("100"))
    (Decimal('1.5'), Decimal('1E+2'))
    """
    return value.normalize(_context_of(value))


def _context_of(value: Decimal) -> Context:
    return Context(prec=len(value.as_tuple().digits) + 1, Emax=10**6, Emin=-(10**6))


decode_exact = msgspec.json.Decoder(float_hook=exact_number).decode
"""Decode JSON, numbers as `exact_number` has them."""
_encode = msgspec.json.Encoder(decimal_format="number").encode
_encode_sorted = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def encode_exact(value: Any) -> bytes:
    """Return JSON in which every number has all its digits; integers of any size."""
    try:
        return _encode(value)
    except OverflowError:
        return _encode(_with_large(value))


def encode_exact_sorted(value: Any) -> bytes:
    """Return the same with the names of objects in order."""
    try:
        return _encode_sorted(value)
    except OverflowError:
        return _encode_sorted(_with_large(value))


def inexact_at(value: Any, pointer: str = "") -> str | None:
    """Return where in decoded JSON the first number stands that no double holds; None where there is none."""
    if isinstance(value, Decimal):
        return pointer
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = (inexact_at(child, f"{pointer}/{name}") for name, child in children)
    return next((place for place in found if place is not None), None)


def _with_large(value: Any) -> Any:
    """Return a value whose integers beyond 64 bits are such as the encoder writes."""
    if isinstance(value, dict):
        return {name: _with_large(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [_with_large(child) for child in value]
    return Decimal(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value
