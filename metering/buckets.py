"""A range of time in buckets of hours, local days, local months, or as one (pure)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from core.periods import Period, days_of, months_between

__all__ = ("GRANULARITIES", "Granularity", "buckets", "consecutive")

Granularity = Literal["hour", "day", "month", "period"]
GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)

HOUR = timedelta(hours=1)


def buckets(period: Period, granularity: Granularity, tz: ZoneInfo) -> list[Period]:
    """Return the buckets that tile the period, clipped to it, ascending.

    Hours are elapsed hours from the start, so that a day with 23 or 25 hours has as many of them.
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
            count = -((period.starts_at - period.ends_at) // HOUR)
            starts = (period.starts_at + number * HOUR for number in range(count))
            return [Period(start, min(start + HOUR, period.ends_at)) for start in starts]


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
