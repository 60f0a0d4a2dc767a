"""Readings: class hours."""

from fractions import Fraction

from tests.builders.story import Story, reasons

F = Fraction


def attended(story: Story, who: str, at: str, minutes: str | None, class_id: str = "k") -> None:
    given = {} if minutes is None else {"minutes": minutes}
    story.fact("class.attended", who, at, course_id="i", class_id=class_id, **given)


def test_class_hours_are_attended_minutes_over_people(story: Story) -> None:
    attended(story, "ann", "2026-03-20 12:00", "90")
    attended(story, "bob", "2026-03-20 12:00", "50")
    attended(story, "cyd", "2026-03-20 12:00", None)

    # (90 + 50 + 0) / 60
    assert story.figure("class.hours", "2026-03") == F(140, 60)


def test_of_several_reports_of_a_person_and_class_the_longest_counts_in_its_period(story: Story) -> None:
    attended(story, "ann", "2026-03-31 12:00", "60")
    attended(story, "ann", "2026-04-01 12:00", "90")
    attended(story, "ann", "2026-04-02 12:00", "90")
    attended(story, "ann", "2026-04-03 12:00", "30", class_id="k2")

    assert story.figure("class.hours", "2026-03") == 0
    measurement = story.measure("class.hours", "2026-04")
    assert measurement.quantity == F(120, 60)
    assert reasons(measurement) == ["shorter_report"]


def test_class_hours_weigh_by_class(story: Story) -> None:
    story.trait("robot", person_class="test")
    attended(story, "robot", "2026-03-20 12:00", "90")

    measurement = story.measure("class.hours", "2026-03")
    assert (measurement.quantity, reasons(measurement)) == (0, ["weight_zero"])
