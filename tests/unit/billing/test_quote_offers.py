"""An offer that begins on another day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.quotes.offers import OfferPhase, QuoteTerms, begun_on


def ramped(starts_on: date, *later: date) -> QuoteTerms:
    phases = tuple(OfferPhase(starts_on=day, quantity=2) for day in later)
    return QuoteTerms(plan="small", starts_on=starts_on, phases=phases)


@pytest.mark.parametrize(
    ("starts_on", "phase", "first_day", "expected"),
    [
        (date(2026, 12, 1), date(2027, 3, 1), date(2025, 11, 1), date(2026, 2, 1)),
        # Whole months stay whole months, whatever the months are like.
        (date(2026, 12, 1), date(2027, 3, 1), date(2025, 11, 30), date(2026, 2, 28)),
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 5, 31), date(2026, 6, 30)),
        # Two months and 17 days.
        (date(2026, 12, 15), date(2027, 3, 4), date(2025, 11, 1), date(2026, 1, 18)),
        # February has no 31st day: its last one.
        (date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_phases_keep_their_distance_in_months_and_days(
    starts_on: date, phase: date, first_day: date, expected: date
) -> None:
    moved = begun_on(ramped(starts_on, phase), first_day)

    assert (moved.starts_on, moved.phases[0].starts_on) == (first_day, expected)


DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@given(DAYS, DAYS, st.sets(st.integers(1, 1500), max_size=3))
def test_phases_stay_in_order_and_after_the_first_day_and_to_stay_is_to_change_nothing(
    starts_on: date, first_day: date, after: set[int]
) -> None:
    offered = ramped(starts_on, *(starts_on + timedelta(days=days) for days in sorted(after)))

    days = [phase.starts_on for phase in begun_on(offered, first_day).phases]

    assert days == sorted(days)
    assert all(day > first_day for day in days)
    assert begun_on(offered, starts_on) == offered
