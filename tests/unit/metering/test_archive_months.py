"""Which months of facts may leave, and the states of one that does."""

from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from core.periods import Period, month_period
from metering.archive.months import (
    CLOSED,
    GONE,
    TRANSITIONS,
    Bounds,
    due_months,
    reach_of,
    standing_types,
    window_of,
)
from metering.policies import DEFAULT_POLICIES
from metering.registry import METERS
from metering.seats import USE_TYPES

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FAR = datetime(2030, 1, 1, tzinfo=UTC)


def names(months: list[Period]) -> list[str]:
    return [f"{month.starts_at.astimezone(BERLIN):%Y-%m}" for month in months]


@pytest.mark.parametrize(
    ("first", "bounds", "expected"),
    [
        # 26 whole months before November 2026 are September 2024 to October 2026.
        (datetime(2024, 7, 10, tzinfo=UTC), Bounds(26, FAR), ["2024-07", "2024-08"]),
        # 22:30 UTC on the last of July is August in Berlin.
        (datetime(2024, 7, 31, 22, 30, tzinfo=UTC), Bounds(26, FAR), ["2024-08"]),
        (datetime(2024, 9, 1, tzinfo=UTC), Bounds(26, FAR), []),
        # What is billed still depends on August's last second: July alone may leave.
        (datetime(2024, 7, 10, tzinfo=UTC), Bounds(26, datetime(2024, 8, 31, 21, 59, 59, tzinfo=UTC)), ["2024-07"]),
        (datetime(2024, 7, 10, tzinfo=UTC), Bounds(26, datetime(2024, 7, 10, tzinfo=UTC)), []),
        # A month without facts leaves with the others.
        (datetime(2024, 5, 31, tzinfo=UTC), Bounds(27, FAR), ["2024-05", "2024-06", "2024-07"]),
    ],
)
def test_months_leave_whole_and_oldest_first(first: datetime, bounds: Bounds, expected: list[str]) -> None:
    assert names(due_months(first, NOW, bounds, BERLIN)) == expected


def test_what_figures_of_today_depend_on_never_leaves() -> None:
    standing = standing_types(METERS.values(), [DEFAULT_POLICIES])

    assert {"membership.opened", "seat.assigned", "person.deactivated", "course.enrolled", "class.attended"} <= standing
    # What people do day by day does; of the acts that seats are judged by, one a stretch stays.
    assert standing & USE_TYPES == {"course.enrolled", "course.launched", "course.completed", "class.attended"}
    assert standing.isdisjoint({"session.started", "session.ended", "activity.performed", "contribution.created"})


def test_files_tile_and_leave_the_next_month_its_look_back() -> None:
    reach = reach_of(METERS.values(), [DEFAULT_POLICIES])
    march, april = (month_period(2024, month, BERLIN) for month in (3, 4))
    first = window_of(march, reach, None)

    # Who is idle (28 days) as April begins shows in thirty local days before it.
    assert reach == timedelta(days=30)
    assert first.ends_at == march.ends_at - reach
    assert window_of(april, reach, first).starts_at == first.ends_at


def test_states_lead_forward_and_nothing_is_gone_that_is_not_closed() -> None:
    moves = {(before, after) for before, afters in TRANSITIONS.items() for after in afters}
    allowed = {
        ("writing", "written"), ("written", "archived"), ("written", "restoring"), ("archived", "restoring"),
        ("restoring", "restored"), ("restored", "writing"),
    }  # fmt: skip

    assert {pair for pair in product(TRANSITIONS, repeat=2) if pair in moves} == allowed
    assert set(GONE) < set(CLOSED) < set(TRANSITIONS)
