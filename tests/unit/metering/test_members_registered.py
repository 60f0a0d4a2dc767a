"""Readings: registered members."""

from fractions import Fraction

from tests.builders.story import Story, reasons

F = Fraction


def test_average_is_member_days_divided_by_days(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.opened", "bob", "2026-03-22 12:00", community_id="c")

    # March: Ann 31 days, Bob the 22nd to the 31st = 10 days; 41/31.
    assert story.figure("members.registered.average", "2026-03") == F(41, 31)


def test_a_membership_open_at_any_instant_of_a_day_is_a_member_day(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-10 23:59:59", community_id="c")
    story.fact("membership.closed", "ann", "2026-03-11 00:00:01", community_id="c")

    # Two seconds long, but they touch the 10th and the 11th.
    assert story.figure("members.registered.average", "2026-03") == F(2, 31)


def test_a_membership_closed_at_midnight_does_not_touch_the_new_day(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-10 12:00", community_id="c")
    story.fact("membership.closed", "ann", "2026-03-11 00:00", community_id="c")

    assert story.figure("members.registered.average", "2026-03") == F(1, 31)


def test_a_person_in_several_communities_counts_once(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="d")
    story.fact("membership.closed", "ann", "2026-03-16 00:00", community_id="c")

    # Through d she is a member on all 31 days.
    assert story.figure("members.registered.average", "2026-03") == 1
    assert story.figure("members.registered.any", "2026-03") == 1


def test_memberships_of_earlier_months_go_on(story: Story) -> None:
    story.fact("membership.opened", "ann", "2024-01-05 08:00", community_id="c")

    assert story.figure("members.registered.average", "2026-03") == 1


def test_peak_is_the_highest_day(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.closed", "ann", "2026-03-10 12:00", community_id="c")
    story.fact("membership.opened", "bob", "2026-03-10 13:00", community_id="c")
    story.fact("membership.opened", "cyd", "2026-03-20 00:00", community_id="c")

    # The 10th: Ann and Bob, each at some instant of it; from the 20th: Bob and Cyd. The first of equals.
    peak = story.measure("members.registered.peak", "2026-03")
    assert peak.quantity == 2
    assert {entry.person_id for entry in peak.entries} == {story.person("ann"), story.person("bob")}
    assert reasons(peak) == ["not_then"]


def test_end_of_period_is_the_last_instant(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.closed", "ann", "2026-03-31 23:59", community_id="c")
    story.fact("membership.opened", "bob", "2026-03-31 23:59:59", community_id="c")
    story.fact("membership.opened", "cyd", "2026-04-01 00:00", community_id="c")

    measurement = story.measure("members.registered.end_of_period", "2026-03")
    assert [entry.person_id for entry in measurement.entries] == [story.person("bob")]


def test_any_counts_everyone_who_was_a_member(story: Story) -> None:
    for who, day in (("ann", "03"), ("bob", "20")):
        story.fact("membership.opened", who, f"2026-03-{day} 10:00", community_id="c")
        story.fact("membership.closed", who, f"2026-03-{day} 11:00", community_id="c")

    assert story.figure("members.registered.any", "2026-03") == 2
    assert story.figure("members.registered.peak", "2026-03") == 1


def test_at_one_instant_a_close_comes_before_an_open(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.opened", "ann", "2026-03-10 00:00", community_id="c")
    story.fact("membership.closed", "ann", "2026-03-10 00:00", community_id="c")

    # Closed and opened again at the same instant, whatever their ids: a member all month.
    assert story.figure("members.registered.average", "2026-03") == 1


def test_a_close_without_an_open_is_ignored(story: Story) -> None:
    story.fact("membership.closed", "ann", "2026-03-02 00:00", community_id="c")
    story.fact("membership.opened", "ann", "2026-03-22 00:00", community_id="c")

    assert story.figure("members.registered.average", "2026-03") == F(10, 31)


def test_leaving_ends_memberships_at_that_instant_and_a_rehire_restores_nothing(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("person.deactivated", "ann", "2026-03-10 12:00")
    story.fact("session.started", "ann", "2026-03-20 09:00", session_id="s")

    assert story.figure("members.registered.average", "2026-03") == F(10, 31)


def test_a_membership_opened_after_a_rehire_counts(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("person.deactivated", "ann", "2026-03-10 12:00")
    story.fact("membership.opened", "ann", "2026-03-22 09:00", community_id="c")

    # 10 days before, 10 days after.
    assert story.figure("members.registered.average", "2026-03") == F(20, 31)


def test_leaving_by_the_persons_record_ends_memberships_too(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.left("ann", "2026-03-10 12:00")

    assert story.figure("members.registered.average", "2026-03") == F(10, 31)


def test_merged_people_count_once_throughout(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.opened", "a.smith", "2026-03-01 00:00", community_id="d")
    story.merge("a.smith", into="ann")

    measurement = story.measure("members.registered.average", "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["duplicate_person"]


def test_closing_one_account_of_a_merged_person_leaves_the_other_open(story: Story) -> None:
    story.fact("membership.opened", "ann", "2026-03-01 00:00", community_id="c")
    story.fact("membership.opened", "a.smith", "2026-03-01 00:00", community_id="c")
    story.merge("a.smith", into="ann")
    story.fact("membership.closed", "a.smith", "2026-03-05 12:00", community_id="c")

    assert story.figure("members.registered.average", "2026-03") == 1


def test_zero_length_days_do_not_count() -> None:
    story = Story("Pacific/Apia")
    story.fact("membership.opened", "ann", "2011-12-29 10:00", community_id="c")
    story.fact("membership.closed", "ann", "2011-12-31 10:00", community_id="c")

    # Apia skipped 30 December 2011: the month has 30 days, and Ann is a member on two, the 29th and 31st.
    assert story.figure("members.registered.average", "2011-12") == F(2, 30)


def test_days_of_23_and_a_half_hours_count_as_days() -> None:
    story = Story("Australia/Lord_Howe")
    story.fact("membership.opened", "ann", "2020-10-04 01:00", community_id="c")

    # The clocks went forward by half an hour on 4 October 2020; 28 of 31 days.
    assert story.figure("members.registered.average", "2020-10") == F(28, 31)


def test_a_midnight_that_does_not_exist_starts_the_day_an_hour_later() -> None:
    story = Story("America/Sao_Paulo")
    # On 4 November 2018 the clocks went from 00:00 to 01:00: 01:00 is the day's first instant.
    story.fact("membership.opened", "ann", "2018-11-01 00:00", community_id="c")
    story.fact("membership.closed", "ann", "2018-11-04 01:00", community_id="c")

    assert story.figure("members.registered.average", "2018-11") == F(3, 30)
