"""`from` and `to` as people and programs write them: dates in the tenant's zone, or instants (pure)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.periods import Period, day_start, month_period
from metering.errors import RangeInvalid

__all__ = ("MAX_DAYS", "instant_of", "month_of", "range_of")

MAX_DAYS = 3_660
"""Ten years: more is a slip of the pen."""
YEARS = range(1970, 2200)


def range_of(starts: str | None, ends: str | None, tz: ZoneInfo) -> Period:
    """Return `[from, to)`.

    Args:
        starts: `2026-10-01` (the first instant of that local day) or an RFC 3339 instant.
        ends: likewise; that instant or day is not included.
        tz: the tenant's zone.

    Raises:
        RangeInvalid: one is missing or unreadable, `to` is not after `from`, or they are more
            than ten years apart (`range_invalid`).
    """
    low, high = instant_of("from", starts, tz), instant_of("to", ends, tz)
    if high <= low:
        raise RangeInvalid(f"'to' ({ends}) must be after 'from' ({starts}); 'from' is included, 'to' is not.")
    if (high - low).days > MAX_DAYS:
        raise RangeInvalid(f"'from' and 'to' are more than {MAX_DAYS:,} days apart. Ask for a shorter range.")
    return Period(low, high)


def month_of(text: str, tz: ZoneInfo) -> Period:
    """Return the local month that is written like `2023-05`.

    Raises:
        RangeInvalid: it is not, or lies before 1970 or after 2199 (`range_invalid`).
    """
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = date.min
    if len(text) != 7 or first.year not in YEARS:
        raise RangeInvalid(f"'{text}' is no month. Write one such as 2023-05.")
    return month_period(first.year, first.month, tz)


def instant_of(name: str, text: str | None, tz: ZoneInfo) -> datetime:
    """Return the instant that one of the two names, as `range_of` reads it.

    Raises:
        RangeInvalid: it is missing or unreadable, or lies before 1970 or after 2199 (`range_invalid`).
    """
    if not text:
        raise RangeInvalid(f"'{name}' is missing. Write a date such as 2026-10-01, or an instant 2026-10-01T00:00:00Z.")
    try:
        # A plus sign that was not escaped in a query arrives as a space.
        instant = day_start(date.fromisoformat(text), tz) if len(text) <= 10 else _rfc3339(text.replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise RangeInvalid(
            f"'{name}' ({text}) is neither a date such as 2026-10-01 nor an instant such as 2026-10-01T00:00:00Z."
        ) from error
    if instant.year not in YEARS:
        raise RangeInvalid(f"'{name}' ({text}) must lie between the years 1970 and 2199.")
    return instant


def _rfc3339(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return instant
