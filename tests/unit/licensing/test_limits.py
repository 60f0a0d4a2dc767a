"""The limit that pools had: a step where it was changed, the highest of a day, nothing before there was a pool."""

from datetime import UTC, datetime

from core.periods import Period
from plans.licensing.limits import Limit, highest_limit


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def day(number: int) -> Period:
    return Period(at(number), at(number + 1))


LIMITS = {"cad": [Limit(at(3, 9), 8), Limit(at(5, 12), 5)], "cam": [Limit(at(4, 12), 3)]}


def test_the_highest_limit_of_all_pools_together_in_each_day() -> None:
    # 3: cad alone. 4: with cam from noon. 5: 8 + 3 until noon. 6: 5 + 3.
    assert [highest_limit(LIMITS, day(one)) for one in (2, 3, 4, 5, 6)] == [None, 8, 11, 11, 8]


def test_an_instant_has_the_limit_that_held_then() -> None:
    def moment(instant: datetime) -> Period:
        return Period(instant, instant.replace(microsecond=1))

    assert [highest_limit(LIMITS, moment(at(5, hour))) for hour in (11, 12)] == [11, 8]


def test_a_limit_that_was_raised_and_lowered_within_a_day_shows_its_highest() -> None:
    steps = {"cad": [Limit(at(1), 2), Limit(at(2, 9), 9), Limit(at(2, 10), 2)], "cam": [Limit(at(1), 1)]}

    assert highest_limit(steps, day(2)) == 10
