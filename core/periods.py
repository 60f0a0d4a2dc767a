"""Half-open spans of time, and days and months as a tenant's time zone cuts them.

This module and the templates are the only places where a time zone is applied.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = (
    "YEARS",
    "Interval",
    "Period",
    "add_months",
    "anchored_start",
    "day_period",
    "day_start",
    "days_of",
    "local_date",
    "month_period",
    "months_between",
    "said_day",
    "zone",
)

YEARS = range(1900, 9001)
"""The years of days that are said: at the ends of the calendar an instant in another time zone would have no date."""


def said_day(text: str) -> date:
    """Return the day that a text such as `2026-01-31` names.

    Raises:
        ValueError: it names none, or one of a year that is not in `YEARS`.
    """
    found = date.fromisoformat(text)
    if found.year not in YEARS:
        raise ValueError(f"a day of the years {YEARS[0]} to {YEARS[-1]} was expected")
    return found


def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name."""
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half-open span of instants `[starts_at, ends_at)`, both aware and in UTC.

    Raises:
        ValueError: an end is naive, or the span is empty or runs backwards.
    """

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("a period needs aware instants")
        if self.ends_at <= self.starts_at:
            raise ValueError("a period must end after it starts")
        object.__setattr__(self, "starts_at", self.starts_at.astimezone(UTC))
        object.__setattr__(self, "ends_at", self.ends_at.astimezone(UTC))

    def __contains__(self, instant: datetime) -> bool:
        return self.starts_at <= instant < self.ends_at

    @property
    def duration_us(self) -> int:
        """The length in microseconds, exact."""
        return (self.ends_at - self.starts_at) // timedelta(microseconds=1)

    def clip(self, starts_at: datetime, ends_at: datetime) -> "Period | None":
        """Return the part of `[starts_at, ends_at)` inside this period, or None."""
        low, high = max(self.starts_at, starts_at), min(self.ends_at, ends_at)
        return Period(low, high) if low < high else None


@dataclass(frozen=True, slots=True)
class Interval:
    """A billing interval: every `count` months (`month` 1, `quarter` 3, `year` 12)."""

    months: int


def day_start(day: date, tz: ZoneInfo) -> datetime:
    """Return the first instant whose local date is `day` or later, in UTC.

    Where midnight does not exist (São Paulo until 2018) or the whole date does not (Apia,
    2011-12-30), that is the first instant after the gap.
    """
    naive = datetime.combine(day, time())
    early = naive.replace(tzinfo=tz, fold=0).astimezone(UTC)
    # Within a gap, fold=0 maps before it reads back as an earlier or later wall time: walk to the
    # transition by bisection between an instant surely before and one surely after.
    if early.astimezone(tz).date() >= day and (early - timedelta(microseconds=1)).astimezone(tz).date() < day:
        return early
    low, high = early - timedelta(hours=36), early + timedelta(hours=36)
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(tz).date() >= day:
            high = middle
        else:
            low = middle
    return high


def local_date(instant: datetime, tz: ZoneInfo) -> date:
    """Return the date on the tenant's calendar at that instant."""
    return instant.astimezone(tz).date()


def day_period(day: date, tz: ZoneInfo) -> Period | None:
    """Return the local day as a period (23, 24, 25 … hours), or None where the date was skipped."""
    start, end = day_start(day, tz), day_start(day + timedelta(days=1), tz)
    return Period(start, end) if start < end else None


def days_of(period: Period, tz: ZoneInfo) -> Iterator[tuple[date, Period]]:
    """Yield each local day that overlaps the period, clipped to it; zero-length days are left out."""
    day = local_date(period.starts_at, tz)
    while True:
        whole = day_period(day, tz)
        if whole is not None:
            if whole.starts_at >= period.ends_at:
                return
            part = period.clip(whole.starts_at, whole.ends_at)
            if part is not None:
                yield day, part
        day += timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """Add months; a day that the month lacks becomes its last day (31 Jan + 1 → 28 or 29 Feb)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def anchored_start(anchor: date, interval: Interval, index: int) -> date:
    """Return the local start date of the period number `index` of a series that began on `anchor`.

    Always reckoned from the anchor, so that the 31st comes back after February and 29 February
    every fourth year: no drift.

    >>> anchored_start(date(2024, 1, 31), Interval(1), 1), anchored_start(date(2024, 1, 31), Interval(1), 2)
    (datetime.date(2024, 2, 29), datetime.date(2024, 3, 31))
    """
    return add_months(anchor, interval.months * index)


def month_period(year: int, month: int, tz: ZoneInfo) -> Period:
    """Return the calendar month in that zone."""
    first = date(year, month, 1)
    return Period(day_start(first, tz), day_start(add_months(first, 1), tz))


def months_between(starts_at: datetime, ends_at: datetime, tz: ZoneInfo) -> Iterator[Period]:
    """Yield the calendar months that overlap `[starts_at, ends_at)`, whole, in order."""
    day = local_date(starts_at, tz).replace(day=1)
    while day_start(day, tz) < ends_at:
        yield month_period(day.year, day.month, tz)
        day = add_months(day, 1)
