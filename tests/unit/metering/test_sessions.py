"""Readings: concurrent sessions."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import Period
from metering.concurrency import Intervals, average_level, bucket_maxima, micros, minute_edges, nearest_rank, peak_level
from metering.policies import DEFAULT_POLICIES, SessionPolicy, WeightPolicy
from metering.registry import METERS
from metering.sessions import DIMENSIONS, Floor, level_curve, sessions_of
from tests.builders.story import Story, reasons

F = Fraction
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def span(first: float, until: float) -> Period:
    return Period(minutes(first), minutes(until))


def story_of(**changes: object) -> Story:
    return Story("UTC", policies=msgspec.structs.replace(DEFAULT_POLICIES, sessions=SessionPolicy(**changes)))


@pytest.fixture
def story() -> Story:
    return Story("UTC")


def session(story: Story, who: str, start: float, end: float | None = None, key: str = "", **attributes: str) -> None:
    key = key or f"{who}-{start}"
    story.fact("session.started", who, minutes(start), session_id=key, **attributes)
    if end is not None:
        story.fact("session.ended", who, minutes(end), session_id=key)


# --- When a session is open ----------------------------------------------------------------------------


def test_a_session_is_open_from_login_to_logout(story: Story) -> None:
    session(story, "ann", 0, 10)

    # 10 of 100 minutes.
    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(1, 10)


def test_a_session_without_logout_ends_a_time_out_after_its_login(story: Story) -> None:
    session(story, "ann", 0)

    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(30, 100)


def test_a_session_without_logout_ends_a_time_out_after_its_last_heartbeat(story: Story) -> None:
    session(story, "ann", 0, key="s")
    story.fact("session.heartbeat", "ann", minutes(20), session_id="s")
    story.fact("session.heartbeat", "ann", minutes(10), session_id="s")

    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(50, 100)


def test_a_heartbeat_extends_the_one_session_however_long_the_gap(story: Story) -> None:
    session(story, "ann", 0, key="s")
    story.fact("session.heartbeat", "ann", minutes(300), session_id="s")

    # 0 to 330, the gap included.
    assert story.figure("sessions.concurrent.average", span(0, 1000)) == F(330, 1000)


def test_a_logout_ends_the_session_whatever_the_heartbeats_say(story: Story) -> None:
    session(story, "ann", 0, 10, key="s")
    story.fact("session.heartbeat", "ann", minutes(20), session_id="s")

    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(10, 100)


def test_of_two_logouts_the_first_ends_the_session(story: Story) -> None:
    session(story, "ann", 0, 10, key="s")
    story.fact("session.ended", "ann", minutes(40), session_id="s")

    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(10, 100)


def test_a_late_logout_bills_what_it_says(story: Story) -> None:
    session(story, "ann", 0, 90)

    # No heartbeat for 90 minutes, but the logout counts.
    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(90, 100)


def test_no_session_is_longer_than_the_longest(story: Story) -> None:
    session(story, "ann", 0, 3 * 1440)

    # 24 of 72 hours.
    assert story.figure("sessions.concurrent.average", span(0, 3 * 1440)) == F(1, 3)


def test_an_end_without_a_start_is_ignored(story: Story) -> None:
    story.fact("session.ended", "ann", minutes(1), session_id="s")
    session(story, "ann", 2, 12, key="s")

    # The logout before the login belongs to nothing.
    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(10, 100)


def test_equal_session_ids_of_two_sources_are_two_sessions() -> None:
    story = story_of(count_by="session")
    for source in ("suite", "portal"):
        story.fact("session.started", "ann", minutes(0), source=source, session_id="1")
        story.fact("session.ended", "ann", minutes(5), source=source, session_id="1")

    assert story.figure("sessions.concurrent.peak", span(0, 100)) == 2


def test_a_session_over_the_edge_counts_in_each_period_for_its_own_part(story: Story) -> None:
    session(story, "ann", 90, 130)

    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(10, 100)
    assert story.figure("sessions.concurrent.average", span(100, 200)) == F(30, 100)
    assert story.figure("sessions.concurrent.peak", span(100, 200)) == 1
    assert story.figure("sessions.concurrent.peak", span(130, 200)) == 0


# --- What counts at an instant ---------------------------------------------------------------------------


def test_one_person_on_two_devices_is_one_use(story: Story) -> None:
    session(story, "ann", 0, 20, device_id="laptop")
    session(story, "ann", 10, 30, device_id="phone")

    measurement = story.measure("sessions.concurrent.peak", span(0, 100))
    assert measurement.quantity == 1
    assert story.figure("sessions.concurrent.average", span(0, 100)) == F(30, 100)


def test_counted_by_device_two_devices_are_two_uses() -> None:
    story = story_of(count_by="person_device")
    session(story, "ann", 0, 20, key="a", device_id="laptop")
    session(story, "ann", 10, 30, key="b", device_id="phone")
    session(story, "ann", 12, 18, key="c", device_id="phone")

    assert story.figure("sessions.concurrent.peak", span(0, 100)) == 2


def test_a_missing_device_is_a_device_of_its_own_per_session() -> None:
    story = story_of(count_by="person_device")
    session(story, "ann", 0, 20, key="a")
    session(story, "ann", 10, 30, key="b")

    assert story.figure("sessions.concurrent.peak", span(0, 100)) == 2


def test_counted_by_session_each_session_is_a_use() -> None:
    story = story_of(count_by="session")
    session(story, "ann", 0, 20, key="a", device_id="laptop")
    session(story, "ann", 10, 30, key="b", device_id="laptop")

    assert story.figure("sessions.concurrent.peak", span(0, 100)) == 2


def test_the_level_is_the_sum_of_class_weights() -> None:
    weights = WeightPolicy(classes={"member": Decimal(1), "guest": Decimal("0.5"), "service": Decimal(0)})
    story = Story("UTC", policies=msgspec.structs.replace(DEFAULT_POLICIES, weights=weights))
    story.trait("guest", person_class="guest")
    story.trait("robot", person_class="service")
    for who in ("ann", "guest", "robot"):
        session(story, who, 0, 10)

    measurement = story.measure("sessions.concurrent.peak", span(0, 100))
    assert measurement.quantity == F(3, 2)
    assert reasons(measurement) == ["weight_zero"]


def test_audiences_do_not_weigh_in_concurrency(story: Story) -> None:
    story.trait("ann", audience="customer")
    session(story, "ann", 0, 10)

    assert story.figure("sessions.concurrent.peak", span(0, 100)) == 1


def test_at_one_instant_ends_come_before_starts(story: Story) -> None:
    session(story, "ann", 0, 10)
    session(story, "bob", 10, 20)

    assert story.figure("sessions.concurrent.peak", span(0, 100)) == 1


def test_merged_people_are_one_use(story: Story) -> None:
    session(story, "ann", 0, 10)
    session(story, "a.smith", 0, 10)
    story.merge("a.smith", into="ann")

    measurement = story.measure("sessions.concurrent.peak", span(0, 100))
    assert measurement.quantity == 1
    assert reasons(measurement) == ["overlapped"]


def test_sessions_of_a_pool_that_leases_count_from_its_binding_for_activity_alone() -> None:
    story = story_of(leased_pools={"floating": "2026-03-02"})
    session(story, "ann", -600, -590, pool="floating")  # 1 March 22:00, before the binding
    session(story, "bob", 0, 10, pool="floating")

    assert story.figure("sessions.concurrent.peak", span(-700, 0)) == 1
    measurement = story.measure("sessions.concurrent.peak", span(0, 100))
    assert measurement.quantity == 0
    assert reasons(measurement) == ["pool_leases"]


# --- p95 ---------------------------------------------------------------------------------------------------


def test_five_percent_of_the_minutes_are_free(story: Story) -> None:
    session(story, "ann", 0, 5)

    # 100 minutes, rank 95 of the ascending maxima: 95 zeros come first, the five busy minutes are free.
    assert story.figure("sessions.concurrent.p95", span(0, 100)) == 0


def test_the_sixth_busy_minute_of_a_hundred_is_billed(story: Story) -> None:
    session(story, "ann", 0, 6)

    assert story.figure("sessions.concurrent.p95", span(0, 100)) == 1


def test_the_rank_is_rounded_up_in_integers(story: Story) -> None:
    session(story, "ann", 0, 2)

    # 21 minutes: rank ⌈95 · 21 / 100⌉ = ⌈19.95⌉ = 20; 19 zeros, then two ones: the 20th is 1.
    assert story.figure("sessions.concurrent.p95", span(0, 21)) == 1
    # 40 minutes: rank 38 = ⌈38.00⌉ exactly; 38 zeros.
    assert story.figure("sessions.concurrent.p95", span(0, 40)) == 0


def test_a_session_that_ends_at_a_minutes_start_is_not_in_it(story: Story) -> None:
    session(story, "ann", 0, 1)
    session(story, "bob", 0, 2)

    # Maxima 2, 1, 0 …: of 2 minutes the rank is 2, of the minute [1, 2) alone the maximum is 1.
    assert story.figure("sessions.concurrent.p95", span(1, 2)) == 1
    assert story.figure("sessions.concurrent.p95", span(0, 2)) == 2


def test_a_session_open_before_the_minute_is_in_it(story: Story) -> None:
    session(story, "ann", 0, 10)
    session(story, "bob", 5.5, 5.6)

    assert [int(level) for level in bucket_maxima(*_swept(story, 4, 7))] == [1, 2, 1]


def _swept(story: Story, first: int, until: int) -> tuple[Intervals, np.ndarray]:
    low, high = micros(minutes(first)), micros(minutes(until))
    grounds = story.grounds()
    return Floor(grounds, sessions_of(grounds), DIMENSIONS).intervals.clipped(low, high), minute_edges(low, high)


def test_a_day_of_23_hours_has_1380_minutes() -> None:
    story = Story("Europe/Berlin")
    # On 29 March 2026 the clocks go forward: 1,380 minutes, rank ⌈1311.00⌉ = 1311; 69 minutes are free.
    day = story.days("2026-03-29", "2026-03-30")
    story.fact("session.started", "ann", "2026-03-29 09:00", session_id="s")
    story.fact("session.ended", "ann", "2026-03-29 10:09", session_id="s")
    assert story.figure("sessions.concurrent.p95", day) == 0

    story.fact("session.started", "bob", "2026-03-29 10:09", session_id="t")
    story.fact("session.ended", "bob", "2026-03-29 10:09:01", session_id="t")
    assert story.figure("sessions.concurrent.p95", day) == 1


def test_minutes_that_have_not_elapsed_are_no_zeros(story: Story) -> None:
    session(story, "ann", 0)
    story.now = minutes(20)

    # 20 minutes have passed, all with one session; of the whole 100 p95 would be 1 and the average 0.3.
    assert story.figure("sessions.concurrent.p95", span(0, 100)) == 1
    assert story.figure("sessions.concurrent.average", span(0, 100)) == 1
    assert story.figure("sessions.concurrent.peak", span(30, 100)) == 0


# --- Evidence and attribution ---------------------------------------------------------------------------------


def test_sessions_are_attributed_by_the_assignment_at_their_start() -> None:
    story = Story("UTC")
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-03", sales=1)
    session(story, "ann", 950, 970)  # 23:50 on the 2nd to 00:10 on the 3rd

    measurement = story.measure("sessions.concurrent.average", span(0, 1440))
    assert measurement.by_cost_centre() == {"ops": F(1200)}


def test_the_drivers_are_weighted_session_seconds_that_sum_to_the_integral(story: Story) -> None:
    story.assign("ann", ops=1)
    story.assign("bob", sales=1)
    session(story, "ann", 0, 20)
    session(story, "ann", 10, 30)
    session(story, "bob", 0, 10)

    # Ann carries 20 min by the first session and 10 by the second.
    measurement = story.measure("sessions.concurrent.average", span(0, 100))
    assert measurement.by_cost_centre() == {"ops": F(1800), "sales": F(600)}
    assert measurement.quantity == F(2400, 6000)


def test_a_days_curve_shows_the_highest_level_of_each_step(story: Story) -> None:
    session(story, "ann", 0, 7)
    session(story, "bob", 6, 8)

    curve = level_curve(story.grounds(), span(0, 15), 300)
    assert curve == [(minutes(0), F(1)), (minutes(5), F(2)), (minutes(10), F(0))]


def test_a_key_that_comes_back_days_later_is_told_alike_whatever_else_is_read(story: Story) -> None:
    session(story, "ann", 0, 10, key="s")
    session(story, "ann", 4000, 4010, key="s")  # more than the longest session later
    later, alone = span(3990, 4090), Story("UTC")
    session(alone, "ann", 4000, 4010, key="s")
    read = METERS["sessions.concurrent.average"].reader(story.grounds())

    assert read.figure(later) == read(later).quantity == alone.figure("sessions.concurrent.average", later) == F(1, 10)
    assert read.figure(span(0, 100)) == F(1, 10)
    assert [level for _, level in level_curve(story.grounds(), span(4000, 4020), 600)] == [F(1), F(0)]


# --- The sweep against its naive twin ---------------------------------------------------------------------------

ROW = st.tuples(st.integers(0, 600), st.integers(1, 200), st.integers(1, 3))


def naive_level(rows: list[tuple[int, int, int]], instant: int) -> int:
    return sum(weight for start, length, weight in rows if start <= instant < start + length)


@given(
    st.lists(ROW, max_size=25) | st.lists(ROW.map(lambda row: (*row[:2], 2)), max_size=25),
    st.integers(0, 400),
    st.integers(1, 400),
)
def test_the_sweep_equals_a_naive_count_at_every_instant(
    rows: list[tuple[int, int, int]], low: int, length: int
) -> None:
    high = low + length
    intervals = Intervals.of([(start, start + size, weight) for start, size, weight in rows]).clipped(low, high)
    levels = [naive_level(rows, instant) for instant in range(low, high)]

    assert peak_level(intervals) == max(levels)
    assert average_level(intervals, length) == F(sum(levels), length)
    edges = np.array([*range(low, high, 60), high], dtype=np.int64)
    chunks = [levels[i : i + 60] for i in range(0, length, 60)]
    assert bucket_maxima(intervals, edges).tolist() == [max(chunk) for chunk in chunks]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=120))
def test_the_percentile_is_the_smallest_value_that_covers_95_percent(values: list[int]) -> None:
    found = nearest_rank(np.array(values, dtype=np.int64), 95)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= 95 * len(values)
    assert all(sum(value <= lower for value in values) * 100 < 95 * len(values) for lower in values if lower < found)


@pytest.mark.parametrize(("weights", "bytes_each"), [(1, 80), (5, 95)], ids=["all weigh 1", "weights differ"])
def test_the_memory_of_a_sweep_grows_with_the_sessions_and_nothing_else(weights: int, bytes_each: int) -> None:
    # Peak, p95 and average of a month, arrays that come in included: of 10 million sessions at most 0.8 GB
    # where all weigh alike, 0.95 GB where they don't.
    count, month = 1_000_000, 30 * 86_400 * 1_000_000
    random = np.random.default_rng(7)
    tracemalloc.start()
    try:
        starts = random.integers(0, month, count)
        ends = starts + random.integers(60_000_000, 14_400_000_000, count)
        clipped = Intervals(starts, ends, 1 + np.arange(count) % weights).clipped(0, month)
        assert peak_level(clipped) >= nearest_rank(bucket_maxima(clipped, minute_edges(0, month)), 95)
        assert average_level(clipped, month) > 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / count <= bytes_each


@pytest.mark.parametrize("age", [1_000, 1 << 60], ids=["near", "too far apart to stand beside a weight in one number"])
def test_a_level_is_that_of_its_weights_however_far_apart_instants_are(age: int) -> None:
    rows = [(0, 10, 3), (5, 20, 1), (age, age + 10, 1_000), (age + 4, age + 6, 20), (-age, 1 - age, 7)]
    intervals = Intervals.of(rows)

    assert peak_level(intervals) == 1_020
    edges = np.array([-age, 0, 10, 20, age, age + 10], dtype=np.int64)
    assert bucket_maxima(intervals, edges).tolist() == [7, 4, 1, 0, 1_020]
