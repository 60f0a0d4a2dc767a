"""Groups of a figure: parts that sum to it, or each group measured by itself (pure).

A count of people or a peak has no parts of its own. `split_by` attributes it, so that parts sum to
the figure, as bills and chargebacks need; here each group is measured as if there were nothing
else, so that somebody active in two courses is active in each, and every course has its own peak.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from metering.facts import Fact
from metering.grounds import Grounds
from metering.measurement import Reader
from metering.registry import MeterSpec

__all__ = ("Groups", "group_readers", "groups_of")

Groups = Literal["parts", "measured"]
Values = tuple[str | None, ...]

BY_ITSELF = frozenset({"members.active", "members.contributors", "sessions.concurrent.peak", "sessions.concurrent.p95"})
"""Built-in meters whose groups can be measured."""
ONE_OF_MANY = frozenset({"unique", "max", "min", "peak_concurrent", "percentile_concurrent"})
"""Aggregations of custom meters that have no parts."""


def groups_of(spec: MeterSpec, wished: Groups | None) -> Groups:
    """Return how a meter's groups are told: as wished where it can be, else as suits it.

    Custom meters that have no parts are measured unless parts are asked for; built-in ones are told
    in parts, as they are billed, unless to measure is asked for and can be done.
    """
    if spec.custom is None:
        return "measured" if wished == "measured" and spec.name in BY_ITSELF else "parts"
    definition = spec.custom.definition
    alone = definition.aggregation == "latest" and definition.unique_field is None
    if definition.aggregation not in ONE_OF_MANY and not alone:
        return "parts"
    return wished or "measured"


def group_readers(grounds: Grounds, spec: MeterSpec, dimension: str) -> Mapping[str | None, Reader]:
    """Return the meter of each group: of the facts that belong to it, and of those alone.

    A fact that several cost centres carry belongs to each of them, whole.
    """
    follows = _followed(grounds, spec, dimension)
    by_value: dict[str | None, list[Fact]] = {}
    to_all: list[Fact] = []
    for fact in grounds.facts:
        values = follows(fact)
        if values is None:
            to_all.append(fact)
            continue
        for value in values:
            by_value.setdefault(value, []).append(fact)
    return {value: _reader(grounds, spec, [*facts, *to_all]) for value, facts in by_value.items()}


def _reader(grounds: Grounds, spec: MeterSpec, facts: list[Fact]) -> Reader:
    kept = {fact.event_key for fact in facts}
    return spec.reader(replace(grounds, facts=[fact for fact in grounds.facts if fact.event_key in kept]))


def _followed(grounds: Grounds, spec: MeterSpec, dimension: str) -> Callable[[Fact], Values | None]:
    """Return what tells the groups of a fact; None means that it belongs to all.

    What ends a session has no dimensions of its own: it belongs where the login does.
    """
    if spec.family == "sessions":
        logins = {
            (fact.source, fact.attributes.get("session_id")): _values(grounds, fact, dimension)
            for fact in reversed(grounds.facts)
            if fact.type == "session.started"
        }
        return lambda fact: logins.get((fact.source, fact.attributes.get("session_id")), ())
    closes = frozenset(spec.custom.definition.closed_by) if spec.custom is not None else frozenset()
    return lambda fact: None if fact.type in closes else _values(grounds, fact, dimension)


def _values(grounds: Grounds, fact: Fact, dimension: str) -> Values:
    if dimension == "cost_centre":
        return tuple(code for code, share in grounds.centres_of(fact) if share)
    if dimension in ("audience", "class"):
        traits = grounds.weigh(fact).traits
        return (traits.audience if dimension == "audience" else traits.person_class,)
    value = fact.attributes.get(dimension)
    return (None if value is None else str(value),)
