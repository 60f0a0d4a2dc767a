"""What a custom meter says: which events, which value, how they come to one figure (pure)."""

from hashlib import sha256
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

__all__ = (
    "ADDITIVE",
    "AGGREGATIONS",
    "CONCURRENT",
    "KEEPS_ITS_THING",
    "NEEDS_VALUE",
    "Aggregation",
    "Condition",
    "Filter",
    "MeterDefinition",
    "Scalar",
    "definition_hash",
    "exact_name",
    "name_and_version",
)

Aggregation = Literal[
    "count",
    "sum",
    "max",
    "min",
    "latest",
    "unique",
    "time_weighted",
    "peak_concurrent",
    "percentile_concurrent",
    "average_concurrent",
]
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)
ADDITIVE: frozenset[str] = frozenset({"count", "sum"})
"""Figures of parts of a period, and of groups, sum to the whole."""
CONCURRENT: frozenset[str] = frozenset({"peak_concurrent", "percentile_concurrent", "average_concurrent"})
NEEDS_VALUE: frozenset[str] = frozenset({"sum", "max", "min", "latest", "time_weighted"})
KEEPS_ITS_THING: frozenset[str] = frozenset({"unique", "latest", "time_weighted", *CONCURRENT})
"""The aggregations that tell things apart by the unique field."""

FieldType = Literal["text", "number", "bool", "time"]
Operator = Literal["eq", "ne", "in", "lt", "le", "gt", "ge", "exists", "prefix"]
Scalar = bool | int | float | str
Text = Annotated[str, Meta(min_length=1, max_length=512)]
Path = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=200)]


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that must be so of an event's data; a field that is absent meets `ne` and `exists: false` only."""

    field: Path
    """Where in `data`, levels joined by dots: `course_id`, `tags.team`."""
    op: Operator
    value: Scalar | tuple[Scalar, ...]
    """A list for `in`, true or false for `exists`, a decimal string or a number for numbers, else a text."""


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events are meant: any of the types, and every condition."""

    types: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20)]
    where: Annotated[tuple[Condition, ...], Meta(max_length=20)] = ()


class MeterDefinition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The content of one version of a custom meter; it never changes."""

    filter: Filter
    aggregation: Aggregation
    unit: Annotated[str, Meta(min_length=1, max_length=40)]
    description: Annotated[str, Meta(max_length=500)] = ""
    fields: Annotated[dict[Path, FieldType], Meta(max_length=50)] = {}
    """The types of fields of your own, which no schema knows."""
    value_field: Path | None = None
    """The number that is added up, compared or held."""
    unique_field: Path | None = None
    """What is told apart: things counted once, levels, what opens and closes. None: people; for
    `latest` and `time_weighted` one level for all."""
    percentile: Annotated[int, Meta(ge=1, le=100)] | None = None
    closed_by: Annotated[tuple[Text, ...], Meta(max_length=20)] = ()
    """For `*_concurrent`: the types of events that close what an event of the filter opened."""
    longest_s: Annotated[int, Meta(ge=1, le=31 * 86_400)] | None = None
    """For `*_concurrent`: nothing stays open longer than this many seconds."""
    dimensions: Annotated[tuple[Path, ...], Meta(max_length=10)] = ()
    """Fields that usage can be grouped and prices listed by, beside cost centre, audience and class."""


def definition_hash(definition: MeterDefinition) -> bytes:
    """Return SHA-256 of the canonical JSON: equal content, equal hash."""
    return sha256(msgspec.json.encode(definition, order="deterministic")).digest()


def exact_name(key: str, version: int) -> str:
    """Return the name by which contracts ask for a meter: `lab.hours@2`."""
    return f"{key}@{version}"


def name_and_version(name: str) -> tuple[str, int | None]:
    """Return key and version of a name; None where it names no version and so means the newest.

    >>> name_and_version("lab.hours@2"), name_and_version("lab.hours")
    (('lab.hours', 2), ('lab.hours', None))
    """
    key, at, version = name.rpartition("@")
    if at and version.isascii() and version.isdigit() and len(version) < 10:
        return key, int(version)
    return name, None
