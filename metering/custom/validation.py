"""Is this definition fit to count by? Every fault at once, with a pointer and what to write instead (pure)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.errors import InputError
from metering.custom.definition import (
    CONCURRENT,
    KEEPS_ITS_THING,
    NEEDS_VALUE,
    Condition,
    FieldType,
    MeterDefinition,
    Scalar,
)
from metering.custom.fields import PERSONS, RESERVED, TAGS, Known, known_fields, nearest, persons_of
from metering.custom.values import number_of, time_of
from metering.events import REGISTRY

__all__ = ("KEY", "faults_of")

KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*")
"""The shape of a meter's key."""
LOOKS_LIKE = 0.85
ORDERED = frozenset({"number", "time"})
EXAMPLES: dict[FieldType, str] = {
    "text": 'a text such as "web"',
    "number": 'a number or decimal string such as "12.5"',
    "bool": "true or false",
    "time": 'an instant such as "2026-10-01T00:00:00Z"',
}

Found = Iterator[InputError]


def faults_of(definition: MeterDefinition) -> list[InputError]:
    """Return every fault, by pointers into the definition; none means it can count."""
    names = _Names.of(definition)
    faults = [*_types(definition), *_declared(definition, names)]
    for index, condition in enumerate(definition.filter.where):
        faults += _condition(condition, f"/filter/where/{index}", names)
    faults += _value_field(definition, names)
    faults += _unique_field(definition, names)
    faults += _concurrency(definition)
    for index, path in enumerate(definition.dimensions):
        faults += names.faults(path, f"/dimensions/{index}")
        if path in definition.dimensions[:index]:
            faults.append(InputError(f"/dimensions/{index}", "dimension_duplicate", f"'{path}' is listed twice."))
    return faults


@dataclass(frozen=True, slots=True)
class _Names:
    """Which fields there are: by the schemas of the types, and declared."""

    types: tuple[str, ...]
    known: dict[str, Known]
    declared: dict[str, FieldType]
    persons: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, definition: MeterDefinition) -> "_Names":
        types = (*definition.filter.types, *definition.closed_by)
        return cls(types, known_fields(types), definition.fields, persons_of(types))

    def find(self, path: str) -> Known | None:
        """Return what is known of a field."""
        head, _, tag = path.partition(".")
        if head == TAGS and tag and "." not in tag:
            return Known("text")
        if path in self.known:
            return self.known[path]
        return Known(self.declared[path]) if path in self.declared else None

    def faults(self, path: str, at: str) -> Found:
        """Yield why a field can't be used."""
        head = path.split(".", maxsplit=1)[0]
        if head in RESERVED:
            yield InputError(at, "field_reserved", f"'{path}' can't be used here. {RESERVED[head]}")
        elif path in self.persons:
            yield InputError(at, "field_reserved", f"'{path}' can't be used here. {PERSONS}")
        elif self.find(path) is None:
            yield InputError(at, "field_unknown", self._unknown(path))

    def _unknown(self, path: str) -> str:
        meant = nearest(path, {*self.known, *self.declared})
        hint = f" Did you mean '{meant}'?" if meant else ""
        return (
            f"{', '.join(self.types)} has no field '{path}'.{hint}"
            f' Declare a field of your own with its type: "fields": {{"{path}": "number"}}.'
        )


def _types(definition: MeterDefinition) -> Found:
    """A type that almost looks like a built-in one is a slip; others are the sender's own."""
    for at, types in (("/filter/types", definition.filter.types), ("/closed_by", definition.closed_by)):
        for index, name in enumerate(types):
            meant = nearest(name, REGISTRY, alike=LOOKS_LIKE) if name not in REGISTRY else None
            if meant is not None:
                detail = f"There is no built-in type '{name}'. Did you mean '{meant}'? Name your own less alike."
                yield InputError(f"{at}/{index}", "event_type_unknown", detail)


def _declared(definition: MeterDefinition, names: _Names) -> Found:
    for path, told in definition.fields.items():
        known = names.known.get(path)
        if known is not None and known.type != told:
            detail = f"'{path}' is a field of a built-in type and is a {known.type}, not a {told}. Leave it out here."
            yield InputError(f"/fields/{path}", "field_type_wrong", detail)
        head = path.split(".", maxsplit=1)[0]
        if head in RESERVED or path in names.persons:
            detail = f"'{path}' can't be declared. {RESERVED.get(head, PERSONS)}"
            yield InputError(f"/fields/{path}", "field_reserved", detail)


def _condition(condition: Condition, at: str, names: _Names) -> Found:
    faults = list(names.faults(condition.field, f"{at}/field"))
    known = names.find(condition.field)
    if faults or known is None:
        yield from faults
        return
    if condition.op == "exists":
        if not isinstance(condition.value, bool):
            yield InputError(f"{at}/value", "value_type_wrong", "'exists' takes true or false.")
        return
    if condition.op in ("lt", "le", "gt", "ge") and known.type not in ORDERED:
        detail = f"'{condition.op}' compares numbers and times; '{condition.field}' is a {known.type}. Use eq or in."
        yield InputError(f"{at}/op", "operator_wrong", detail)
        return
    if condition.op == "prefix" and known.type != "text":
        detail = f"'prefix' looks at texts; '{condition.field}' is a {known.type}."
        yield InputError(f"{at}/op", "operator_wrong", detail)
        return
    listed = isinstance(condition.value, tuple)
    if listed != (condition.op == "in") or condition.value == ():
        detail = "'in' takes a list with at least one value; other operators take one value."
        yield InputError(f"{at}/value", "value_type_wrong", detail)
        return
    values: tuple[Scalar, ...] = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    for index, value in enumerate(values):
        pointer = f"{at}/value/{index}" if listed else f"{at}/value"
        yield from _value(condition, value, known, pointer)


def _value(condition: Condition, value: Scalar, known: Known, at: str) -> Found:
    if not _fits(value, known.type):
        detail = f"'{condition.field}' is a {known.type}: write {EXAMPLES[known.type]}, not {value!r}."
        yield InputError(at, "value_type_wrong", detail)
    elif known.choices and condition.op != "prefix" and value not in known.choices:
        meant = nearest(str(value), known.choices)
        hint = f"Did you mean '{meant}'? " if meant else ""
        detail = f"'{condition.field}' is never '{value}'. {hint}It is one of {', '.join(known.choices)}."
        yield InputError(at, "value_unknown", detail)


def _fits(value: Scalar, told: FieldType) -> bool:
    if told == "bool":
        return isinstance(value, bool)
    if told == "number":
        return not isinstance(value, bool) and number_of(value) is not None
    return isinstance(value, str) and (told == "text" or time_of(value) is not None)


def _value_field(definition: MeterDefinition, names: _Names) -> Found:
    path, needed = definition.value_field, definition.aggregation in NEEDS_VALUE
    if path is None:
        if needed:
            detail = f"'{definition.aggregation}' needs the number that it works on: name it in value_field."
            yield InputError("/value_field", "value_field_missing", detail)
        return
    if not needed:
        detail = f"'{definition.aggregation}' looks at no number. Leave value_field out, or use 'sum'."
        yield InputError("/value_field", "value_field_superfluous", detail)
        return
    yield from names.faults(path, "/value_field")
    known = names.find(path)
    if known is not None and known.type != "number":
        yield InputError("/value_field", "value_field_wrong", f"'{path}' is a {known.type}; a number is needed.")


def _unique_field(definition: MeterDefinition, names: _Names) -> Found:
    path = definition.unique_field
    if path is None:
        return
    if definition.aggregation not in KEEPS_ITS_THING:
        detail = f"'{definition.aggregation}' tells nothing apart. Leave unique_field out, or use 'unique'."
        yield InputError("/unique_field", "unique_field_superfluous", detail)
        return
    yield from names.faults(path, "/unique_field")


def _concurrency(definition: MeterDefinition) -> Found:
    concurrent = definition.aggregation in CONCURRENT
    if (definition.percentile is not None) != (definition.aggregation == "percentile_concurrent"):
        detail = "'percentile_concurrent' needs percentile, 1 to 100, and no other aggregation takes one."
        yield InputError("/percentile", "percentile_wrong", detail)
    if concurrent and not definition.closed_by:
        detail = "Say by which types of events what was opened is closed again."
        yield InputError("/closed_by", "closed_by_missing", detail)
    if concurrent and definition.longest_s is None:
        detail = "Say after how many seconds at the latest what was opened is closed, for instance 86400."
        yield InputError("/longest_s", "longest_missing", detail)
    if not concurrent and (definition.closed_by or definition.longest_s is not None):
        detail = f"'{definition.aggregation}' opens nothing. Leave closed_by and longest_s out."
        yield InputError("/closed_by", "closed_by_superfluous", detail)
    for name in sorted({*definition.filter.types} & {*definition.closed_by}):
        detail = f"'{name}' can't open and close at once."
        yield InputError("/closed_by", "closes_what_it_opens", detail)
