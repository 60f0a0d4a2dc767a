"""Readings: which cost centres carry members."""

from fractions import Fraction

from tests.builders.story import Story

F = Fraction


def test_members_are_attributed_day_by_day(story: Story) -> None:
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-11", sales=1)
    story.fact("membership.opened", "ann", "2026-02-01 00:00", community_id="c")

    # A move on the 11th changes nothing before it: 10 days ops, 21 sales.
    measurement = story.measure("members.registered.average", "2026-03")
    assert measurement.by_cost_centre() == {"ops": F(10, 31), "sales": F(21, 31)}
    assert len(measurement.entries) == 1


def test_a_day_without_an_assignment_is_unassigned(story: Story) -> None:
    story.assign("ann", since="2026-03-11", ops=1)
    story.fact("membership.opened", "ann", "2026-02-01 00:00", community_id="c")

    assert story.measure("members.registered.average", "2026-03").by_cost_centre() == {
        None: F(10, 31),
        "ops": F(21, 31),
    }


def test_shares_are_normalised_weights(story: Story) -> None:
    story.assign("ann", ops=3, sales=1)
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")

    assert story.measure("members.active", "2026-03").by_cost_centre() == {"ops": F(3, 4), "sales": F(1, 4)}


def test_active_members_are_attributed_by_the_fact_that_counted(story: Story) -> None:
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-10", sales=1)
    story.fact("activity.performed", "ann", "2026-03-20 10:00", verb="read")
    story.fact("activity.performed", "ann", "2026-03-09 10:00", verb="read")

    # Of equal weight the earliest counts: the 9th, when ops carried her.
    assert story.measure("members.active", "2026-03").by_cost_centre() == {"ops": F(1)}


def test_the_local_day_decides_who_carries_a_fact() -> None:
    story = Story("America/New_York")
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-10", sales=1)
    # 23:30 on the 9th in New York is the 10th in UTC.
    story.fact("activity.performed", "ann", "2026-03-09 23:30", verb="read")

    assert story.measure("members.active", "2026-03").by_cost_centre() == {"ops": F(1)}


def test_the_peak_is_attributed_by_its_day(story: Story) -> None:
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-20", sales=1)
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.opened", "bob", "2026-03-21 00:00", community_id="c")

    assert story.measure("members.registered.peak", "2026-03").by_cost_centre() == {"sales": F(1), None: F(1)}
