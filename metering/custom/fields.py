"""Which fields the events of a type carry, and of which kind each is: from their schemas (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from msgspec import inspect

from metering.custom.definition import FieldType
from metering.events import REGISTRY
from metering.events.data import EventData

__all__ = ("RESERVED", "Known", "known_fields", "nearest")

RESERVED = MappingProxyType(
    {
        "person": "Class and audience are kept with every figure; personal data is never in an event.",
        "audience": "The audience is kept with every figure: group by it, or narrow a charge to it.",
        "cost_centre": "The cost centre is kept with every figure: group by it.",
    }
)
"""Fields that a definition can't use, and what to do instead."""
PERSONS = "It names a person: count people with 'unique' and no unique_field."
TAGS = "tags"
_PLAIN: dict[type, FieldType] = {
    inspect.StrType: "text",
    inspect.BoolType: "bool",
    inspect.DateTimeType: "time",
    inspect.DecimalType: "number",
    inspect.IntType: "number",
    inspect.FloatType: "number",
}
_TEXT_NUMBERS = frozenset({"amount"})
"""Decimal numbers that are written as strings."""


@dataclass(frozen=True, slots=True)
class Known:
    """A field of a schema; `choices` are all values that it can have, none if it is open."""

    type: FieldType
    choices: tuple[str, ...] = ()


@cache
def _fields_of(event_type: str) -> dict[str, Known]:
    kind = REGISTRY.get(event_type)
    shape = inspect.type_info(EventData if kind is None else kind.data)
    assert isinstance(shape, inspect.StructType)
    persons = kind.person_keys if kind is not None else ()
    found = {}
    for field in shape.fields:
        known = _known(field.encode_name, field.type)
        if known is not None and field.encode_name not in RESERVED and field.encode_name not in persons:
            found[field.encode_name] = known
    return found


def _known(name: str, told: inspect.Type) -> Known | None:
    if isinstance(told, inspect.Metadata):
        return _known(name, told.type)
    if isinstance(told, inspect.UnionType):
        [told] = [part for part in told.types if not isinstance(part, inspect.NoneType)]
        return _known(name, told)
    if name in _TEXT_NUMBERS:
        return Known("number")
    if isinstance(told, inspect.LiteralType):
        return Known("text", tuple(str(value) for value in told.values))
    plain: FieldType | None = _PLAIN.get(type(told))
    return Known(plain) if plain is not None else None


def known_fields(types: Iterable[str]) -> dict[str, Known]:
    """Return the fields that any of the types has by its schema; tags are asked for by `tags.<name>`."""
    found: dict[str, Known] = {}
    for event_type in types:
        found |= _fields_of(event_type)
    return found


def persons_of(types: Iterable[str]) -> frozenset[str]:
    """Return the fields of the types that name a person."""
    return frozenset(
        name for event_type in types if event_type in REGISTRY for name in REGISTRY[event_type].person_keys
    )


def nearest(name: str, known: Iterable[str], *, alike: float = 0.6) -> str | None:
    """Return what was probably meant; `alike` is how alike it must be, 0 to 1.

    >>> nearest("cours_id", ["course_id", "class_id"])
    'course_id'
    """
    found = get_close_matches(name, sorted(known), n=1, cutoff=alike)
    return found[0] if found else None
