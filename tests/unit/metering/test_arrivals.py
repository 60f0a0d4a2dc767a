"""Limits by replay, and beside them by formula."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.arrivals import Arrival, arrivals_of, busiest_hour, replay
from metering.concurrency import micros
from metering.queueing import engset_call_congestion, erlang_b
from metering.sessions import sessions_of
from tests.builders.story import Story

MINUTE = 60_000_000


def came(who: int, starts: int, ends: int) -> Arrival:
    """Somebody wants a licence between two minutes."""
    return Arrival(starts * MINUTE, ends * MINUTE, who, UUID(int=who))


def test_who_finds_the_pool_full_is_turned_away():
    log = [came(1, 0, 30), came(2, 5, 20), came(3, 10, 40), came(4, 20, 25)]

    # At 2: three finds 1 and 2; at minute 20 two has left, so four is let in.
    seen = replay(log, 2)
    assert (seen.requests, seen.denied, seen.true_denials, seen.people_denied) == (4, 1, 1, 1)
    assert replay(log, 3).denied == 0
    assert replay(log, 0).denied == 4


def test_a_second_device_of_a_person_takes_no_second_licence():
    log = [came(1, 0, 30), came(1, 5, 60), came(2, 40, 50)]

    seen = replay(log, 1)
    # Only two asked for a licence; person 1 holds it to minute 60.
    assert (seen.requests, seen.denied) == (2, 1)


def test_a_denial_that_was_mended_within_ten_minutes_is_no_true_one():
    log = [came(1, 0, 10), came(2, 5, 30), came(2, 12, 30), came(3, 13, 20), came(3, 31, 40)]

    seen = replay(log, 1)
    # Two is denied at 5 and let in at 12; three is denied at 13 and let in at 31, 18 minutes later.
    assert (seen.denied, seen.true_denials, seen.people_denied) == (2, 1, 1)


def test_arrivals_are_the_sessions_that_weigh_something():
    story = Story()
    story.trait("bot", person_class="service")
    for who, at, session in (("ann", "2026-03-02T09:00", "s1"), ("bot", "2026-03-02T09:00", "s2")):
        story.fact("session.started", who, at, session_id=session, pool="lms")
    story.fact("session.ended", "ann", "2026-03-02T10:30", session_id="s1")
    month = story.month("2026-03")

    found = arrivals_of(sessions_of(story.grounds()), micros(month.starts_at), micros(month.ends_at))

    assert [(one.ends_us - one.starts_us) // MINUTE for one in found] == [90]
    assert arrivals_of(sessions_of(story.grounds()), micros(month.starts_at), micros(month.ends_at), "other") == []
    hour = busiest_hour(found)
    assert (hour.erlang, hour.people) == (1.0, 1)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 60), st.integers(1, 30)), max_size=30))
def test_more_licences_than_people_turn_nobody_away_and_no_licence_turns_all(rows):
    log = sorted((came(who, at, at + length) for who, at, length in rows), key=lambda one: (one.starts_us, one.ends_us))

    assert replay(log, 5).denied == 0
    nothing = replay(log, 0)
    assert nothing.denied == nothing.requests == len(log)
    assert 0 <= replay(log, 2).true_denials <= replay(log, 2).denied


@pytest.mark.parametrize(
    ("servers", "load", "blocked"),
    [
        # Tables of Erlang's B formula: 1 % at 10 servers is 4.46 erlang, 1 % at 20 is 12.0, at 100 it is 84.1.
        (10, 4.46, "0.010"), (20, 12.0, "0.010"), (100, 84.06, "0.010"), (5, 0.0, "0.000"), (0, 3.0, "1.000"),
    ],
)  # fmt: skip
def test_erlang_b_agrees_with_its_tables(servers, load, blocked):
    assert f"{Decimal(erlang_b(servers, load)):.3f}" == blocked


@given(st.integers(1, 40), st.integers(1, 60))
def test_a_licence_more_turns_nobody_more_away(servers, people):
    load = people * 0.4

    assert engset_call_congestion(servers, people, load) <= engset_call_congestion(servers - 1, people, load)
    assert erlang_b(servers, load) <= erlang_b(servers - 1, load)
    assert engset_call_congestion(people, people, load) == 0


def test_endlessly_many_people_make_engset_erlang():
    assert abs(engset_call_congestion(10, 10_000_000, 8.0) - erlang_b(10, 8.0)) < 1e-6


def test_impossible_loads_are_refused():
    for broken in (lambda: erlang_b(-1, 1), lambda: engset_call_congestion(1, 2, 2), lambda: erlang_b(1, -1)):
        with pytest.raises(ValueError, match="must"):
            broken()
