"""Readings: weights, registered, active, contributors."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from metering.policies import DEFAULT_POLICIES, MemberPolicy, WeightPolicy
from tests.builders.story import Story, reasons

F = Fraction


@pytest.fixture
def story() -> Story:
    return Story()


def policies(**changes: object) -> object:
    return msgspec.structs.replace(DEFAULT_POLICIES, **changes)


# --- Registered ------------------------------------------------------------------------------------


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


# --- Weights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "weight"), [("employee", F(1)), ("partner", F(3, 5)), ("customer", F(3, 10)), ("public", F(0))]
)
def test_audiences_weigh_by_the_catalogue_where_no_plan_is_bound(story: Story, audience: str, weight: Fraction) -> None:
    story.trait("ann", audience=audience)
    story.fact("membership.opened", "ann", "2026-02-01 00:00", community_id="c")
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")

    assert story.figure("members.registered.average", "2026-03") == weight
    assert story.figure("members.active", "2026-03") == weight


@pytest.mark.parametrize(("person_class", "weight"), [("guest", 1), ("anonymous", 0), ("service", 0), ("test", 0)])
def test_guests_weigh_one_and_machines_nothing(story: Story, person_class: str, weight: int) -> None:
    story.trait("ann", person_class=person_class)
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")

    measurement = story.measure("members.active", "2026-03")
    assert measurement.quantity == weight
    assert reasons(measurement) == ([] if weight else ["weight_zero"])


def test_weight_is_class_times_audience() -> None:
    weights = WeightPolicy(classes={"guest": Decimal("0.5")}, audiences={"partner": Decimal("0.6")})
    story = Story(policies=policies(weights=weights))
    story.trait("ann", person_class="guest", audience="partner")
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")

    assert story.figure("members.active", "2026-03") == F(3, 10)


def test_audience_weights_act_in_members_meters_only(story: Story) -> None:
    story.trait("ann", audience="customer")
    story.fact("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")
    story.fact("seat.assigned", "ann", "2026-03-01 00:00", pool="p")
    story.fact("course.enrolled", "ann", "2026-03-02 10:00", course_id="c", course_type="wbt")

    assert story.figure("members.contributors", "2026-03") == F(3, 10)
    assert story.figure("contributions", "2026-03") == 1
    assert story.figure("seats.named.peak", "2026-03") == 1
    assert story.figure("courses.transactions.charged", "2026-03") == 1


def test_a_person_of_several_audiences_counts_by_the_heaviest_fact(story: Story) -> None:
    story.assign("ann", ops=1)
    story.fact("activity.performed", "ann", "2026-03-02 10:00", audience="customer", cost_centre="early")
    story.fact("activity.performed", "ann", "2026-03-09 10:00", audience="partner", cost_centre="heavy")
    story.fact("activity.performed", "ann", "2026-03-16 10:00", audience="partner", cost_centre="late")

    # 0.6 beats 0.3; of two partner facts the earlier one, whose own cost centre comes before Ann's.
    measurement = story.measure("members.active", "2026-03")
    assert measurement.quantity == F(3, 5)
    assert measurement.by_cost_centre() == {"heavy": F(3, 5)}


def test_of_equal_facts_at_one_instant_source_and_then_id_decide(story: Story) -> None:
    story.fact("activity.performed", "ann", "2026-03-02 10:00", source="b", event_id="1", cost_centre="b1")
    story.fact("activity.performed", "ann", "2026-03-02 10:00", source="a", event_id="2", cost_centre="a2")
    story.fact("activity.performed", "ann", "2026-03-02 10:00", source="a", event_id="1", cost_centre="a1")

    assert story.measure("members.active", "2026-03").by_cost_centre() == {"a1": F(1)}


def test_before_the_first_known_audience_the_first_known_one_holds(story: Story) -> None:
    story.trait("ann", since="2026-03-20", audience="partner")
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")

    assert story.figure("members.active", "2026-03") == F(3, 5)


def test_a_member_whose_audience_changes_weighs_day_by_day(story: Story) -> None:
    story.trait("ann", audience="partner")
    story.trait("ann", since="2026-03-11", audience="employee")
    story.fact("membership.opened", "ann", "2026-02-01 00:00", community_id="c")

    # 10 days at 0.6 and 21 days at 1 = 27; an entry for each audience.
    measurement = story.measure("members.registered.average", "2026-03")
    assert measurement.quantity == F(27, 31)
    assert measurement.by_key("audience") == {"partner": F(6, 31), "employee": F(21, 31)}


def test_on_the_day_of_a_change_the_heavier_audience_counts(story: Story) -> None:
    story.trait("ann", audience="partner")
    story.trait("ann", since="2026-03-11 15:00", audience="employee")
    story.fact("membership.opened", "ann", "2026-02-01 00:00", community_id="c")

    # The 11th is a day of both: 10 days at 0.6, 21 at 1.
    assert story.figure("members.registered.average", "2026-03") == F(27, 31)


def test_of_a_merged_person_the_survivors_class_and_audience_hold(story: Story) -> None:
    story.trait("ann", audience="partner")
    story.trait("a.smith", audience="employee")
    story.merge("a.smith", into="ann")
    story.fact("activity.performed", "a.smith", "2026-03-02 10:00", verb="read")

    assert story.figure("members.active", "2026-03") == F(3, 5)


# --- Active --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "attributes", "counts"),
    [
        ("activity.performed", {"verb": "viewed"}, True),
        ("contribution.created", {"kind": "rating"}, True),
        ("course.launched", {"mode": "normal"}, True),
        ("course.launched", {"mode": "browse"}, True),
        ("course.launched", {"mode": "review"}, True),
        ("course.completed", {}, True),
        ("course.completed", {"waived": True}, False),
        ("class.attended", {}, True),
        ("class.missed", {}, False),
        ("course.enrolled", {}, False),
        ("session.started", {}, False),
        ("contribution.accepted", {}, False),
    ],
)
def test_what_makes_active(story: Story, kind: str, attributes: dict[str, object], counts: bool) -> None:
    story.fact(kind, "ann", "2026-03-02 10:00", **attributes)

    assert story.figure("members.active", "2026-03") == (1 if counts else 0)


def test_a_login_counts_only_if_the_policy_says_so() -> None:
    story = Story(policies=policies(members=MemberPolicy(active_types=("session.started",))))
    story.fact("session.started", "ann", "2026-03-02 10:00", session_id="s")
    story.fact("activity.performed", "bob", "2026-03-02 10:00", verb="read")

    measurement = story.measure("members.active", "2026-03")
    assert [entry.person_id for entry in measurement.entries] == [story.person("ann")]
    assert reasons(measurement) == ["no_qualifying_event"]


def test_fewer_events_than_the_policy_asks_for_do_not_make_active() -> None:
    story = Story(policies=policies(members=MemberPolicy(min_events=2)))
    for who, number in (("ann", 2), ("bob", 1)):
        for hour in range(number):
            story.fact("activity.performed", who, f"2026-03-02 1{hour}:00", verb="read")

    measurement = story.measure("members.active", "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["too_few_events"]


def test_deleting_the_account_later_changes_nothing(story: Story) -> None:
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")
    story.fact("person.deactivated", "ann", "2026-03-03 10:00")

    assert story.figure("members.active", "2026-03") == 1


def test_a_person_with_two_identities_is_one_active_member(story: Story) -> None:
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")
    story.fact("activity.performed", "a.smith", "2026-03-03 10:00", verb="read")
    story.merge("a.smith", into="ann")

    measurement = story.measure("members.active", "2026-03")
    assert measurement.quantity == 1
    assert reasons(measurement) == ["duplicate_person"]


def test_the_start_of_a_period_is_in_it_and_the_end_is_not(story: Story) -> None:
    story.fact("activity.performed", "ann", "2026-03-01 00:00", verb="read")
    story.fact("activity.performed", "bob", "2026-04-01 00:00", verb="read")

    assert [e.person_id for e in story.measure("members.active", "2026-03").entries] == [story.person("ann")]


# --- Contributors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["post", "answer", "comment", "wiki_edit", "blog", "idea", "upload", "rating", "forecast"]
)
def test_every_kind_of_contribution_makes_a_contributor(story: Story, kind: str) -> None:
    story.fact("contribution.created", "ann", "2026-03-02 10:00", kind=kind, object_id="1")

    assert story.figure("members.contributors", "2026-03") == 1


def test_contributions_weigh_one_each_unless_the_policy_says_otherwise() -> None:
    story = Story(policies=policies(members=MemberPolicy(kind_weights={"rating": Decimal("0.1"), "blog": Decimal(0)})))
    for number, kind in enumerate(("post", "rating", "rating", "blog")):
        story.fact("contribution.created", "ann", f"2026-03-0{number + 1} 10:00", kind=kind, object_id=str(number))

    # 1 + 0.1 + 0.1 + 0
    measurement = story.measure("contributions", "2026-03")
    assert measurement.quantity == F(12, 10)
    assert reasons(measurement) == ["weight_zero"]


def test_readers_are_seen_but_no_contributors(story: Story) -> None:
    story.fact("activity.performed", "ann", "2026-03-02 10:00", verb="read")
    story.fact("contribution.created", "bob", "2026-03-02 10:00", kind="post", object_id="1")

    measurement = story.measure("members.contributors", "2026-03")
    assert [e.person_id for e in measurement.entries] == [story.person("bob")]
    assert reasons(measurement) == ["no_qualifying_event"]


# --- Attribution -------------------------------------------------------------------------------------------


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
