"""Laws of all meters: order changes nothing, parts add up, and naive twins agree."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.periods import Period
from metering.facts import Fact
from metering.measurement import Measurement, split_by
from metering.policies import DEFAULT_POLICIES, SeatPolicy, SessionPolicy
from metering.registry import METERS
from tenants.people import People
from tests.builders.story import Story

F = Fraction
START = datetime(2026, 3, 1, tzinfo=UTC)
MARCH = Period(START, datetime(2026, 4, 1, tzinfo=UTC))
PEOPLE = ("ann", "bob", "a.smith", "robot")

WHO = st.sampled_from(PEOPLE)
WHEN = st.integers(-24 * 20, 24 * 40).map(lambda hours: START + timedelta(hours=hours))
OVERRIDES = st.fixed_dictionaries(
    {}, optional={"audience": st.sampled_from(["partner", "customer"]), "cost_centre": st.sampled_from(["x", "y"])}
)


def told(kinds: list[str], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[str, dict[str, object]]]:
    optional = {name: value for name, value in fields.items() if name.startswith("may_")}
    given_fields = {name: value for name, value in fields.items() if name not in optional}
    data = st.fixed_dictionaries(given_fields, optional={name[4:]: value for name, value in optional.items()})
    return st.tuples(st.sampled_from(kinds), data)


ONE_OR_TWO = st.sampled_from(["1", "2"])
CLASS_START = st.sampled_from(["2026-03-10T09:00:00+00:00", "2026-03-25T09:00:00+00:00"])
EVENT = st.one_of(
    told(["membership.opened", "membership.closed"], community_id=ONE_OR_TWO),
    told(["seat.assigned", "seat.released"], pool=ONE_OR_TWO),
    told(["session.started", "session.heartbeat", "session.ended"], session_id=ONE_OR_TWO, may_device_id=ONE_OR_TWO),
    told(["person.deactivated", "activity.performed"]),
    told(["contribution.created"], kind=st.sampled_from(["post", "rating"])),
    told(
        ["course.enrolled", "course.launched", "course.completed", "course.cancelled"],
        course_id=ONE_OR_TWO,
        course_type=st.sampled_from(["wbt", "ilt", "simulation"]),
        may_registration=ONE_OR_TWO,
        may_class_id=ONE_OR_TWO,
        may_class_starts_at=CLASS_START,
        may_mode=st.just("browse"),
        may_waived=st.just(True),
        may_by=st.sampled_from(["learner", "provider"]),
        may_substitute=st.integers(1, len(PEOPLE)),
    ),
    told(["class.attended"], course_id=ONE_OR_TWO, class_id=ONE_OR_TWO, minutes=st.sampled_from(["30", "45.5"])),
    told(
        ["course.purchased", "course.refunded"], course_id=ONE_OR_TWO, amount=st.just("9.99"), currency=st.just("EUR")
    ),
)
EVENTS = st.lists(st.tuples(EVENT, WHO, WHEN, OVERRIDES, st.sampled_from(["suite", "lms"])), max_size=40)


def story_of(events: list[tuple[tuple[str, dict[str, object]], str, datetime, dict[str, str], str]]) -> Story:
    story = Story("UTC", policies=msgspec.structs.replace(DEFAULT_POLICIES, seats=SeatPolicy(cooldown_days=5)))
    for who in PEOPLE:
        story.identity(who)
    story.merge("a.smith", into="ann")
    story.trait("robot", person_class="service")
    story.trait("bob", audience="partner")
    story.trait("bob", since="2026-03-12 12:00", audience="customer")
    story.assign("ann", ops=1)
    story.assign("ann", since="2026-03-08", ops=1, sales=2)
    for (event_type, attributes), who, at, overrides, source in events:
        story.fact(event_type, who, at, source=source, **attributes, **overrides)
    return story


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_no_order_of_the_facts_changes_any_figure_or_its_grounds(events: list[object], random: object) -> None:
    story = story_of(events)  # type: ignore[arg-type]
    shuffled: list[Fact] = list(story.facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    for meter in METERS:
        assert story.measure(meter, MARCH, shuffled) == story.measure(meter, MARCH)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 30 * 24), st.integers(1, 24 * 31))
def test_the_bare_figure_is_that_of_the_measurement(events: list[object], start: int, length: int) -> None:
    grounds = story_of(events).grounds()  # type: ignore[arg-type]
    first = START + timedelta(hours=start)
    period = Period(first, first + timedelta(hours=length))

    for spec in METERS.values():
        read = spec.reader(grounds)
        assert read.figure(period) == read(period).quantity


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_entries_are_the_figure_and_shares_sum_to_one(events: list[object]) -> None:
    story = story_of(events)  # type: ignore[arg-type]

    for meter, spec in METERS.items():
        measurement = story.measure(meter, MARCH)
        assert all(sum(share for _, share in entry.cost_centres) == 1 for entry in measurement.entries)
        if spec.family != "sessions":
            assert sum(entry.quantity for entry in measurement.entries) == measurement.quantity
        if measurement.by_cost_centre():
            for dimension in spec.dimensions:
                assert sum(split_by(measurement, dimension).values()) == measurement.quantity


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.lists(st.integers(1, 31 * 24 - 1), max_size=4, unique=True))
def test_additive_figures_of_parts_sum_to_the_whole(events: list[object], cuts: list[int]) -> None:
    story = story_of(events)  # type: ignore[arg-type]
    edges = [MARCH.starts_at, *(START + timedelta(hours=cut) for cut in sorted(cuts)), MARCH.ends_at]
    parts = [Period(low, high) for low, high in pairwise(edges)]

    for meter, spec in METERS.items():
        if spec.additive:
            assert sum(story.figure(meter, part) for part in parts) == story.figure(meter, MARCH)
    integral = sum(story.figure("sessions.concurrent.average", part) * part.duration_us for part in parts)
    assert integral == story.figure("sessions.concurrent.average", MARCH) * MARCH.duration_us
    assert max(story.figure("sessions.concurrent.peak", part) for part in parts) == story.figure(
        "sessions.concurrent.peak", MARCH
    )


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_net_is_charged_less_refunded_and_never_negative_over_all_time(events: list[object]) -> None:
    story = story_of(events)  # type: ignore[arg-type]
    ever = Period(START - timedelta(days=30), START + timedelta(days=60))
    charged, refunded, net = (
        story.figure(f"courses.transactions.{name}", ever) for name in ("charged", "refunded", "net")
    )

    assert net == charged - refunded
    assert net >= 0


# --- Naive twins: hour by hour, person by person ------------------------------------------------------------

WEEK = Period(START, START + timedelta(days=7))
HOURS = [START + timedelta(hours=hour) for hour in range(7 * 24)]
WEIGHT = {"employee": F(1), "partner": F(3, 5), "customer": F(3, 10), "public": F(0)}


def open_facts(story: Story, opens: str, closes: str, key: str, at: datetime) -> list[Fact]:
    """The opening facts that hold at an instant."""
    return [
        fact
        for fact in story.facts
        if fact.type == opens
        and fact.occurred_at <= at
        and not any(
            (
                (
                    other.type == closes
                    and other.identity_id == fact.identity_id
                    and other.attributes[key] == fact.attributes[key]
                )
                or (other.type == "person.deactivated" and owner(story, other) == owner(story, fact))
            )
            and fact.occurred_at < other.occurred_at <= at
            for other in story.facts
        )
    ]


def owner(story: Story, fact: Fact) -> UUID:
    who = next(who for who in PEOPLE if story.identity(who) == fact.identity_id)
    return story.person(who)


def member_weight(story: Story, people: People, person: UUID, at: datetime) -> Fraction:
    weights = [F(0)]
    for fact in open_facts(story, "membership.opened", "membership.closed", "community_id", at):
        if owner(story, fact) == person:
            traits = people.traits_of(person, at)
            audience = str(fact.attributes.get("audience", traits.audience))
            weights.append(F(0) if traits.person_class == "service" else WEIGHT[audience])
    return max(weights)


MEMBERSHIPS = st.lists(
    st.tuples(
        st.one_of(
            told(["membership.opened", "membership.closed"], community_id=ONE_OR_TWO), told(["person.deactivated"])
        ),
        WHO,
        st.integers(-30, 200).map(lambda hours: START + timedelta(hours=hours)),
        OVERRIDES,
        st.just("suite"),
    ),
    max_size=10,
)


@settings(max_examples=25, deadline=None)
@given(MEMBERSHIPS)
def test_registered_equals_a_naive_count_of_member_days(events: list[object]) -> None:
    story = story_of(events)  # type: ignore[arg-type]
    people = story.grounds().directory.people
    persons = set(people.identities().values())
    days = [HOURS[day * 24 : day * 24 + 24] for day in range(7)]
    daily = [
        {person: max(member_weight(story, people, person, hour) for hour in day) for person in persons} for day in days
    ]
    levels = [sum(day.values(), F(0)) for day in daily]

    assert story.figure("members.registered.average", WEEK) == sum(levels) / 7
    assert story.figure("members.registered.peak", WEEK) == max(levels)
    assert story.figure("members.registered.any", WEEK) == sum(max(day[person] for day in daily) for person in persons)
    assert story.figure("members.registered.end_of_period", WEEK) == sum(
        member_weight(story, people, person, HOURS[-1]) for person in persons
    )


SEATS = st.lists(
    st.tuples(
        st.one_of(
            told(["seat.assigned", "seat.released"], pool=st.just("1")),
            told(["person.deactivated", "activity.performed"]),
        ),
        st.sampled_from(["bob", "ann"]),
        st.integers(-90, 200).map(lambda hours: START + timedelta(hours=hours)),
        st.just({}),
        st.just("suite"),
    ),
    max_size=10,
)


def is_billable(story: Story, person: UUID, at: datetime) -> bool:
    """Held at the instant, or released lately enough after having been used."""
    if any(owner(story, f) == person for f in open_facts(story, "seat.assigned", "seat.released", "pool", at)):
        return True
    mine = [fact for fact in story.facts if owner(story, fact) == person]
    for release in mine:
        if release.type != "seat.released" or release.occurred_at > at:
            continue
        starts = [
            f.occurred_at
            for f in open_facts(
                story, "seat.assigned", "seat.released", "pool", release.occurred_at - timedelta(hours=1)
            )
            if owner(story, f) == person
        ]
        until = release.occurred_at.replace(hour=0) + timedelta(days=5)
        gone = any(f.type == "person.deactivated" and release.occurred_at <= f.occurred_at <= at for f in mine)
        if starts and at < until and not gone:
            used = any(
                f.type == "activity.performed" and min(starts) <= f.occurred_at < release.occurred_at for f in mine
            )
            if used:
                return True
    return False


@settings(max_examples=25, deadline=None)
@given(SEATS)
def test_seats_equal_a_naive_count_of_seat_days(events: list[object]) -> None:
    story = story_of(events)  # type: ignore[arg-type]
    persons = [story.person("ann"), story.person("bob")]
    levels = [sum(is_billable(story, person, hour) for person in persons) for hour in HOURS]
    days = [max(levels[day * 24 : day * 24 + 24]) for day in range(7)]

    assert story.figure("seats.named.prorated", WEEK) == F(sum(days), 7)
    assert story.figure("seats.named.peak", WEEK) == max(days)
    assert story.figure("seats.named.end_of_period", WEEK) == levels[-1]


SESSIONS = st.lists(
    st.tuples(
        told(
            ["session.started", "session.heartbeat", "session.ended"], session_id=ONE_OR_TWO, may_device_id=ONE_OR_TWO
        ),
        st.sampled_from(["ann", "bob", "a.smith"]),
        st.integers(-100, 300).map(lambda minute: START + timedelta(minutes=minute)),
        st.just({}),
        st.sampled_from(["suite", "lms"]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("count_by", ["person", "person_device", "session"])
@settings(max_examples=40, deadline=None)
@given(SESSIONS)
def test_concurrency_equals_a_naive_count_by_minutes(count_by: str, events: list[object]) -> None:
    story = story_of(events)  # type: ignore[arg-type]
    policy = SessionPolicy(timeout_s=30 * 60, max_session_s=120 * 60, count_by=count_by)  # type: ignore[arg-type]
    story.policies = msgspec.structs.replace(story.policies, sessions=policy)
    spans: list[tuple[object, datetime, datetime]] = []
    for key in {(fact.source, fact.attributes["session_id"]) for fact in story.facts}:
        mine = sorted(
            (f for f in story.facts if (f.source, f.attributes["session_id"]) == key),
            key=lambda f: (f.occurred_at, f.source, f.event_key),
        )
        logins = [fact for fact in mine if fact.type == "session.started"]
        if not logins:
            continue
        login = logins[0]
        after = [fact for fact in mine if fact.occurred_at >= login.occurred_at]
        beats = [fact.occurred_at for fact in after if fact.type == "session.heartbeat"]
        logouts = [fact.occurred_at for fact in after if fact.type == "session.ended"]
        end = min(logouts) if logouts else max([login.occurred_at, *beats]) + timedelta(minutes=30)
        end = min(end, login.occurred_at + timedelta(minutes=120))
        person = owner(story, login)
        unit = {
            "person": person,
            "session": key,
            "person_device": (person, login.attributes.get("device_id", key)),
        }[count_by]
        spans.append((unit, login.occurred_at, end))
    period = Period(START, START + timedelta(minutes=200))
    levels = [
        len({unit for unit, low, high in spans if low <= START + timedelta(minutes=minute) < high})
        for minute in range(200)
    ]

    assert story.figure("sessions.concurrent.peak", period) == max(levels)
    assert story.figure("sessions.concurrent.average", period) == F(sum(levels), 200)
    assert story.figure("sessions.concurrent.p95", period) == sorted(levels)[190 - 1]  # ⌈95 · 200 / 100⌉ = 190


def test_parts_of_a_measurement_are_named_by_their_keys() -> None:
    story = story_of([(("activity.performed", {}), "ann", START, {"cost_centre": "x"}, "suite")])
    measurement: Measurement = story.measure("members.active", MARCH)

    assert split_by(measurement, "audience") == {"employee": F(1)}
    assert split_by(measurement, "cost_centre") == {"x": F(1)}
