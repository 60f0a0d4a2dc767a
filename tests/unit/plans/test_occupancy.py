"""How full a pool was: the sweep against looking at every second."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from metering.leases import Stretch
from plans.licensing.occupancy import seats_in_use

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def stretch(unit: int, start: int, lasts: int, lingers: int) -> Stretch:
    begun = START + timedelta(seconds=start)
    return Stretch(
        "cad", UUID(int=1), begun, str(unit), "k", unit, None, "", begun + timedelta(seconds=lasts), 600, lingers
    )


stretches = st.lists(
    st.builds(stretch, st.integers(1, 3), st.integers(-30, 30), st.integers(0, 25), st.sampled_from((0, 0, 5))),
    max_size=8,
)


@given(stretches, st.integers(1, 40), st.integers(1, 13))
def test_each_step_has_the_most_of_its_seconds(held: list[Stretch], lasts: int, step: int) -> None:
    told = seats_in_use(held, START, START + timedelta(seconds=lasts), timedelta(seconds=step))

    def used(second: int) -> int:
        now = START + timedelta(seconds=second)
        return len({s.unit for s in held if s.starts_at <= now < s.ends_at + timedelta(seconds=s.lingers_s)})

    assert told == [
        (START + timedelta(seconds=at), max(used(second) for second in range(at, min(at + step, lasts))))
        for at in range(0, lasts, step)
    ]
