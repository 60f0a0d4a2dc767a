"""Who is idle, by hand and against a count of every single day."""

from datetime import date, timedelta
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from metering.policies import CountingPolicies, MemberPolicy
from tests.builders.story import Story, reasons

PLACE = {"verb": "read", "object_type": "post", "object_id": "1"}


def member(story: Story, who: str, since: str, until: str | None = None, community: str = "c") -> None:
    story.fact("membership.opened", who, f"{since}T09:00", community_id=community)
    if until:
        story.fact("membership.closed", who, f"{until}T09:00", community_id=community)


def acts(story: Story, who: str, *days: str) -> None:
    for day in days:
        story.fact("activity.performed", who, f"{day}T12:00", **PLACE)


def test_from_the_day_after_28_idle_days_a_member_is_idle_until_the_next_event():
    story = Story()
    member(story, "ann", "2025-01-01")
    acts(story, "ann", "2026-01-01", "2026-02-10")

    # Last seen on 1 January: the 2nd to the 29th are 28 days, the 30th and 31st are idle: 2 of 31.
    assert story.figure("members.idle", "2026-01") == Fraction(2, 31)
    # Idle from 1 to 9 February; from the 10th on 28 days must pass again.
    assert story.figure("members.idle", "2026-02") == Fraction(9, 28)
    assert [entry.reason for entry in story.measure("members.idle", "2026-02").entries] == ["idle"]


def test_somebody_new_is_not_idle_and_neither_is_a_login_an_act():
    story = Story()
    member(story, "bob", "2026-01-20")
    story.fact("session.started", "bob", "2026-01-25T12:00", session_id="s")
    member(story, "eve", "2025-01-01", "2026-02-15")

    january, february = (story.measure("members.idle", month) for month in ("2026-01", "2026-02"))

    # Eve never did anything; Bob joined on the 20th, so that from 18 February on his days are idle.
    assert january.quantity == 1
    assert reasons(january) == ["not_idle"]
    assert february.quantity == Fraction(15 + 11, 28)


def test_the_days_are_the_contracts_and_so_are_the_weights():
    story = Story(policies=CountingPolicies(members=MemberPolicy(idle_days=7)))
    member(story, "ann", "2025-01-01")
    member(story, "pat", "2025-01-01")
    story.trait("pat", audience="partner")
    acts(story, "ann", "2026-02-01")

    # Ann's 2nd to 8th are the 7 days, 20 are idle; Pat weighs 0.6 and is idle throughout.
    assert story.figure("members.idle", "2026-02") == Fraction(20, 28) + Fraction(6, 10)


def test_a_policy_without_idle_days_keeps_its_name():
    assert b"idle_days" not in msgspec.json.encode(MemberPolicy())
    assert MemberPolicy().idle_after == 28


FIRST = date(2026, 1, 1)
days = st.integers(0, 120).map(lambda number: (FIRST + timedelta(days=number)).isoformat())


@given(
    st.lists(st.tuples(days, st.integers(1, 120), st.sampled_from(["c", "d"])), min_size=1, max_size=3),
    st.lists(days, max_size=8),
    st.integers(1, 40),
)
def test_idle_days_are_those_that_a_calendar_shows(memberships, seen, idle_days):
    story = Story(policies=CountingPolicies(members=MemberPolicy(idle_days=idle_days)))
    member_on: set[date] = set()
    signs: set[date] = {date.fromisoformat(day) for day in seen}
    for number, (since, length, community) in enumerate(memberships):
        begins = date.fromisoformat(since)
        ends = begins + timedelta(days=length)
        member(story, "ann", since, ends.isoformat(), f"{community}{number}")
        member_on |= {begins + timedelta(days=n) for n in range(length + 1)}
        signs.add(begins)
    acts(story, "ann", *seen)

    for month, length in (("2026-02", 28), ("2026-03", 31), ("2026-04", 30)):
        first = date.fromisoformat(f"{month}-01")
        idle = 0
        for day in (first + timedelta(days=n) for n in range(length)):
            window = {day - timedelta(days=n) for n in range(idle_days + 1)}
            before = {sign for sign in signs if sign <= day}
            idle += day in member_on and bool(before) and not window & signs
        measured = story.figure("members.idle", month)
        assert measured == Fraction(idle, length)
        assert measured <= story.figure("members.registered.average", month)
