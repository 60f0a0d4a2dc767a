"""A range of time in buckets of hours, local days, local months, or as one (pure)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from core.periods import Period, day_start, days_of, months_between

__all__ = ("GRANULARITIES", "Granularity", "buckets", "consecutive")

Granularity = Literal["hour", "day", "month", "period"]
GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)

HOUR = timedelta(hours=1)


def buckets(period: Period, granularity: Granularity, tz: ZoneInfo) -> list[Period]:
    """Return the buckets that tile the period, clipped to it, ascending.

    Hours are elapsed hours of a local day, so that one with 23 or 25 has as many of them, one with 24 and a
    half (Lord Howe) ends with half an hour, and an hour lies in the same bucket whatever range is asked for.
    """
    match granularity:
        case "period":
            return [period]
        case "day":
            return [part for _, part in days_of(period, tz)]
        case "month":
            months = months_between(period.starts_at, period.ends_at, tz)
            return [part for month in months if (part := period.clip(month.starts_at, month.ends_at)) is not None]
        case "hour":
            return [hour for day, part in days_of(period, tz) for hour in _hours(part, day_start(day, tz))]


def _hours(part: Period, midnight: datetime) -> Iterator[Period]:
    start = midnight + (part.starts_at - midnight) // HOUR * HOUR
    while start < part.ends_at:
        yield Period(max(start, part.starts_at), min(start + HOUR, part.ends_at))
        start += HOUR


def consecutive(periods: Sequence[Period]) -> Iterator[list[Period]]:
    """Yield the periods in runs without a gap: what lies between may be archived, and is not asked for."""
    run: list[Period] = []
    for period in periods:
        if run and period.starts_at > run[-1].ends_at:
            yield run
            run = []
        run.append(period)
    if run:
        yield run
