"""How a range of time is cut into buckets."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.periods import Period, day_start
from metering.buckets import buckets


def spanned(tz: ZoneInfo, first: date, until: date) -> Period:
    return Period(day_start(first, tz), day_start(until, tz))


@pytest.mark.parametrize(
    ("zone", "day", "hours", "last_minutes"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23, 60),
        ("Europe/Berlin", date(2026, 10, 25), 25, 60),
        ("Australia/Lord_Howe", date(2026, 4, 5), 25, 30),  # a day of 24 hours and a half
        ("Australia/Lord_Howe", date(2026, 10, 4), 24, 30),  # of 23 and a half
        ("Asia/Kolkata", date(2026, 3, 29), 24, 60),
    ],
)
def test_a_day_has_its_own_hours_whatever_day_the_range_begins_with(
    zone: str, day: date, hours: int, last_minutes: int
) -> None:
    tz = ZoneInfo(zone)
    alone = buckets(spanned(tz, day, day + timedelta(days=1)), "hour", tz)
    after = buckets(spanned(tz, day + timedelta(days=1), day + timedelta(days=2)), "hour", tz)

    together = buckets(spanned(tz, day - timedelta(days=1), day + timedelta(days=2)), "hour", tz)

    assert len(alone) == hours
    assert alone[-1].ends_at - alone[-1].starts_at == timedelta(minutes=last_minutes)
    assert together[-len(alone) - len(after) :] == [*alone, *after]
    assert all(one.ends_at == other.starts_at for one, other in pairwise(together))


def test_a_range_that_begins_within_an_hour_begins_with_the_rest_of_it() -> None:
    tz = ZoneInfo("Asia/Kolkata")
    midnight = day_start(date(2026, 3, 2), tz)

    parts = buckets(Period(midnight + timedelta(minutes=90), midnight + timedelta(minutes=200)), "hour", tz)

    assert [part.ends_at - part.starts_at for part in parts] == [timedelta(minutes=n) for n in (30, 60, 20)]
