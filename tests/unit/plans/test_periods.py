"""Billing periods tile, in every zone, from every anchor, without drift."""

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import Period, day_start, local_date
from plans.periods import Schedule, Span, cut, spans
from plans.proration import part_of

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
]
ANCHORS = st.dates(date(2008, 1, 1), date(2026, 12, 31)) | st.sampled_from(
    [date(2024, 2, 29), date(2023, 1, 29), date(2023, 1, 30), date(2023, 1, 31), date(2011, 11, 30), date(2011, 12, 30)]
)
SCHEDULES = st.builds(
    lambda anchor, months, name: Schedule(anchor, months, ZoneInfo(name)),
    ANCHORS,
    st.sampled_from([1, 3, 12]),
    st.sampled_from(ZONES),
)


def starts(schedule: Schedule, count: int) -> list[str]:
    return [local_date(schedule.period(index).starts_at, schedule.tz).isoformat() for index in range(count)]


def test_the_31st_comes_back_after_february():
    assert starts(Schedule(date(2024, 1, 31), 1, ZoneInfo("Europe/Berlin")), 5) == [
        "2024-01-31",
        "2024-02-29",
        "2024-03-31",
        "2024-04-30",
        "2024-05-31",
    ]


def test_29_february_comes_back_every_fourth_year():
    assert starts(Schedule(date(2024, 2, 29), 12, ZoneInfo("Europe/Berlin")), 5) == [
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
    ]


def test_a_quarter_anchored_on_the_30th_does_not_drift():
    assert starts(Schedule(date(2025, 11, 30), 3, ZoneInfo("UTC")), 4) == [
        "2025-11-30",
        "2026-02-28",
        "2026-05-30",
        "2026-08-30",
    ]


def test_a_period_over_a_change_to_summer_time_lacks_an_hour():
    march = Schedule(date(2026, 3, 1), 1, ZoneInfo("Europe/Berlin")).period(0)

    assert march.ends_at - march.starts_at == timedelta(days=31, hours=-1)


@given(SCHEDULES, st.integers(0, 24 * 550), st.integers(1, 550))
def test_periods_of_18_months_tile_the_life_of_a_subscription(schedule, start_h, days):
    starts_at = day_start(schedule.anchor_on, schedule.tz) + timedelta(hours=start_h)
    ends_at = starts_at + timedelta(days=days)

    tiles = list(spans(schedule.at, starts_at, ends_at, until=ends_at))

    assert tiles[0].period.starts_at == starts_at
    assert tiles[-1].period.ends_at == ends_at
    for before, after in itertools.pairwise(tiles):
        assert before.period.ends_at == after.period.starts_at == before.full.ends_at == after.full.starts_at
    for span in tiles:
        assert span.full.starts_at <= span.period.starts_at < span.period.ends_at <= span.full.ends_at


@given(SCHEDULES, st.integers(-40, 40))
def test_every_full_period_begins_where_the_one_before_ends_and_holds_its_own_instants(schedule, index):
    period = schedule.period(index)

    assert schedule.period(index + 1).starts_at == period.ends_at
    assert schedule.index_at(period.starts_at) == index
    assert schedule.index_at(period.ends_at - timedelta(microseconds=1)) == index


@given(SCHEDULES, st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.sampled_from(["by_second", "by_day"]))
def test_the_parts_of_a_cut_period_sum_to_one(schedule, cuts, proration):
    full = schedule.period(0)
    # Whole microseconds, so that the cuts are instants that can be stored.
    edges = sorted({full.starts_at + timedelta(microseconds=full.duration_us * c // (10**6 + 1)) for c in cuts})
    edges = [full.starts_at, *(edge for edge in edges if edge > full.starts_at), full.ends_at]

    parts = [part_of(full, Period(a, b), proration, schedule.tz) for a, b in itertools.pairwise(edges)]

    assert sum(parts) == 1


def test_by_day_counts_local_days_and_by_second_elapsed_time():
    # Berlin's March 2026 has 743 hours; the first 28 days have 28 × 24 = 672, the 29th lacks one.
    tz = ZoneInfo("Europe/Berlin")
    full = Schedule(date(2026, 3, 1), 1, tz).period(0)
    piece = Period(full.starts_at, day_start(date(2026, 3, 29), tz))

    assert part_of(full, piece, "by_day", tz) == Fraction(28, 31)
    assert part_of(full, piece, "by_second", tz) == Fraction(672, 743)
    assert part_of(full, piece, "none", tz) == 1


def test_apias_skipped_day_is_not_counted():
    # December 2011 in Apia had no 30th: 30 days; the 31st alone is one of 30.
    tz = ZoneInfo("Pacific/Apia")
    full = Schedule(date(2011, 12, 1), 1, tz).period(0)

    assert part_of(full, Period(day_start(date(2011, 12, 31), tz), full.ends_at), "by_day", tz) == Fraction(1, 30)


def test_a_cut_keeps_the_full_period_as_divisor():
    # 42 of 91 days is 42/91, never 42/42 (lago-api#6194).
    quarter = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC))
    at = datetime(2026, 2, 19, tzinfo=UTC)

    first, second = cut(Span(quarter, quarter), at)

    assert (first.full, second.full) == (quarter, quarter)
    assert part_of(second.full, second.period, "by_day", ZoneInfo("UTC")) == Fraction(42, 91)
    with pytest.raises(ValueError, match="inside"):
        cut(first, at)


def test_a_start_inside_the_anchors_period_makes_a_short_first_one():
    schedule = Schedule(date(2026, 1, 1), 1, ZoneInfo("UTC"))

    first, second = spans(schedule.at, datetime(2026, 1, 11, tzinfo=UTC), None, until=datetime(2026, 2, 2, tzinfo=UTC))

    assert part_of(first.full, first.period, "by_day", schedule.tz) == Fraction(21, 31)
    assert second.period == second.full
