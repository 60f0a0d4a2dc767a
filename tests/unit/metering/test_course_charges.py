"""Readings: what charges a course, and how often."""

from fractions import Fraction

import pytest

from tests.builders.courses import CHARGED, NET, REFUNDED, ilt, triggered_by, wbt
from tests.builders.story import Story, reasons

F = Fraction


# --- Triggers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("course_type", "trigger"),
    [("wbt", "enrolled"), ("ilt", "enrolled"), ("program", "enrolled"), ("simulation", "launched")],
)
def test_the_trigger_is_one_per_course_type(story: Story, course_type: str, trigger: str) -> None:
    for number, step in enumerate(("enrolled", "launched", "completed")):
        story.fact(f"course.{step}", "ann", f"2026-03-0{number + 1} 10:00", course_id="c", course_type=course_type)

    measurement = story.measure(CHARGED, "2026-03")
    assert [entry.reason for entry in measurement.entries] == [f"charged_on_{trigger}"]
    assert reasons(measurement) == ["not_trigger", "not_trigger"]


def test_a_plan_may_charge_web_courses_by_their_start() -> None:
    story = triggered_by("wbt", "launched")
    wbt(story, "enrolled", "ann", "2026-03-01 10:00")
    wbt(story, "launched", "bob", "2026-03-02 10:00")

    assert [e.person_id for e in story.measure(CHARGED, "2026-03").entries] == [story.person("bob")]


@pytest.mark.parametrize("mode", ["browse", "review"])
@pytest.mark.parametrize("trigger", ["enrolled", "launched", "completed"])
def test_who_only_looks_is_never_charged(trigger: str, mode: str) -> None:
    story = triggered_by("wbt", trigger)
    wbt(story, trigger, "ann", "2026-03-02 10:00", mode=mode)

    measurement = story.measure(CHARGED, "2026-03")
    assert measurement.quantity == 0
    assert reasons(measurement) == ["browse_or_review"]


def test_waived_completions_are_never_charged() -> None:
    story = triggered_by("wbt", "completed")
    wbt(story, "completed", "ann", "2026-03-02 10:00", waived=True)
    wbt(story, "completed", "bob", "2026-03-02 10:00")

    measurement = story.measure(CHARGED, "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["waived"]


def test_a_no_show_is_not_billable_by_default() -> None:
    story = triggered_by("ilt", "attended")
    story.fact("class.attended", "ann", "2026-03-20 12:00", course_id="i", class_id="k")
    story.fact("class.missed", "bob", "2026-03-20 12:00", course_id="i", class_id="k")

    measurement = story.measure(CHARGED, "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["no_show_not_billable"]


def test_a_no_show_is_billable_if_the_policy_says_so() -> None:
    story = triggered_by("ilt", "attended", no_show_billable=True)
    story.fact("class.missed", "bob", "2026-03-20 12:00", course_id="i", class_id="k")

    assert story.figure(CHARGED, "2026-03") == 1


def test_under_the_trigger_enrolled_a_no_show_stays_charged(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    story.fact("class.missed", "ann", "2026-03-20 12:00", course_id="i", class_id="k")

    assert story.figure(NET, "2026-03") == 1


# --- Keys and windows -----------------------------------------------------------------------------------


def test_a_course_is_charged_once_in_its_access_window(story: Story) -> None:
    wbt(story, "enrolled", "ann", "2025-03-10 10:00")
    wbt(story, "enrolled", "ann", "2025-09-01 10:00")
    # Day 364 is 9 March 2026; day 365, 10 March 2026, opens a new window.
    wbt(story, "enrolled", "ann", "2026-03-09 23:59")

    measurement = story.measure(CHARGED, "2026-03")
    assert measurement.quantity == 0
    assert reasons(measurement) == ["inside_access_window"]

    wbt(story, "enrolled", "ann", "2026-03-10 00:00")
    assert story.figure(CHARGED, "2026-03") == 1


def test_the_window_is_reckoned_in_local_dates_from_the_charged_trigger(story: Story) -> None:
    # Late in the evening of the anchor, early in the morning of day 365: less than 365 × 24 hours apart.
    wbt(story, "enrolled", "ann", "2025-03-10 23:00")
    wbt(story, "enrolled", "ann", "2026-03-10 01:00")

    assert story.figure(CHARGED, "2026-03") == 1


def test_the_window_does_not_slide(story: Story) -> None:
    for day in ("2024-06-01", "2025-01-01", "2025-06-01", "2026-05-01"):
        wbt(story, "enrolled", "ann", f"{day} 10:00")

    # Anchors: 1 June 2024, then day 365 = 1 June 2025 (January fell inside); 1 May 2026 is day 334.
    assert [story.figure(CHARGED, month) for month in ("2024-06", "2025-01", "2025-06", "2026-05")] == [1, 0, 1, 0]


def test_a_late_earlier_trigger_moves_the_anchor(story: Story) -> None:
    wbt(story, "enrolled", "ann", "2026-03-10 10:00")
    before = story.figure(CHARGED, "2026-03")
    wbt(story, "enrolled", "ann", "2026-02-20 10:00")

    assert (before, story.figure(CHARGED, "2026-02"), story.figure(CHARGED, "2026-03")) == (1, 1, 0)


def test_each_registration_is_a_transaction_without_a_window(story: Story) -> None:
    wbt(story, "enrolled", "ann", "2026-03-01 10:00", registration="r1")
    wbt(story, "enrolled", "ann", "2026-03-02 10:00", registration="r2")
    wbt(story, "enrolled", "ann", "2026-03-03 10:00", registration="r1")
    wbt(story, "enrolled", "ann", "2027-06-03 10:00", registration="r1")

    measurement = story.measure(CHARGED, "2026-03")
    assert measurement.quantity == 2
    assert reasons(measurement) == ["same_registration"]
    assert story.figure(CHARGED, "2027-06") == 0


@pytest.mark.parametrize("trigger", ["enrolled", "launched", "completed"])
def test_a_registration_of_several_courses_is_charged_once(trigger: str) -> None:
    story = triggered_by("wbt", trigger)
    for minute, course in enumerate(("package", "module-1", "lesson-1")):
        wbt(story, trigger, "ann", f"2026-03-01 10:0{minute}", course_id=course, registration="r1")

    measurement = story.measure(CHARGED, "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["same_registration"] * 2


def test_keyed_and_unkeyed_do_not_mix(story: Story) -> None:
    wbt(story, "enrolled", "ann", "2026-03-01 10:00", registration="r1")
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")

    assert story.figure(CHARGED, "2026-03") == 2


def test_classes_are_charged_once_each(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00", class_id="k1")
    ilt(story, "enrolled", "ann", "2026-03-02 10:00", class_id="k1")
    ilt(story, "enrolled", "ann", "2026-03-03 10:00", class_id="k2")

    measurement = story.measure(CHARGED, "2026-03")
    assert measurement.quantity == 2
    assert reasons(measurement) == ["same_class"]


def test_merged_people_are_charged_once(story: Story) -> None:
    wbt(story, "enrolled", "ann", "2026-03-01 10:00")
    wbt(story, "enrolled", "a.smith", "2026-03-02 10:00")
    story.merge("a.smith", into="ann")

    assert story.figure(CHARGED, "2026-03") == 1


def test_transactions_weigh_by_class(story: Story) -> None:
    story.trait("robot", person_class="test")
    wbt(story, "enrolled", "robot", "2026-03-01 10:00")
    wbt(story, "cancelled", "robot", "2026-03-02 10:00")

    charged = story.measure(CHARGED, "2026-03")
    assert (charged.quantity, reasons(charged)) == (0, ["weight_zero"])
    assert story.figure(REFUNDED, "2026-03") == 0
