"""Readings: named seats."""

from fractions import Fraction

import msgspec
import pytest

from metering.policies import DEFAULT_POLICIES, SeatPolicy
from tests.builders.story import Story, reasons

F = Fraction


def hold(story: Story, who: str, since: str, until: str | None = None, *, used: bool = True, pool: str = "p") -> None:
    story.fact("seat.assigned", who, since, pool=pool)
    if used:
        story.fact("session.started", who, since, session_id=f"{who}{since}")
    if until:
        story.fact("seat.released", who, until, pool=pool)


def without_cooldown() -> Story:
    return Story(policies=msgspec.structs.replace(DEFAULT_POLICIES, seats=SeatPolicy(cooldown_days=0)))


def test_prorated_is_seat_days_divided_by_days(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00")
    hold(story, "bob", "2026-03-22 15:00")

    # Ann 31 days, Bob the 22nd to the 31st.
    assert story.figure("seats.named.prorated", "2026-03") == F(41, 31)


def test_a_seat_day_is_the_days_highest_number_held() -> None:
    story = without_cooldown()
    hold(story, "ann", "2026-03-05 08:00", "2026-03-05 09:00")
    hold(story, "bob", "2026-03-05 08:30", "2026-03-05 10:00")
    hold(story, "cyd", "2026-03-05 11:00", "2026-03-05 12:00")

    # From 08:30 to 09:00 two seats are held, later one: the 5th has 2 seat-days.
    assert story.figure("seats.named.prorated", "2026-03") == F(2, 31)
    assert story.figure("seats.named.peak", "2026-03") == 2


def test_of_equal_highest_instants_the_first_decides_who_is_counted() -> None:
    story = without_cooldown()
    hold(story, "ann", "2026-03-05 08:00", "2026-03-05 09:00")
    hold(story, "bob", "2026-03-05 10:00", "2026-03-05 11:00")

    measurement = story.measure("seats.named.peak", "2026-03")
    assert [entry.person_id for entry in measurement.entries] == [story.person("ann")]
    assert reasons(measurement) == ["not_then"]


def test_peak_is_the_highest_day(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00")
    hold(story, "bob", "2026-03-05 00:00", "2026-03-06 00:00", used=False)

    assert story.figure("seats.named.peak", "2026-03") == 2
    assert story.figure("seats.named.end_of_period", "2026-03") == 1


def test_a_released_seat_is_billable_until_midnight_of_release_date_plus_cool_down(story: Story) -> None:
    hold(story, "ann", "2026-01-15 00:00", "2026-03-10 17:00")

    # 10 March + 30 days = 9 April 00:00: billable through 8 April, 8 of April's 30 days.
    assert story.figure("seats.named.prorated", "2026-03") == 1
    assert story.figure("seats.named.prorated", "2026-04") == F(8, 30)
    assert story.figure("seats.named.peak", "2026-04") == 1
    assert story.figure("seats.named.end_of_period", "2026-03") == 1
    assert story.figure("seats.named.end_of_period", "2026-04") == 0
    assert story.figure("seats.named.peak", "2026-05") == 0


def test_the_cool_down_ends_at_local_midnight() -> None:
    story = Story("America/New_York")
    # 22:00 on the 10th in New York is the 11th in UTC; the release date is the local 10th.
    hold(story, "ann", "2026-01-15 00:00", "2026-03-10 22:00")

    assert story.figure("seats.named.prorated", "2026-04") == F(8, 30)


def test_what_holds_and_what_cools_down_are_told_apart(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-11 00:00")

    # Held the 1st to the 10th, cooling down the 11th to the 31st.
    measurement = story.measure("seats.named.prorated", "2026-03")
    assert {entry.reason: entry.quantity for entry in measurement.entries} == {
        "seat_held": F(10, 31),
        "seat_cooling_down": F(21, 31),
    }


def test_taking_the_seat_back_within_the_cool_down_bills_one(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-05 12:00")
    hold(story, "ann", "2026-03-05 12:30", "2026-03-20 12:00")

    assert story.figure("seats.named.peak", "2026-03") == 1
    assert story.figure("seats.named.prorated", "2026-03") == 1


def test_reassigning_on_the_same_day_bills_both(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-05 12:00")
    hold(story, "bob", "2026-03-05 12:00")

    # Ann's seat cools down until 4 April; from the 5th on both: 4 days of 1, 27 of 2 = 58.
    assert story.figure("seats.named.peak", "2026-03") == 2
    assert story.figure("seats.named.prorated", "2026-03") == F(58, 31)


def test_a_leavers_seat_is_free_at_once(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00")
    story.fact("person.deactivated", "ann", "2026-03-05 12:00")
    hold(story, "bob", "2026-03-05 12:00")

    assert story.figure("seats.named.peak", "2026-03") == 1
    assert story.figure("seats.named.prorated", "2026-03") == 1


def test_leaving_ends_a_running_cool_down(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-05 12:00")
    story.fact("person.deactivated", "ann", "2026-03-08 12:00")

    # Billable the 1st to the 8th.
    assert story.figure("seats.named.prorated", "2026-03") == F(8, 31)


def test_a_rehire_restores_neither_seat_nor_cool_down(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00")
    story.fact("person.deactivated", "ann", "2026-03-05 12:00")
    story.fact("session.started", "ann", "2026-03-10 08:00", session_id="back")

    assert story.figure("seats.named.prorated", "2026-03") == F(5, 31)


def test_a_seat_assigned_when_the_person_leaves_is_kept(story: Story) -> None:
    # Ties: the departure closes first, then the seat is opened.
    hold(story, "ann", "2026-03-05 12:00")
    story.fact("person.deactivated", "ann", "2026-03-05 12:00")

    assert story.figure("seats.named.end_of_period", "2026-03") == 1


@pytest.mark.parametrize(
    "use",
    [
        "session.started",
        "activity.performed",
        "contribution.created",
        "course.enrolled",
        "course.launched",
        "course.completed",
        "class.attended",
    ],
)
def test_a_seat_that_was_used_cools_down(story: Story, use: str) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-11 00:00", used=False)
    story.fact(use, "ann", "2026-03-04 12:00")

    assert story.figure("seats.named.prorated", "2026-03") == 1


@pytest.mark.parametrize("when", [None, "2026-02-28 12:00", "2026-03-11 00:00"])
def test_a_seat_its_holder_never_used_is_free_to_move(story: Story, when: str | None) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-11 00:00", used=False)
    if when:
        story.fact("session.started", "ann", when, session_id="s")  # before it was held, or when it no longer was

    # Billable while held, the 1st to the 10th.
    assert story.figure("seats.named.prorated", "2026-03") == F(10, 31)


def test_heartbeats_and_being_accepted_are_no_use(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-11 00:00", used=False)
    story.fact("session.heartbeat", "ann", "2026-03-04 12:00", session_id="s")
    story.fact("contribution.accepted", "ann", "2026-03-04 12:00")

    assert story.figure("seats.named.prorated", "2026-03") == F(10, 31)


def test_an_unused_second_hold_leaves_the_first_cool_down_running(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00", "2026-03-05 12:00")
    hold(story, "ann", "2026-03-10 00:00", "2026-03-12 00:00", used=False)

    # The first cool-down runs until 4 April 00:00.
    assert story.figure("seats.named.prorated", "2026-03") == 1
    assert story.figure("seats.named.prorated", "2026-04") == F(3, 30)


def test_pools_are_seats_of_their_own(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00", pool="p")
    hold(story, "ann", "2026-03-01 00:00", pool="q")

    measurement = story.measure("seats.named.peak", "2026-03")
    assert measurement.quantity == 2
    assert measurement.by_key("pool") == {"p": F(1), "q": F(1)}


def test_a_merged_person_holds_one_seat(story: Story) -> None:
    hold(story, "ann", "2026-03-01 00:00")
    hold(story, "a.smith", "2026-03-05 00:00", "2026-03-08 00:00")
    story.merge("a.smith", into="ann")

    assert story.figure("seats.named.peak", "2026-03") == 1
    assert story.figure("seats.named.prorated", "2026-03") == 1


def test_seats_weigh_by_class(story: Story) -> None:
    story.trait("robot", person_class="service")
    hold(story, "robot", "2026-03-01 00:00")

    measurement = story.measure("seats.named.peak", "2026-03")
    assert measurement.quantity == 0
    assert reasons(measurement) == ["weight_zero"]


def test_seats_are_attributed_day_by_day(story: Story) -> None:
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-11", sales=1)
    hold(story, "ann", "2026-02-01 00:00")

    assert story.measure("seats.named.prorated", "2026-03").by_cost_centre() == {"ops": F(10, 31), "sales": F(21, 31)}
    assert story.measure("seats.named.end_of_period", "2026-03").by_cost_centre() == {"sales": F(1)}


def test_a_release_without_a_seat_is_ignored(story: Story) -> None:
    story.fact("session.started", "ann", "2026-03-01 08:00", session_id="s")
    story.fact("seat.released", "ann", "2026-03-02 08:00", pool="p")

    assert story.figure("seats.named.peak", "2026-03") == 0
