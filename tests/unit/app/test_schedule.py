"""Whatever is due comes to its turn, also where one worker needs longer than there is time for all of it."""

import pytest

from app.schedule import JOBS, message_life_s

FREQUENT = {name: every_s for name, (_job, every_s) in JOBS.items() if every_s <= 11}


def done_in(seconds: int, takes_s: float) -> dict[str, int]:
    """Return how often one worker did each frequent job, which takes it so long: in turn, and nothing that is over."""
    due = sorted(
        (time * every_s, at, name)
        for at, (name, every_s) in enumerate(FREQUENT.items())
        for time in range(int(seconds / every_s))
    )
    done, free_at = dict.fromkeys(FREQUENT, 0), 0.0
    for put_at, _, name in due:
        begins_at = max(free_at, put_at)
        if begins_at < put_at + message_life_s(FREQUENT[name]):
            done[name] += 1
            free_at = begins_at + takes_s
    return done


@pytest.mark.parametrize("takes_s", [0.1, 0.4, 0.6, 1, 1.5])
def test_of_what_is_due_nothing_is_dropped_each_time(takes_s: float) -> None:
    done = done_in(3600, takes_s)

    # The most is five times what there is time for: each of them has a tenth of its turns at least.
    assert [name for name, every_s in FREQUENT.items() if done[name] < 3600 / every_s / 10] == []


def test_what_can_be_done_in_time_is_done_each_time() -> None:
    assert done_in(3600, 0.1) == {name: int(3600 / every_s) for name, every_s in FREQUENT.items()}
