"""Readings: what a cancelled course gives back."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from metering.courses.refunds import business_days
from metering.policies import OffsetRule, RefundPolicy
from tests.builders.courses import CHARGED, NET, REFUNDED, ilt, story_of, wbt
from tests.builders.story import Story, reasons

F = Fraction


@pytest.mark.parametrize(
    ("cancelled", "refunded"),
    [
        # The class is on Friday 20 March 2026, 09:00.
        ("2026-03-13 23:59", F(1)),  # Friday a week before: 5 business days (13, 16, 17, 18, 19)
        ("2026-03-14 10:00", F(1, 2)),  # Saturday: 4 (16 to 19)
        ("2026-03-16 00:00", F(1, 2)),  # Monday: 4
        ("2026-03-18 23:59", F(1, 2)),  # Wednesday: 2 (18, 19), though less than 48 hours
        ("2026-03-19 00:00", F(0)),  # Thursday: 1
        ("2026-03-20 08:59", F(0)),  # the same day
        ("2026-03-20 09:00", F(0)),  # from the start
        ("2026-03-25 09:00", F(0)),
    ],
)
def test_a_class_gives_back_by_business_days_before_it(story: Story, cancelled: str, refunded: Fraction) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", cancelled)

    assert story.figure(REFUNDED, "2026-03") == refunded
    assert story.figure(NET, "2026-03") == 1 - refunded


def test_holidays_are_no_business_days() -> None:
    story = Story(holidays=frozenset({date(2026, 3, 17)}))
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    # Friday the 13th, with a holiday on Tuesday: 4 business days (13, 16, 18, 19).
    ilt(story, "cancelled", "ann", "2026-03-13 10:00")

    assert story.figure(REFUNDED, "2026-03") == F(1, 2)


def test_business_days_over_weeks_and_holidays() -> None:
    # 2 March 2026 is a Monday: four weeks are 20, less Monday the 9th; the holiday on Sunday takes nothing.
    assert business_days(date(2026, 3, 2), date(2026, 3, 30), {date(2026, 3, 9), date(2026, 3, 15)}) == 19
    assert business_days(date(2026, 3, 30), date(2026, 3, 2), ()) == 0


def test_days_are_differences_of_local_dates() -> None:
    story = Story("America/New_York")
    # The class is on the 20th at noon; 23:00 on the 18th in New York, 2 business days before, is the 19th in UTC.
    ilt(story, "enrolled", "ann", "2026-03-01 10:00", class_starts_at="2026-03-20T16:00:00Z")
    ilt(story, "cancelled", "ann", "2026-03-18 23:00", class_starts_at=None)

    assert story.figure(REFUNDED, "2026-03") == F(1, 2)


def test_the_class_start_on_the_cancellation_wins(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    # The class was moved from the 20th to the 31st: 8 business days from the 19th.
    ilt(story, "cancelled", "ann", "2026-03-19 10:00", class_starts_at="2026-03-31T09:00:00+02:00")

    assert story.figure(REFUNDED, "2026-03") == 1


def test_a_plan_may_reckon_in_calendar_days() -> None:
    rules = {"ilt": RefundPolicy(before_class=(OffsetRule(7, "calendar_days", Decimal(80)),))}
    story = story_of(refunds=rules)
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", "2026-03-13 10:00")  # 7 days before the 20th

    assert story.figure(REFUNDED, "2026-03") == F(4, 5)


@pytest.mark.parametrize(("cancelled", "refunded"), [("2026-03-16 23:59", 1), ("2026-03-17 00:00", 0)])
def test_a_web_course_gives_back_up_to_14_days(story: Story, cancelled: str, refunded: int) -> None:
    # 2 March + 14 = 16 March.
    wbt(story, "enrolled", "ann", "2026-03-02 18:00")
    wbt(story, "cancelled", "ann", cancelled)

    assert story.figure(REFUNDED, "2026-03") == refunded


@pytest.mark.parametrize(
    ("step", "attributes", "refunded"),
    [
        ("launched", {"mode": "normal"}, 0),
        ("launched", {}, 0),
        ("launched", {"mode": "browse"}, 1),
        ("launched", {"mode": "review"}, 1),
        ("completed", {}, 0),
        ("completed", {"waived": True}, 1),
        ("completed", {"mode": "review"}, 1),
    ],
)
def test_a_web_course_that_was_begun_gives_nothing_back(
    story: Story, step: str, attributes: dict[str, Any], refunded: int
) -> None:
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")
    wbt(story, step, "ann", "2026-03-03 10:00", **attributes)
    wbt(story, "cancelled", "ann", "2026-03-04 10:00")

    assert story.figure(REFUNDED, "2026-03") == refunded


@pytest.mark.parametrize(("progress", "refunded"), [("0", 1), ("0.01", 0), (None, 1)])
def test_progress_on_the_cancellation_means_begun(story: Story, progress: str | None, refunded: int) -> None:
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")
    wbt(story, "cancelled", "ann", "2026-03-04 10:00", progress=progress)

    assert story.figure(REFUNDED, "2026-03") == refunded


def test_a_launch_at_the_instant_of_the_enrolment_begins_it_whatever_their_ids(story: Story) -> None:
    wbt(story, "launched", "ann", "2026-03-02 10:00")
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")
    wbt(story, "cancelled", "ann", "2026-03-03 10:00")

    assert story.figure(REFUNDED, "2026-03") == 0


def test_a_launch_before_the_enrolment_does_not_begin_it(story: Story) -> None:
    wbt(story, "launched", "ann", "2026-03-01 10:00")
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")
    wbt(story, "cancelled", "ann", "2026-03-03 10:00")

    assert story.figure(REFUNDED, "2026-03") == 1


def test_the_provider_always_gives_everything_back(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", "2026-03-20 12:00", by="provider")
    wbt(story, "enrolled", "bob", "2026-03-01 10:00")
    wbt(story, "launched", "bob", "2026-03-01 11:00")
    wbt(story, "cancelled", "bob", "2026-03-25 10:00", by="provider")

    assert story.figure(REFUNDED, "2026-03") == 2


def test_other_course_types_give_back_by_the_provider_only(story: Story) -> None:
    story.fact("course.enrolled", "ann", "2026-03-02 10:00", course_id="p", course_type="program")
    story.fact("course.cancelled", "ann", "2026-03-02 11:00", course_id="p", course_type="program")

    measurement = story.measure(REFUNDED, "2026-03")
    assert (measurement.quantity, reasons(measurement)) == (0, ["refund_zero"])


def test_a_refund_closes_the_transaction_and_the_next_trigger_charges_again(story: Story) -> None:
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")
    wbt(story, "cancelled", "ann", "2026-03-03 10:00")
    wbt(story, "enrolled", "ann", "2026-03-04 10:00")

    assert [story.figure(meter, "2026-03") for meter in (CHARGED, REFUNDED, NET)] == [2, 1, 1]


def test_a_refund_of_nothing_leaves_the_transaction_open(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-02 10:00")
    ilt(story, "cancelled", "ann", "2026-03-19 10:00")
    ilt(story, "enrolled", "ann", "2026-03-19 11:00")

    measurement = story.measure(NET, "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["refund_zero", "same_class"]


def test_a_refund_is_in_the_period_of_the_cancellation_and_names_its_origin(story: Story) -> None:
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-01", sales=1)
    wbt(story, "enrolled", "ann", "2026-02-27 10:00")
    wbt(story, "cancelled", "ann", "2026-03-03 10:00")

    assert [story.figure(CHARGED, month) for month in ("2026-02", "2026-03")] == [1, 0]
    assert [story.figure(NET, month) for month in ("2026-02", "2026-03")] == [1, -1]
    refund = story.measure(REFUNDED, "2026-03")
    assert refund.quantity == 1
    assert refund.entries[0].key("origin_period") == "2026-02-01"
    # The refund follows its trigger, which ops carried.
    assert refund.by_cost_centre() == {"ops": F(1)}


def test_the_override_of_the_trigger_holds_for_its_refund(story: Story) -> None:
    story.assign("ann", ops=1)
    wbt(story, "enrolled", "ann", "2026-03-02 10:00", cost_centre="project")
    wbt(story, "cancelled", "ann", "2026-03-03 10:00")

    assert story.measure(NET, "2026-03").by_cost_centre() == {"project": F(0)}


def test_at_one_instant_the_trigger_comes_before_the_cancellation(story: Story) -> None:
    wbt(story, "cancelled", "ann", "2026-03-02 10:00")
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")

    assert [story.figure(meter, "2026-03") for meter in (CHARGED, REFUNDED)] == [1, 1]


def test_a_cancellation_without_a_transaction_gives_nothing(story: Story) -> None:
    wbt(story, "cancelled", "ann", "2026-03-02 10:00", by="provider")

    measurement = story.measure(REFUNDED, "2026-03")
    assert (measurement.quantity, reasons(measurement)) == (0, ["no_transaction"])


def test_without_its_trigger_a_cancellation_gives_nothing(story: Story) -> None:
    # What a void of the trigger leaves behind.
    wbt(story, "enrolled", "ann", "2026-03-02 10:00")
    wbt(story, "cancelled", "ann", "2026-03-03 10:00")

    measurement = story.measure(REFUNDED, "2026-03", [f for f in story.facts if f.type != "course.enrolled"])
    assert measurement.quantity == 0
