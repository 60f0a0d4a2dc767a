"""Readings: course transactions, refunds, class hours, revenue."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from metering.courses.refunds import business_days
from metering.policies import DEFAULT_POLICIES, CoursePolicy, OffsetRule, RefundPolicy
from tests.builders.story import Story, reasons

F = Fraction
CHARGED, REFUNDED, NET = (f"courses.transactions.{name}" for name in ("charged", "refunded", "net"))


@pytest.fixture
def story() -> Story:
    return Story()


def story_of(**changes: Any) -> Story:
    return Story(policies=msgspec.structs.replace(DEFAULT_POLICIES, courses=CoursePolicy(**changes)))


def triggered_by(course_type: str, trigger: str, **changes: Any) -> Story:
    return story_of(triggers={**DEFAULT_POLICIES.courses.triggers, course_type: trigger}, **changes)


def wbt(story: Story, step: str, who: str, at: str, **attributes: Any) -> None:
    story.fact(f"course.{step}", who, at, **{"course_id": "w", "course_type": "wbt", **attributes})


def ilt(story: Story, step: str, who: str, at: str, **attributes: Any) -> None:
    defaults = {"course_id": "i", "course_type": "ilt", "class_id": "k", "class_starts_at": "2026-03-20T09:00:00+01:00"}
    story.fact(f"course.{step}", who, at, **{**defaults, **attributes})


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
def test_launches_to_browse_or_review_are_never_charged(mode: str) -> None:
    story = triggered_by("wbt", "launched")
    wbt(story, "launched", "ann", "2026-03-02 10:00", mode=mode)

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


# --- Refunds ----------------------------------------------------------------------------------------------


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


# --- Substitutes and transfers ---------------------------------------------------------------------------------


def test_a_substitute_is_free_and_takes_the_refund_right_over(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", "2026-03-19 10:00", substitute=story.identity("bob"))
    ilt(story, "enrolled", "bob", "2026-03-19 10:05")

    measurement = story.measure(NET, "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["same_class", "substituted"]


def test_what_a_substitute_cancels_in_time_is_given_back(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", "2026-03-02 10:00", substitute=story.identity("bob"))
    ilt(story, "cancelled", "bob", "2026-03-03 10:00")

    assert story.figure(NET, "2026-03") == 0


def test_a_substitute_who_holds_a_seat_in_the_class_makes_it_an_ordinary_cancellation(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "enrolled", "bob", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", "2026-03-02 10:00", substitute=story.identity("bob"))

    assert [story.figure(meter, "2026-03") for meter in (CHARGED, REFUNDED)] == [2, 1]


def test_who_was_substituted_is_charged_when_enrolling_again(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", "2026-03-02 10:00", substitute=story.identity("bob"))
    ilt(story, "enrolled", "ann", "2026-03-03 10:00")

    assert story.figure(NET, "2026-03") == 2


def test_a_substitutes_own_registration_belongs_to_the_transaction_taken_over(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00", registration="r1")
    ilt(story, "cancelled", "ann", "2026-03-02 10:00", registration="r1", substitute=story.identity("bob"))
    ilt(story, "enrolled", "bob", "2026-03-02 10:05", registration="r2")
    assert story.figure(NET, "2026-03") == 1

    ilt(story, "cancelled", "bob", "2026-03-03 10:00", registration="r2")
    assert story.figure(NET, "2026-03") == 0


def test_a_substitute_of_a_substitute_takes_it_over_too(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00")
    ilt(story, "cancelled", "ann", "2026-03-19 10:00", substitute=story.identity("bob"))
    ilt(story, "cancelled", "bob", "2026-03-19 11:00", substitute=story.identity("cyd"))
    ilt(story, "enrolled", "cyd", "2026-03-19 12:00")

    assert story.figure(NET, "2026-03") == 1


def test_a_transfer_is_a_cancellation_and_an_enrolment(story: Story) -> None:
    ilt(story, "enrolled", "ann", "2026-03-01 10:00", registration="r1")
    ilt(story, "cancelled", "ann", "2026-03-16 10:00", registration="r1")
    ilt(story, "enrolled", "ann", "2026-03-16 10:00", registration="r2", class_id="k2", transfer_of="r1")

    # 4 business days before: half of the first comes back; 1 − 0.5 + 1.
    measurement = story.measure(NET, "2026-03")
    assert measurement.quantity == F(3, 2)
    assert [entry.key("transfer_of") for entry in measurement.entries] == [None, "r1", None]


# --- Class hours and revenue ---------------------------------------------------------------------------------------


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


def test_revenue_is_net_of_refunds_by_event_date_and_takes_all_buyers(story: Story) -> None:
    story.trait("buyer", person_class="anonymous", audience="public")
    story.fact("course.purchased", "buyer", "2026-03-02 10:00", course_id="c", amount="49.90", currency="EUR")
    story.fact("course.purchased", "ann", "2026-03-03 10:00", course_id="c", amount="10", currency="EUR")
    story.fact("course.refunded", "buyer", "2026-04-02 10:00", course_id="c", amount="49.90", currency="EUR")

    assert story.figure("courses.revenue", "2026-03") == F(5990, 100)
    assert story.figure("courses.revenue", "2026-04") == F(-4990, 100)


def test_revenue_is_told_apart_by_currency(story: Story) -> None:
    story.fact("course.purchased", "ann", "2026-03-02 10:00", course_id="c", amount="10", currency="EUR")
    story.fact("course.purchased", "ann", "2026-03-03 10:00", course_id="c", amount="900", currency="JPY")

    assert story.measure("courses.revenue", "2026-03").by_key("currency") == {"EUR": F(10), "JPY": F(900)}
