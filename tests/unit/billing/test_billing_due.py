from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from billing.due import DueItem, Question, due_items, month_of
from core.periods import Period, month_period

TENANT, SUBSCRIPTION, BERLIN = UUID(int=1), UUID(int=2), ZoneInfo("Europe/Berlin")
MONTHS = [month_period(2026, month, BERLIN) for month in range(8, 13)]
AUGUST, SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = MONTHS


def due(now, billed=(), *, grace_hours=72, month=None):
    question = Question(now, timedelta(hours=grace_hours), BERLIN, month)
    return [(item.timing, item.period) for item in due_items(TENANT, SUBSCRIPTION, MONTHS, set(billed), question)]


def test_the_first_periods_advance_is_due_the_moment_it_starts():
    assert due(AUGUST.starts_at) == [("advance", AUGUST)]
    assert due(AUGUST.starts_at - timedelta(microseconds=1)) == []


def test_a_period_is_due_in_arrears_when_its_grace_of_72_hours_has_passed():
    billed = [("advance", AUGUST.starts_at)]

    assert due(AUGUST.ends_at + timedelta(hours=72), billed) == [("arrears", AUGUST), ("advance", SEPTEMBER)]
    assert due(AUGUST.ends_at + timedelta(hours=72, microseconds=-1), billed) == []


def test_skipping_the_grace_bills_a_period_that_has_just_ended_but_never_one_that_runs():
    billed = [("advance", AUGUST.starts_at)]

    assert due(AUGUST.ends_at, billed, grace_hours=0) == [("arrears", AUGUST), ("advance", SEPTEMBER)]
    assert due(AUGUST.ends_at - timedelta(microseconds=1), billed, grace_hours=0) == []


def test_a_later_advance_waits_for_the_arrears_of_the_period_before_it():
    # On 2 October September has ended, its grace runs: October's advance comes with its arrears.
    billed = [("advance", AUGUST.starts_at), ("arrears", AUGUST.starts_at), ("advance", SEPTEMBER.starts_at)]

    assert due(datetime(2026, 10, 2, tzinfo=UTC), billed) == []
    assert due(datetime(2026, 10, 4, tzinfo=UTC), billed) == [("arrears", SEPTEMBER), ("advance", OCTOBER)]


def test_arrears_and_the_advance_that_follows_close_on_the_same_day():
    arrears = DueItem(TENANT, SUBSCRIPTION, AUGUST, "arrears")
    advance = DueItem(TENANT, SUBSCRIPTION, SEPTEMBER, "advance")

    assert arrears.closes_on(BERLIN) == advance.closes_on(BERLIN) == date(2026, 9, 1)


def test_a_run_for_one_month_bills_that_month_only():
    late = datetime(2026, 12, 24, tzinfo=UTC)

    assert due(late, month=date(2026, 10, 1)) == [("advance", AUGUST), ("arrears", OCTOBER), ("advance", NOVEMBER)]


def test_a_period_belongs_to_the_month_of_its_last_local_day():
    # 1 November 2026, 00:00 in Berlin is 31 October, 23:00 in UTC: the last day is 31 October.
    assert month_of(OCTOBER, BERLIN) == date(2026, 10, 1)
    assert month_of(Period(OCTOBER.starts_at, OCTOBER.ends_at + timedelta(seconds=1)), BERLIN) == date(2026, 11, 1)


@given(st.lists(st.integers(0, 5 * 31 * 24), min_size=1, max_size=10), st.integers(0, 200))
def test_however_often_it_is_asked_each_period_comes_up_once_and_in_the_end_all_do(hours, grace):
    billed, seen = set(), []
    for hour in [*sorted(hours), 10_000]:
        now = AUGUST.starts_at + timedelta(hours=hour)
        items = due_items(TENANT, SUBSCRIPTION, MONTHS, billed, Question(now, timedelta(hours=grace), BERLIN))
        seen += items
        billed |= {(item.timing, item.period.starts_at) for item in items}

    assert len(seen) == len(set(seen)) == 2 * len(MONTHS)
