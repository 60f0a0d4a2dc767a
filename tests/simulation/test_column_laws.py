"""A figure from columns is the figure of the meter, and so are its parts by key; in numpy or not at all."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.periods import Period
from metering.columns.courses import GROUPED_BY
from metering.columns.grounds import ColumnGrounds, Crowd, columns_of
from metering.columns.registry import COLUMN_METERS
from metering.grounds import Grounds
from metering.measurement import Entry, Measurement
from metering.policies import CountingPolicies, CoursePolicy, MemberPolicy, SessionPolicy, WeightPolicy
from metering.registry import METERS
from tests.builders.story import Story
from tests.simulation.test_metering_laws import PEOPLE, START, told

WHO = st.sampled_from(["ann", "bob", "a.smith"])
SOON = st.integers(0, 16 * 12).map(lambda quarters: START + timedelta(minutes=15 * quarters))
"""Two days of quarters of an hour: what people do overlaps, and comes at one instant."""
LATER = st.integers(0, 24 * 4).map(lambda hours: START + timedelta(hours=3 * hours))
"""Twelve days."""
POLICIES = st.builds(
    CountingPolicies,
    weights=st.just(WeightPolicy(classes={"guest": Decimal("0.5"), "service": Decimal(0)})),
    members=st.builds(
        MemberPolicy,
        active_types=st.sampled_from([("activity.performed",), ("course.completed", "contribution.created")]),
        min_events=st.integers(1, 3),
        kind_weights=st.sampled_from([{}, {"post": Decimal("0.5")}, {"rating": Decimal(3)}]),
    ),
    sessions=st.builds(
        SessionPolicy,
        timeout_s=st.sampled_from([900, 7_200]),
        max_session_s=st.sampled_from([3_600, 86_400]),
        count_by=st.sampled_from(["person", "person_device", "session"]),
        leased_pools=st.sampled_from([{}, {"1": "2026-03-02"}]),
    ),
    courses=st.builds(
        CoursePolicy,
        triggers=st.sampled_from([{"wbt": "launched", "ilt": "enrolled"}, {"wbt": "enrolled", "ilt": "attended"}]),
        access_window_days=st.integers(1, 4),
        no_show_billable=st.booleans(),
    ),
)
"""Few values of each kind, so that keys meet again."""
ONE, TYPES = st.sampled_from("12"), st.sampled_from(["wbt", "ilt"])
AUDIENCE = st.fixed_dictionaries({}, optional={"audience": st.sampled_from(["partner", "customer", "public"])})
SUITE = st.just("suite")


def some(*kinds: st.SearchStrategy, when: st.SearchStrategy[datetime], most: int) -> st.SearchStrategy[list]:
    return st.lists(st.tuples(st.one_of(*kinds), WHO, when, AUDIENCE, SUITE), min_size=2, max_size=most)


SESSIONS = some(
    told(["session.started"], session_id=st.sampled_from("abcdef"), may_device_id=ONE, may_pool=st.sampled_from("12")),
    told(["session.heartbeat", "session.ended"], session_id=st.sampled_from("abcdef")),
    when=SOON, most=25,
)  # fmt: skip
STEP = {"course_id": ONE, "may_registration": ONE, "may_class_id": ONE}
COURSES = some(
    told(
        ["course.launched", "course.enrolled", "course.completed"], **STEP, course_type=TYPES,
        may_mode=st.just("browse"), may_waived=st.booleans(),
    ),
    told(["class.attended", "class.missed"], course_id=ONE, class_id=ONE),
    when=LATER, most=20,
)  # fmt: skip
CANCELLED = some(
    told(["course.launched", "course.enrolled"], course_id=ONE, course_type=TYPES, may_class_id=ONE),
    told(
        ["course.cancelled"], course_id=ONE, course_type=TYPES, may_class_id=ONE,
        may_by=st.just("provider"), may_substitute=st.integers(1, 3),
    ),
    when=LATER, most=20,
)  # fmt: skip
ACTS = some(
    told(["activity.performed"]), told(["contribution.created"], kind=st.sampled_from(["post", "rating", "blog"])),
    told(["course.completed"], may_waived=st.booleans(), course_id=ONE, course_type=TYPES), when=LATER, most=20,
)  # fmt: skip


def a_story(events: list) -> Story:
    story = Story("UTC")
    for who in PEOPLE:
        story.identity(who)
    story.merge("a.smith", into="ann")
    story.trait("robot", person_class="service")
    story.trait("bob", audience="partner")
    story.trait("bob", since="2026-03-01 18:00", person_class="guest", audience="customer")
    story.trait("bob", since="2026-03-05 12:00", person_class="member")
    for (event_type, attributes), who, at, overrides, source in events:
        story.fact(event_type, who, at, source=source, **attributes, **overrides)
    return story


def in_columns(story: Story, meter: str, names: Collection[str]):
    """The reader from columns, or None."""
    grounds, spec, how = story.grounds(), METERS[meter], COLUMN_METERS[meter]

    def grounds_of(identities: Collection[int]) -> Grounds:
        return story.grounds([fact for fact in story.facts if fact.identity_id in identities])

    types = how.fact_types(spec, story.policies)
    columns = columns_of([fact for fact in story.facts if fact.type in types], how.shared, how.own)
    crowd = Crowd(grounds.directory.people)
    return how.reader(ColumnGrounds(columns, crowd, story.policies, story.tz, story.now, grounds_of), tuple(names))


def by_keys(entries: Collection[Entry], names: Collection[str]) -> Counter:
    parts: Counter = Counter()
    for entry in entries:
        parts[tuple(entry.key(name) for name in names)] += entry.quantity
    return Counter({keys: part for keys, part in parts.items() if part})


@pytest.mark.parametrize(
    ("events", "family", "length_h"),
    [(SESSIONS, "sessions", 48), (COURSES, "courses", 288), (CANCELLED, "courses", 288),
     (ACTS, "members", 288), (ACTS, "contributions", 288)],
    ids=["sessions", "courses", "cancelled", "members", "contributions"],
)  # fmt: skip
def test_a_figure_from_columns_is_that_of_the_facts(events, family: str, length_h: int) -> None:
    @settings(max_examples=60, deadline=None)
    @given(
        events=events,
        policies=POLICIES,
        hours=st.tuples(st.integers(-2, length_h // 2), st.integers(length_h // 4, length_h)),
        names=st.sets(st.sampled_from(GROUPED_BY)),
        now=st.none() | LATER,
    )
    def law(events: list, policies: CountingPolicies, hours: tuple[int, int], names: set[str], now) -> None:
        story = a_story(events)
        story.policies, story.now = policies, now
        first = START + timedelta(hours=hours[0])
        period = Period(first, first + timedelta(hours=hours[1]))
        for meter in COLUMN_METERS:
            if METERS[meter].family == family:
                assert_columns_tell(story, meter, period, sorted(names))

    law()


def assert_columns_tell(story: Story, meter: str, period: Period, names: Collection[str]) -> None:
    spec = METERS[meter]
    span = spec.span(period, story.policies)
    # What `measure` reads for exactly this period.
    facts = [fact for fact in story.facts if inside(fact.occurred_at, span.since, span.until)]
    measured: Measurement = spec.reader(story.grounds(facts))(period)
    for keys in ((), names):
        read = in_columns(story, meter, keys)
        if read is not None:
            found = read(period)
            assert (found.meter, found.period, found.unit) == (meter, period, measured.unit)
            assert found.quantity == measured.quantity
            if keys:
                assert by_keys(found.entries, keys) == by_keys(measured.entries, keys)


def inside(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


@pytest.mark.parametrize("meter", COLUMN_METERS)
def test_columns_tell_every_meter_that_they_name(meter: str) -> None:
    """Without this the law above would hold of readers that are never there."""
    story = Story("UTC")
    for who in PEOPLE:
        story.fact("session.started", who, START, session_id=who)
        story.fact("course.enrolled", who, START, course_id="1", course_type="wbt")
        story.fact("activity.performed", who, START)
    story.fact("course.cancelled", PEOPLE[0], START + timedelta(days=1), course_id="1", course_type="wbt")

    assert in_columns(story, meter, ()) is not None
    if meter.startswith("courses."):
        assert in_columns(story, meter, GROUPED_BY) is not None


def test_two_logins_of_one_session_at_one_instant_are_left_to_the_senders_ids() -> None:
    story = Story("UTC")
    story.fact("session.started", "ann", START, session_id="1")
    story.fact("session.started", "bob", START, session_id="1")

    assert in_columns(story, "sessions.concurrent.peak", ()) is None


def test_edges_that_chance_seldom_meets() -> None:
    hour = timedelta(hours=1)
    story = Story("UTC", policies=CountingPolicies(courses=CoursePolicy(access_window_days=2)))
    for days in (0, 1, 2, 3, 4):  # the window is half-open: the third and the fifth day charge again
        story.fact("course.enrolled", "ann", START + timedelta(days=days), course_id="1", course_type="wbt")
    assert_columns_tell(story, "courses.transactions.charged", Period(START, START + timedelta(days=9)), ["class"])
    assert story.figure("courses.transactions.charged", Period(START, START + timedelta(days=9))) == 3

    story = Story("UTC", policies=CountingPolicies(weights=WeightPolicy(classes={"guest": Decimal("0.5")})))
    story.trait("ann", person_class="member")
    story.trait("ann", since="2026-03-01 06:00", person_class="guest")
    story.fact("session.started", "ann", START + 5 * hour, session_id="1")  # the heavier one while both are open
    story.fact("session.ended", "ann", START + 7 * hour, session_id="1")
    story.fact("session.started", "ann", START + 6 * hour, session_id="2")
    story.fact("session.ended", "ann", START + 8 * hour, session_id="2")
    story.fact("session.started", "bob", START + 6 * hour, session_id="3")
    story.fact("session.ended", "bob", START + 6 * hour, session_id="3")  # over as it begins
    for statistic in ("peak", "average"):
        assert_columns_tell(story, f"sessions.concurrent.{statistic}", Period(START, START + 24 * hour), [])
    assert story.figure("sessions.concurrent.average", Period(START, START + 24 * hour)) == Fraction(5, 48)
