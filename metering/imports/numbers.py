"""Reading numbers as files write them (pure)."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Literal

from metering.imports.faults import FileFault

__all__ = ("Numbers", "above_zero", "number_of", "proven_numbers")

Numbers = Literal["auto", "decimal_point", "decimal_comma", "plain"]
"""How numbers are written: 1,234.5 or 1.234,5; `plain` as programs write them, 1234.5; `auto` as long as nothing
depends on it."""

_BOTH_WAYS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_POINT = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d*)\.\d+|[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_COMMA = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d*),\d+|[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_BLANKS = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
"""What parts thousands and nothing else."""
_BIGGEST_EXPONENT = 308
"""As of a double: written out, 1e999999999 would fill the memory."""
_SAY = "Say numbers=decimal_point or numbers=decimal_comma"


def number_of(text: str, numbers: Numbers) -> Decimal:
    """Return the number of a cell.

    >>> number_of("1,234.5", "decimal_point"), number_of("1.234,5", "decimal_comma"), number_of("12,5", "auto")
    (Decimal('1234.5'), Decimal('1234.5'), Decimal('12.5'))

    Raises:
        ValueError: it is none, or one that can be read two ways; its text is a sentence's end.
    """
    text = _BLANKS.sub("", text)
    if numbers == "auto" and _BOTH_WAYS.fullmatch(text):
        raise ValueError(f"may have a fraction or a thousand in it. {_SAY}.")
    plain = text
    if numbers in ("decimal_point", "auto") and _POINT.fullmatch(text):
        plain = text.replace(",", "")
    elif numbers in ("decimal_comma", "auto") and _COMMA.fullmatch(text):
        plain = text.replace(".", "").replace(",", ".")
    elif numbers == "decimal_comma" and "." in text:
        raise ValueError("is not a number with a decimal comma.")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise ValueError("is not a number.") from None
    if not number.is_finite():
        raise ValueError("is not a number.")
    if abs(number.adjusted()) > _BIGGEST_EXPONENT:
        raise ValueError("is out of range.")
    return number


def above_zero(text: str) -> bool:
    """Return whether a cell's number is above 0: wherever the fraction of 1,204 begins, it is.

    >>> above_zero("1,204"), above_zero("0.0"), above_zero("-1.2")
    (True, False, False)

    Raises:
        ValueError: it is none; its text is a sentence's end.
    """
    return number_of(_BLANKS.sub("", text).replace(",", "").replace(".", ""), "plain") > 0


def proven_numbers(texts: Iterable[str], columns: str) -> Numbers:
    """Tell from sample values whether fractions begin with a point or a comma.

    Returns:
        The form that a value proves; `auto` where no value depends on it.

    Raises:
        FileFault: values can be read both ways and none proves one, or some prove both (`import_numbers_unclear`).
    """
    proofs, unclear = set[Numbers](), ""
    for text in (_BLANKS.sub("", text) for text in texts):
        if _BOTH_WAYS.fullmatch(text):
            unclear = text
        elif _POINT.fullmatch(text):
            proofs.add("decimal_point")
        elif _COMMA.fullmatch(text):
            proofs.add("decimal_comma")
    if len(proofs) == 1:
        return proofs.pop()
    if not proofs and not unclear:
        return "auto"
    why = "The first rows have both" if proofs else f"Numbers in the first rows can be read both ways, as “{unclear}”"
    detail = f"{why}: where does the fraction begin in {columns}? {_SAY}."
    ways = [("decimal_point", ""), ("decimal_comma", "")]
    raise FileFault("import_numbers_unclear", detail, "numbers", ways)
