"""Aggregations of custom meters over told facts; the figures are worked out beside each."""

from datetime import datetime
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from core.periods import Period
from metering.custom.definition import MeterDefinition
from metering.custom.extraction import Extractor, body_data
from metering.custom.meters import attributes_of, custom_reader
from metering.facts import Fact
from metering.measurement import Measurement, split_by
from tests.builders.story import Story, reasons


def definition(**content: Any) -> MeterDefinition:
    base = {"filter": {"types": ["lab.used"]}, "aggregation": "count", "unit": "thing"}
    return msgspec.convert(base | content, MeterDefinition)


def tell(story: Story, meter: MeterDefinition, who: str, at: str, event_type: str = "lab.used", **data: Any) -> None:
    """Tell an event as a body carries it; it becomes a fact if the meter is about it."""
    extract = Extractor(meter).extract(event_type, body_data(msgspec.json.encode({"data": data})))
    if extract is not None:
        story.fact(event_type, who, at, **attributes_of(data, extract))


def measured(story: Story, meter: MeterDefinition, period: Period | str = "2026-03") -> Measurement:
    span = story.month(period) if isinstance(period, str) else period
    return custom_reader(story.grounds(), "m@1", meter)(span)


def value(aggregation: str, **content: Any) -> MeterDefinition:
    return definition(aggregation=aggregation, value_field="gb", fields={"gb": "number", "room": "text"}, **content)


# --- Filters -----------------------------------------------------------------------------------------------

FIELDS = {"n": "number", "t": "text", "b": "bool", "at": "time", "deep.n": "number"}


@pytest.mark.parametrize(
    ("field", "op", "wanted", "data", "holds"),
    [
        ("t", "eq", "web", {"t": "web"}, True),
        ("t", "eq", "web", {"t": "app"}, False),
        ("t", "eq", "1", {"t": 1}, False),  # a number is no text
        ("t", "eq", "web", {}, False),
        ("t", "ne", "web", {"t": "app"}, True),
        ("t", "ne", "web", {}, True),  # absent is not equal
        ("t", "in", ["a", "b"], {"t": "b"}, True),
        ("t", "prefix", "we", {"t": "web"}, True),
        ("t", "prefix", "eb", {"t": "web"}, False),
        ("t", "exists", True, {"t": None}, False),
        ("t", "exists", False, {}, True),
        ("t", "exists", True, {"t": 1}, True),
        ("n", "eq", "1.50", {"n": 1.5}, True),
        ("n", "eq", 1, {"n": "1.0"}, True),
        ("n", "ge", "0.1", {"n": 0.1}, True),  # decimal, not binary
        ("n", "gt", "0.1", {"n": 0.1}, False),
        ("n", "lt", 10, {"n": 9}, True),  # numbers, not texts
        ("n", "le", 9, {"n": "9.0001"}, False),
        ("n", "lt", 10, {"n": True}, False),
        ("deep.n", "gt", 1, {"deep": {"n": 2}}, True),
        ("deep.n", "gt", 1, {"deep": 2}, False),
        ("b", "eq", False, {"b": False}, True),
        ("b", "eq", False, {"b": 0}, False),
        ("at", "lt", "2026-03-01T00:00:00Z", {"at": "2026-03-01T00:30:00+01:00"}, True),
        ("at", "eq", "2026-03-01T00:00:00Z", {"at": "2026-03-01T01:00:00+01:00"}, True),
        ("at", "gt", "2026-03-01T00:00:00Z", {"at": "tomorrow"}, False),
    ],
)
def test_a_condition_compares_by_the_fields_type(field: str, op: str, wanted: Any, data: Any, holds: bool) -> None:
    where = [{"field": field, "op": op, "value": wanted}]
    meter = definition(filter={"types": ["lab.used"], "where": where}, fields=FIELDS)

    assert (Extractor(meter).extract("lab.used", data) is not None) is holds


def test_other_types_are_none_of_its_events() -> None:
    assert Extractor(definition()).extract("lab.other", {}) is None


def test_dimensions_are_kept_as_texts_and_equal_numbers_are_one_group() -> None:
    fields = {"n": "number", "b": "bool", "t": "text"}
    extractor = Extractor(definition(dimensions=["n", "b", "t", "tags.team"], fields=fields))

    kept = extractor.extract("lab.used", {"n": "1.50", "b": True, "t": 7, "tags": {"team": "x"}})
    assert kept is not None
    assert kept.dimensions == {"n": "1.5", "b": "true", "tags.team": "x"}
    assert extractor.extract("lab.used", {"n": 1.5}).dimensions == {"n": "1.5"}  # type: ignore[union-attr]


def test_long_things_stay_apart() -> None:
    extractor = Extractor(definition(aggregation="unique", unique_field="t", fields={"t": "text"}))
    one, other = (extractor.extract("lab.used", {"t": "x" * 600 + end}) for end in "ab")

    assert one is not None
    assert other is not None
    assert one.item != other.item


# --- Aggregations ------------------------------------------------------------------------------------------


def test_count_and_sum_weigh_by_class_and_name_what_has_no_value() -> None:
    story = Story()
    story.trait("tess", person_class="test")
    meter = value("sum")
    tell(story, meter, "ann", "2026-03-02 10:00", gb="0.1")
    tell(story, meter, "ann", "2026-03-02 11:00", gb=0.2)
    tell(story, meter, "bob", "2026-03-02 11:00", gb="much")
    tell(story, meter, "tess", "2026-03-02 11:00", gb=5)
    tell(story, meter, "ann", "2026-04-01 00:00", gb=9)  # April's first instant

    found = measured(story, meter)
    assert (found.quantity, found.additive) == (Fraction(3, 10), True)
    assert reasons(found) == ["value_missing", "weight_zero"]


def test_count_counts_events() -> None:
    story, meter = Story(), definition()
    for day in ("02", "03"):
        tell(story, meter, "ann", f"2026-03-{day} 10:00")

    assert measured(story, meter).quantity == 2
    assert measured(story, meter, "2026-04").quantity == 0


def test_a_value_out_of_range_is_not_counted() -> None:
    story, meter = Story(), value("sum")
    for number in (10**15, 10**15 + 1, "0." + "1" * 13):
        tell(story, meter, "ann", "2026-03-02 10:00", gb=number)

    assert measured(story, meter).quantity == 10**15
    assert reasons(measured(story, meter)) == ["value_missing"] * 2


def test_the_first_of_equal_extremes_decides_and_the_others_are_named() -> None:
    story = Story()
    story.trait("tess", person_class="test")
    meter = value("max")
    for who, at, gb in (("ann", "02", 3), ("bob", "03", 7), ("cid", "04", 7), ("tess", "05", 99)):
        tell(story, meter, who, f"2026-03-{at} 10:00", gb=gb)

    found = measured(story, meter)
    assert (found.quantity, [entry.person_id for entry in found.entries]) == (7, [story.person("bob")])
    assert reasons(found) == ["not_decisive", "not_decisive", "weight_zero"]
    assert measured(story, value("min")).quantity == 3
    assert measured(story, meter, "2026-02").quantity == 0


def test_the_latest_value_of_each_thing() -> None:
    story, meter = Story(), value("latest", unique_field="room")
    for room, day, gb in (("a", "02", 5), ("b", "03", 1), ("a", "04", 2), ("b", "01", 100)):
        tell(story, meter, "ann", f"2026-03-{day} 10:00", gb=gb, room=room)
    tell(story, meter, "ann", "2026-03-20 10:00", gb=50)  # of no room

    found = measured(story, meter)
    # a is 2, b is 1.
    assert (found.quantity, found.additive) == (3, False)
    assert reasons(found) == ["not_decisive", "not_decisive", "value_missing"]


def test_unique_counts_things_or_people_once_by_the_heaviest_then_the_earliest() -> None:
    story = Story()
    story.merge("ann2", "ann")
    by_room = definition(aggregation="unique", unique_field="room", fields={"room": "text"})
    for who, room in (("ann", "a"), ("ann2", "b"), ("bob", "a")):
        tell(story, by_room, who, "2026-03-02 10:00", room=room)

    assert measured(story, by_room).quantity == 2
    # Two identities of Ann are one person.
    assert measured(story, definition(aggregation="unique")).quantity == 2


def test_a_level_holds_until_the_next_one_of_its_thing_and_across_the_periods_edge() -> None:
    story, meter = Story(zone="UTC"), value("time_weighted", unique_field="room")
    tell(story, meter, "ann", "2026-02-20 00:00", gb=10, room="a")
    tell(story, meter, "ann", "2026-03-11 00:00", gb=30, room="a")
    tell(story, meter, "bob", "2026-03-21 00:00", gb=4, room="b")
    tell(story, meter, "bob", "2026-04-02 00:00", gb=1000, room="b")

    # 10 for 10 days and 30 for 21, of 31; 4 for 11.
    found = measured(story, meter)
    assert found.quantity == Fraction(10 * 10 + 30 * 21 + 4 * 11, 31)
    assert sum(split_by(found, "audience").values()) == found.quantity
    # Before the first word there is nothing, after the last it goes on.
    assert measured(story, meter, "2026-01").quantity == 0
    assert measured(story, meter, "2026-05").quantity == 30 + 1000


def test_a_level_over_a_day_of_23_hours() -> None:
    story, meter = Story(), value("time_weighted")
    tell(story, meter, "ann", "2026-03-29 00:00", gb=23)
    tell(story, meter, "ann", "2026-03-29 03:00", gb=0)

    # Two hours passed until 03:00, summer time took the third: 23 · 2 ÷ 23.
    assert measured(story, meter, story.days("2026-03-29", "2026-03-30")).quantity == 2


def test_a_running_period_counts_levels_up_to_now() -> None:
    story, meter = Story(zone="UTC"), value("time_weighted")
    story.now = story.at("2026-03-03 00:00")
    tell(story, meter, "ann", "2026-03-02 00:00", gb=8)

    assert measured(story, meter).quantity == 4


def labs(aggregation: str, **content: Any) -> MeterDefinition:
    return definition(
        filter={"types": ["lab.opened"]},
        closed_by=["lab.closed"],
        longest_s=7200,
        aggregation=aggregation,
        unique_field="lab",
        fields={"lab": "text", "site": "text"},
        **content,
    )


def opened(story: Story, meter: MeterDefinition, lab: str, start: str, end: str | None = None, **data: Any) -> None:
    tell(story, meter, "ann", f"2026-03-02 {start}", "lab.opened", lab=lab, **data)
    if end:
        tell(story, meter, "bob", f"2026-03-02 {end}", "lab.closed", lab=lab)


def test_what_is_open_at_once() -> None:
    story, meter = Story(zone="UTC"), labs("peak_concurrent", dimensions=["site"])
    opened(story, meter, "x", "10:00", "11:00", site="n")
    opened(story, meter, "x", "10:30", site="s")  # open already: open once
    opened(story, meter, "y", "10:50", "11:10")
    opened(story, meter, "z", "11:00", "11:30")  # x closes as z opens: never together

    day = story.days("2026-03-02", "2026-03-03")
    assert measured(story, meter, day).quantity == 2
    # x 60 minutes, y 20, z 30, of a day's 1,440.
    assert measured(story, labs("average_concurrent"), day).quantity == Fraction(110, 1440)
    # Of 1,440 minutes 20 have two (10:50 to 11:10), 70 one, 1,350 none. The 98th percentile is the
    # 1,412th smallest: past the zeros, among the ones.
    assert measured(story, labs("percentile_concurrent", percentile=98), day).quantity == 1
    assert measured(story, labs("percentile_concurrent", percentile=100), day).quantity == 2


def test_nothing_stays_open_longer_than_the_longest() -> None:
    story, meter = Story(zone="UTC"), labs("average_concurrent")
    opened(story, meter, "x", "10:00")

    day = story.days("2026-03-02", "2026-03-03")
    assert measured(story, meter, day).quantity == Fraction(2, 24)
    # Over an edge each period has its own part: 10:30 to 12:00 of 10:30 to 13:30.
    part = Period(datetime.fromisoformat("2026-03-02T10:30Z"), datetime.fromisoformat("2026-03-02T13:30Z"))
    assert measured(story, meter, part).quantity == Fraction(1, 2)


def test_the_order_of_the_facts_does_not_matter() -> None:
    story, meter = Story(), value("latest")
    for day, gb in (("02", 5), ("03", 1), ("04", 2)):
        tell(story, meter, "ann", f"2026-03-{day} 10:00", gb=gb)
    facts: list[Fact] = story.facts[::-1]

    read = custom_reader(story.grounds(facts), "m@1", meter)
    assert read(story.month("2026-03")) == measured(story, meter)
