"""Values of payloads as numbers and instants, exactly (pure)."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.exact_json import trimmed

__all__ = ("BIGGEST", "MAX_DECIMALS", "countable", "number_of", "time_of")

BIGGEST = Decimal(10) ** 15
MAX_DECIMALS = 12
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")


def number_of(value: Any) -> Decimal | None:
    """Return a JSON number or decimal string as a number, or None.

    >>> number_of("12.50"), number_of(3), number_of(True), number_of("1e3")
    (Decimal('12.50'), Decimal('3'), None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        value = str(value)
        return Decimal(value) if value not in ("nan", "inf", "-inf") else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def countable(value: Decimal | None) -> Decimal | None:
    """Return a number that may be counted: up to 10^15 either way, with at most 12 decimals; else None."""
    if value is None or abs(value) > BIGGEST:
        return None
    exponent = trimmed(value).as_tuple().exponent
    return value if isinstance(exponent, int) and exponent >= -MAX_DECIMALS else None


def time_of(value: Any) -> datetime | None:
    """Return an RFC 3339 instant, or None where it is none or has no offset."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
