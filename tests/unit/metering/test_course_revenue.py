"""Readings: revenue of courses."""

from fractions import Fraction

from tests.builders.story import Story

F = Fraction


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
