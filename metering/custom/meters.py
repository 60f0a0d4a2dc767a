"""From facts that a custom meter is about to its figure, by the aggregation of its definition (pure).

A fact counts its value, 1 where none is asked for, times its person's class weight; one that weighs
0 is not counted. The attributes of a fact are what was extracted of it, see `attributes_of`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any, Literal

from core.periods import Period
from metering.concurrency import micros
from metering.custom.definition import ADDITIVE, NEEDS_VALUE, MeterDefinition
from metering.custom.extraction import Extract
from metering.facts import Fact
from metering.grounds import Grounds, Weighed, excluded
from metering.measurement import Entry, Exclusion, Measurement, Reader, exact_sum
from metering.sessions import Floor, Level, Session, level_reader
from metering.spans import first_after

__all__ = ("attributes_of", "custom_reader")

VALUE, ITEM = "$value", "$item"
"""Not names of fields: no payload has them as a dimension."""
OWN = ("audience", "cost_centre")
SECOND_US = 1_000_000


def attributes_of(stated: Mapping[str, Any] | None, extract: Extract) -> dict[str, Any]:
    """Return the attributes of a fact for its custom meter: dimensions, what it states for itself, value, thing."""
    attributes: dict[str, Any] = dict(extract.dimensions)
    for name in OWN:
        if stated is not None and stated.get(name) is not None:
            attributes[name] = stated[name]
    if extract.value is not None:
        attributes[VALUE] = Fraction(extract.value)
    if extract.item is not None:
        attributes[ITEM] = extract.item
    return attributes


@dataclass(slots=True)
class _Tally:
    """What a period's facts come to."""

    entries: list[Entry] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)


def custom_reader(grounds: Grounds, meter: str, definition: MeterDefinition) -> Reader:
    """Return the meter: its name is what its measurements are called by.

    Args:
        grounds: facts with what was extracted of them as attributes, all that the figure needs.
        meter: the exact name.
        definition: what to count.
    """
    match definition.aggregation:
        case "peak_concurrent":
            return _concurrent(grounds, meter, definition, "peak")
        case "average_concurrent":
            return _concurrent(grounds, meter, definition, "average")
        case "percentile_concurrent":
            return _concurrent(grounds, meter, definition, definition.percentile or 100)
        case "time_weighted":
            return _time_weighted(grounds, meter, definition)
        case _:
            return _counted(grounds, meter, definition)


def _counted(grounds: Grounds, meter: str, definition: MeterDefinition) -> Reader:
    """Return the meter of what lies inside the period."""
    tally_up = _TALLIES[definition.aggregation]
    additive = definition.aggregation in ADDITIVE

    def read(period: Period) -> Measurement:
        tally = _Tally()
        facts = list(_weighed(grounds, grounds.within(period), definition, tally))
        tally_up(grounds, definition, facts, tally)
        total = exact_sum(entry.quantity for entry in tally.entries)
        entries, exclusions = tuple(tally.entries), tuple(tally.exclusions)
        return Measurement(meter, period, definition.unit, total, entries, exclusions, additive)

    return Reader(read)


def _weighed(grounds: Grounds, facts: Iterable[Fact], definition: MeterDefinition, tally: _Tally) -> Iterator[Weighed]:
    """Yield the facts that may count; note why the others don't."""
    needs_value = definition.aggregation in NEEDS_VALUE
    needs_item = definition.unique_field is not None
    for fact in facts:
        weighed = grounds.weigh(fact)
        if weighed.weight == 0:
            tally.exclusions.append(excluded(fact, weighed.person_id, "weight_zero"))
        elif (needs_value and VALUE not in fact.attributes) or (needs_item and ITEM not in fact.attributes):
            tally.exclusions.append(excluded(fact, weighed.person_id, "value_missing"))
        else:
            yield weighed


def _part(weighed: Weighed) -> Fraction:
    value: Fraction | None = weighed.fact.attributes.get(VALUE)
    return weighed.weight if value is None else value * weighed.weight


def _sum(grounds: Grounds, definition: MeterDefinition, facts: list[Weighed], tally: _Tally) -> None:
    """Everything counts: `count` and `sum`."""
    for weighed in facts:
        tally.entries.append(grounds.entry(weighed, _part(weighed), "counted", definition.dimensions))


def _unique(grounds: Grounds, definition: MeterDefinition, facts: list[Weighed], tally: _Tally) -> None:
    """Each thing counts once, by its heaviest fact, then the earliest; without a field, each person."""
    best: dict[object, Weighed] = {}
    by_person = definition.unique_field is None
    for weighed in facts:
        thing: object = weighed.person_id if by_person else weighed.fact.attributes[ITEM]
        known = best.get(thing)
        if known is None or weighed.rank() < known.rank():
            best[thing] = weighed
    for weighed in best.values():
        tally.entries.append(grounds.entry(weighed, weighed.weight, "counted_once", definition.dimensions))


def _extreme(grounds: Grounds, definition: MeterDefinition, facts: list[Weighed], tally: _Tally) -> None:
    """One fact decides: the highest or the lowest, of equal ones the first."""
    if not facts:
        return
    highest = definition.aggregation == "max"
    decides = max(facts, key=_part) if highest else min(facts, key=_part)
    tally.entries.append(
        grounds.entry(decides, _part(decides), "highest" if highest else "lowest", definition.dimensions)
    )
    tally.exclusions.extend(_not_decisive(weighed for weighed in facts if weighed is not decides))


def _latest(grounds: Grounds, definition: MeterDefinition, facts: list[Weighed], tally: _Tally) -> None:
    """The last fact of each thing decides."""
    last = {weighed.fact.attributes.get(ITEM): weighed for weighed in facts}
    for weighed in last.values():
        tally.entries.append(grounds.entry(weighed, _part(weighed), "latest", definition.dimensions))
    deciding = set(map(id, last.values()))
    tally.exclusions.extend(_not_decisive(weighed for weighed in facts if id(weighed) not in deciding))


def _not_decisive(facts: Iterable[Weighed]) -> Iterator[Exclusion]:
    return (excluded(weighed.fact, weighed.person_id, "not_decisive") for weighed in facts)


_TALLIES: dict[str, Callable[[Grounds, MeterDefinition, list[Weighed], _Tally], None]] = {
    "count": _sum,
    "sum": _sum,
    "unique": _unique,
    "max": _extreme,
    "min": _extreme,
    "latest": _latest,
}


def _time_weighted(grounds: Grounds, meter: str, definition: MeterDefinition) -> Reader:
    """Return the meter of levels over time: what a fact states holds until the next one of the same thing.

    The figure is the integral of the level ÷ the length of the period, up to `grounds.now`.
    """

    def read(period: Period) -> Measurement:
        ends_at = period.ends_at if grounds.now is None else min(period.ends_at, grounds.now)
        low, high = micros(period.starts_at), micros(ends_at)
        tally = _Tally()
        by_thing: dict[object, list[Weighed]] = {}
        before = grounds.facts[: bisect_left(grounds.facts, ends_at, key=lambda fact: fact.occurred_at)]
        for weighed in _weighed(grounds, before, definition, tally):
            by_thing.setdefault(weighed.fact.attributes.get(ITEM), []).append(weighed)
        for levels in by_thing.values():
            ends = [*(micros(weighed.fact.occurred_at) for weighed in levels[1:]), high]
            for weighed, end in zip(levels, ends, strict=True):
                held = min(end, high) - max(micros(weighed.fact.occurred_at), low)
                if held > 0:
                    part = _part(weighed) * Fraction(held, high - low)
                    tally.entries.append(grounds.entry(weighed, part, "level_held", definition.dimensions))
        inside = tuple(one for one in tally.exclusions if one.at is not None and one.at in period)
        total = exact_sum(entry.quantity for entry in tally.entries)
        return Measurement(meter, period, definition.unit, total, tuple(tally.entries), inside, additive=False)

    return Reader(read)


def _concurrent(
    grounds: Grounds, meter: str, definition: MeterDefinition, statistic: Literal["peak", "average"] | int
) -> Reader:
    """Return the meter of the level of what is open at once.

    Something is open from its opening event to the first closing one of the same thing after it, and
    never longer than `longest_s`. Opened twice, it is open once. A closing event at the very instant
    of an opening one comes before it. Without a unique field a person is one thing.
    """
    floor = Floor(grounds, _spans(grounds, definition), definition.dimensions, reason="open")
    return level_reader(grounds, lambda _period: floor, Level(meter, definition.unit, statistic))


def _spans(grounds: Grounds, definition: MeterDefinition) -> Iterator[Session]:
    closes = frozenset(definition.closed_by)
    ends: dict[object, list[Any]] = {}
    for fact in grounds.facts:
        if fact.type in closes:
            ends.setdefault(_thing(grounds, definition, fact), []).append(fact.occurred_at)
    longest = timedelta(seconds=definition.longest_s or 0)
    for fact in grounds.facts:
        thing = _thing(grounds, definition, fact)
        if fact.type in closes or thing is None:
            continue
        starts_at = fact.occurred_at
        ends_at = min(first_after(ends.get(thing, ()), starts_at), starts_at + longest)
        yield Session(grounds.weigh(fact), thing, micros(starts_at), micros(ends_at))


def _thing(grounds: Grounds, definition: MeterDefinition, fact: Fact) -> object:
    if definition.unique_field is None:
        return grounds.who(fact.identity_id).number
    return fact.attributes.get(ITEM)
