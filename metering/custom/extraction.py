"""What a custom meter takes from one event: the filter's answer, a value, a thing, dimensions (pure).

One function serves all ways to a figure: ingestion, backfill, corrections, and reading from bodies.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from core.exact_json import trimmed
from metering.custom.definition import CONCURRENT, Condition, MeterDefinition, Scalar
from metering.custom.fields import known_fields
from metering.custom.values import countable, number_of, time_of

__all__ = ("Extract", "Extractor", "body_data", "value_row")

MAX_TEXT = 512
"""Of longer texts the beginning and a hash are kept: they still tell things apart."""

Holds = Callable[[Any], bool]


class Extract(Struct, frozen=True, gc=False):
    """What was taken of an event that the meter is about.

    `value` is None where there is no number that can be counted, `item` where the thing has no name.
    """

    value: Decimal | None
    item: str | None
    dimensions: dict[str, str]


class _Body(Struct):
    data: Any = None


_decode_body = msgspec.json.Decoder(_Body, float_hook=Decimal).decode


def body_data(body: bytes) -> Any:
    """Return the data of a stored event body (not compressed), its numbers exact."""
    return _decode_body(body).data


def value_row(of: tuple[UUID, UUID, UUID], extract: Extract) -> dict[str, Any]:
    """Return an extract as a row of `meter_value`: of a tenant, a meter, and an event by its key."""
    tenant_id, meter_id, event_key = of
    return {
        "tenant_id": tenant_id, "meter_id": meter_id, "event_key": event_key,
        "value": extract.value, "item": extract.item, "dimensions": extract.dimensions or None,
    }  # fmt: skip


class Extractor:
    """A definition, ready to look at events."""

    def __init__(self, definition: MeterDefinition) -> None:
        self._opens = frozenset(definition.filter.types)
        self._closes = frozenset(definition.closed_by) if definition.aggregation in CONCURRENT else frozenset()
        self.types = self._opens | self._closes
        kinds = {path: known.type for path, known in known_fields(self.types).items()} | definition.fields
        self._conditions = [
            (one.field.split("."), _holds(one, kinds.get(one.field, "text"))) for one in definition.filter.where
        ]
        self._value = definition.value_field.split(".") if definition.value_field else None
        unique = definition.unique_field
        self._item = unique.split(".") if unique else None
        self._item_kind = kinds.get(unique, "text") if unique else "text"
        self._dimensions = [(path, path.split("."), kinds.get(path, "text")) for path in definition.dimensions]

    def extract(self, event_type: str, data: Any) -> Extract | None:
        """Return what the meter takes of an event; None where the event is none of its own.

        Args:
            event_type: the type.
            data: as stored: without personal data.
        """
        if event_type in self._closes:
            return Extract(None, self._thing(data), {})
        if event_type not in self._opens:
            return None
        if not all(holds(_at(data, path)) for path, holds in self._conditions):
            return None
        value = countable(number_of(_at(data, self._value))) if self._value else None
        dimensions = {
            name: text for name, path, kind in self._dimensions if (text := _text(_at(data, path), kind)) is not None
        }
        return Extract(value, self._thing(data), dimensions)

    def _thing(self, data: Any) -> str | None:
        return _text(_at(data, self._item), self._item_kind) if self._item else None


def _at(data: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def _typed(value: Any, kind: str) -> Any:
    """Return a value of its declared type, as it is compared; None where it has another type."""
    if kind == "number":
        return number_of(value)
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if kind == "time":
        return time_of(value)
    return value if isinstance(value, str) else None


def _text(value: Any, kind: str) -> str | None:
    """Return a value as the text that tells it apart; equal numbers and equal instants have one text."""
    typed = _typed(value, kind)
    if typed is None:
        return None
    if isinstance(typed, bool):
        return "true" if typed else "false"
    if isinstance(typed, Decimal):
        return f"{trimmed(typed):f}" if typed else "0"
    if isinstance(typed, datetime):
        return typed.astimezone(UTC).isoformat()
    text = str(typed)
    return text if len(text) <= MAX_TEXT else f"{text[:64]}…{blake2b(text.encode(), digest_size=16).hexdigest()}"


def _holds(condition: Condition, kind: str) -> Holds:
    if condition.op == "exists":
        return partial(_exists, wanted=bool(condition.value))
    listed: tuple[Scalar, ...] = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    wanted = [_typed(value, kind) for value in listed]
    compare = _COMPARE[condition.op]
    return partial(_compares, kind=kind, wanted=wanted, compare=compare, absent=condition.op == "ne")


def _exists(value: Any, *, wanted: bool) -> bool:
    return (value is not None) is wanted


def _compares(
    value: Any, *, kind: str, wanted: list[Any], compare: Callable[[Any, list[Any]], bool], absent: bool
) -> bool:
    typed = _typed(value, kind)
    return absent if typed is None else compare(typed, wanted)


_COMPARE: dict[str, Callable[[Any, list[Any]], bool]] = {
    "eq": lambda value, wanted: bool(value == wanted[0]),
    "ne": lambda value, wanted: bool(value != wanted[0]),
    "in": lambda value, wanted: value in wanted,
    "lt": lambda value, wanted: bool(value < wanted[0]),
    "le": lambda value, wanted: bool(value <= wanted[0]),
    "gt": lambda value, wanted: bool(value > wanted[0]),
    "ge": lambda value, wanted: bool(value >= wanted[0]),
    "prefix": lambda value, wanted: bool(value.startswith(wanted[0])),
}
