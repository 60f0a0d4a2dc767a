"""Readings: what a member weighs, by class and audience."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from metering.policies import DEFAULT_POLICIES, WeightPolicy
from tests.builders.story import Story, reasons

F = Fraction


def policies(**changes: object) -> object:
    return msgspec.structs.replace(DEFAULT_POLICIES, **changes)


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
