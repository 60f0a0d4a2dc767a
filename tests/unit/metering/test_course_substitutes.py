"""Readings: substitutes and transfers, who take over what was charged."""

from fractions import Fraction

from tests.builders.courses import CHARGED, NET, REFUNDED, ilt
from tests.builders.story import Story, reasons

F = Fraction


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
