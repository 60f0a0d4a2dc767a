"""Laws of custom meters: order changes nothing, parts add up, naive twins agree."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.periods import Period
from metering.custom.definition import AGGREGATIONS, CONCURRENT, KEEPS_ITS_THING, NEEDS_VALUE, MeterDefinition
from metering.custom.extraction import Extractor
from metering.custom.meters import attributes_of, custom_reader
from metering.custom.spec import custom_spec
from metering.groups import group_readers
from metering.measurement import split_by
from metering.registry import CustomMeter
from tests.builders.story import Story

F = Fraction
START = datetime(2026, 3, 1, tzinfo=UTC)
MARCH = Period(START, datetime(2026, 4, 1, tzinfo=UTC))
LONGEST = timedelta(hours=60)

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["lab.opened", "lab.opened", "lab.closed"]),
        st.sampled_from(["ann", "bob", "robot"]),
        st.integers(-24 * 5, 24 * 35).map(lambda hours: START + timedelta(hours=hours)),
        st.fixed_dictionaries(
            {"room": st.sampled_from(["a", "b"])},
            optional={"gb": st.sampled_from([1, 2.5, "0.25", "much"]), "site": st.sampled_from(["n", "s"])},
        ),
    ),
    max_size=25,
)


def definition(aggregation: str, *, things: bool = False) -> MeterDefinition:
    content: dict[str, Any] = {
        "filter": {"types": ["lab.opened"], "where": [{"field": "site", "op": "ne", "value": "s"}]},
        "aggregation": aggregation, "unit": "thing", "dimensions": ["site", "room"],
        "fields": {"room": "text", "gb": "number", "site": "text"},
    }  # fmt: skip
    if aggregation in NEEDS_VALUE:
        content["value_field"] = "gb"
    if aggregation in CONCURRENT:
        content |= {"closed_by": ["lab.closed"], "longest_s": int(LONGEST.total_seconds())}
    if aggregation == "percentile_concurrent":
        content["percentile"] = 99
    if things and aggregation in KEEPS_ITS_THING:
        content["unique_field"] = "room"
    return msgspec.convert(content, MeterDefinition)


ALL = [definition(name, things=things) for name in AGGREGATIONS for things in (False, True)]


def story_of(meter: MeterDefinition, events: list[Any]) -> Story:
    story, extractor = Story("UTC"), Extractor(meter)
    story.trait("robot", person_class="service")
    for who in ("ann", "bob", "robot"):
        story.identity(who)
    for event_type, who, at, data in events:
        extract = extractor.extract(event_type, data)
        if extract is not None:
            story.fact(event_type, who, at, **attributes_of(data, extract))
    return story


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_no_order_changes_a_figure_and_entries_are_it(events: list[Any], random: Any) -> None:
    for meter in ALL:
        story = story_of(meter, events)
        shuffled = list(story.facts)
        random.shuffle(shuffled)
        found = custom_reader(story.grounds(), "m@1", meter)(MARCH)

        assert custom_reader(story.grounds(shuffled), "m@1", meter)(MARCH) == found
        if meter.aggregation not in CONCURRENT:
            assert sum(entry.quantity for entry in found.entries) == found.quantity
        if found.entries:
            assert sum(split_by(found, "room").values()) == found.quantity


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(1, 24 * 31 - 1))
def test_counts_and_sums_of_parts_add_up_and_their_groups_do(events: list[Any], cut: int) -> None:
    middle = START + timedelta(hours=cut)
    for meter in (definition("count"), definition("sum")):
        grounds = story_of(meter, events).grounds()
        read = custom_reader(grounds, "m@1", meter)
        assert read.figure(Period(START, middle)) + read.figure(Period(middle, MARCH.ends_at)) == read.figure(MARCH)
        spec = custom_spec(CustomMeter(UUID(int=1), "m", 1, meter))
        groups = group_readers(grounds, spec, "room")
        assert sum(group.figure(MARCH) for group in groups.values()) == read.figure(MARCH)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_levels_equal_a_naive_count_by_hours(events: list[Any]) -> None:
    meter = definition("time_weighted", things=True)
    story = story_of(meter, events)
    total, hours = F(0), 31 * 24
    for hour in range(hours):
        now = START + timedelta(hours=hour)
        for room in ("a", "b"):
            # What was last said of the room, in reading order (equal times: the later key); robots say nothing.
            said = [
                (fact.occurred_at, fact.event_key, fact.attributes["$value"]) for fact in story.facts
                if fact.attributes["$item"] == room and "$value" in fact.attributes and fact.occurred_at <= now
                and fact.identity_id != story.identity("robot")
            ]  # fmt: skip
            total += max(said)[2] if said else 0

    assert custom_reader(story.grounds(), "m@1", meter).figure(MARCH) == total / hours


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_what_is_open_equals_a_naive_count_by_hours(events: list[Any]) -> None:
    meter = definition("average_concurrent", things=True)
    story = story_of(meter, events)
    opened = [fact for fact in story.facts if fact.type == "lab.opened" and fact.identity_id != story.identity("robot")]
    closed = [fact for fact in story.facts if fact.type == "lab.closed"]

    def is_open(room: str, now: datetime) -> bool:
        for fact in opened:
            if fact.attributes["$item"] == room and fact.occurred_at <= now < fact.occurred_at + LONGEST:
                ends = [c for c in closed if c.attributes["$item"] == room and fact.occurred_at < c.occurred_at <= now]
                if not ends:
                    return True
        return False

    levels = [sum(is_open(room, START + timedelta(hours=hour)) for room in ("a", "b")) for hour in range(31 * 24)]
    assert custom_reader(story.grounds(), "m@1", meter).figure(MARCH) == F(sum(levels), len(levels))
    peak = definition("peak_concurrent", things=True)
    assert custom_reader(story_of(peak, events).grounds(), "m@1", peak).figure(MARCH) == max(levels)
