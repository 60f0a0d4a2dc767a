"""Readings: active members and contributors."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from metering.policies import DEFAULT_POLICIES, MemberPolicy
from tests.builders.story import Story, reasons

F = Fraction


def policies(**changes: object) -> object:
    return msgspec.structs.replace(DEFAULT_POLICIES, **changes)


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
