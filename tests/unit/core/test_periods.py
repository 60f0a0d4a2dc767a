"""Days and months as zones cut them, with the historic dates that break naive code."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import (
    Interval,
    Period,
    add_months,
    anchored_start,
    day_period,
    days_of,
    month_period,
    said_day,
    zone,
)

ZONES = (
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Havana",
)


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2024, 10, 6), 23.5),
        ("Australia/Lord_Howe", date(2024, 4, 7), 24.5),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # midnight did not exist: the day began at 01:00
    ],
)
def test_a_local_day_has_the_hours_it_had(name: str, day: date, hours: float) -> None:
    period = day_period(day, zone(name))

    assert period is not None
    assert period.duration_us == hours * 3_600_000_000


def test_a_date_that_was_skipped_has_no_period() -> None:
    # Samoa went from the 29th to the 31st of December 2011.
    apia = zone("Pacific/Apia")

    assert day_period(date(2011, 12, 30), apia) is None
    december = month_period(2011, 12, apia)
    assert len(list(days_of(december, apia))) == 30


@given(st.sampled_from(ZONES), st.dates(date(2005, 1, 1), date(2029, 1, 1)))
def test_days_tile_in_every_zone(name: str, day: date) -> None:
    period = Period(
        datetime(day.year, day.month, 1, tzinfo=UTC), datetime(day.year, day.month, 1, tzinfo=UTC) + timedelta(days=45)
    )

    days = [part for _, part in days_of(period, zone(name))]

    assert days[0].starts_at == period.starts_at
    assert days[-1].ends_at == period.ends_at
    assert all(first.ends_at == second.starts_at for first, second in pairwise(days))


@given(st.dates(date(2000, 1, 1), date(2060, 12, 31)), st.integers(0, 240), st.sampled_from((1, 3, 12)))
def test_anchored_periods_do_not_drift(anchor: date, index: int, months: int) -> None:
    start = anchored_start(anchor, Interval(months), index)
    following = anchored_start(anchor, Interval(months), index + 1)

    assert start < following
    assert start.day == anchor.day or (start.day < anchor.day and (start + timedelta(days=1)).day == 1)


def test_the_31st_and_the_29th_of_february_come_back() -> None:
    assert [anchored_start(date(2027, 12, 31), Interval(1), n).day for n in range(4)] == [31, 31, 29, 31]
    assert anchored_start(date(2024, 2, 29), Interval(12), 4) == date(2028, 2, 29)
    assert add_months(date(2026, 12, 31), 2) == date(2027, 2, 28)


def test_a_period_that_is_empty_or_naive_is_refused() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="end after"):
        Period(now, now)
    with pytest.raises(ValueError, match="aware"):
        Period(datetime(2026, 1, 1), now)  # noqa: DTZ001


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31", "9001-01-01", "9999-12-31", "2026-02-30", "today", ""])
def test_a_day_at_the_end_of_the_calendar_is_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words are for programmers
        said_day(text)


def test_a_day_is_read_as_it_is_written() -> None:
    assert [said_day(one) for one in ("1900-01-01", "9000-12-31")] == [date(1900, 1, 1), date(9000, 12, 31)]
