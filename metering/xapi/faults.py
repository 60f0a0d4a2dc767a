"""What is wrong with a row of a tenant's mapping, fault by fault (pure)."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, fields

from core.errors import InputError, pointer_part
from metering.events import REGISTRY
from metering.xapi.mapping import TAKES
from metering.xapi.rules import ANY, MappingRule
from metering.xapi.values import is_iri

__all__ = ("MAX_FIELDS", "MAX_LENGTH", "row_faults")

MAX_LENGTH = 512
"""How many characters a verb, an activity type or a value may have."""
MAX_FIELDS = 50
"""How many fields of its event a row may name."""
_AS_SENT = f"as statements have it, of at most {MAX_LENGTH} characters"


def row_faults(row: MappingRule) -> tuple[InputError, ...]:
    """Return every fault of a row, by pointers into it (`/data/course_id`); none means it can make events.

    A value that is taken from a statement may still turn out not to fit: that is told for the statement.
    """
    return tuple(_faults(row))


def _faults(row: MappingRule) -> Iterator[InputError]:
    if not _is_iri(row.verb):
        yield InputError("/verb", "iri_invalid", f"'verb' must be an IRI with a scheme, {_AS_SENT}.")
    if row.activity_type != ANY and not _is_iri(row.activity_type):
        detail = f"'activity_type' must be an IRI with a scheme, {_AS_SENT}, or {ANY} for any and none."
        yield InputError("/activity_type", "iri_invalid", detail)
    if len(row.data) > MAX_FIELDS:
        yield InputError("/data", "too_many_fields", f"A row gives an event at most {MAX_FIELDS} fields.")
    if row.event_type is None:
        if row.data:
            yield InputError("/data", "data_superfluous", "A rule that ignores a verb has no data.")
        return
    kind = REGISTRY.get(row.event_type)
    if kind is None:
        detail = f"'{row.event_type}' is not an event type that is metered; GET /schemas lists them."
        yield InputError("/event_type", "event_type_unknown", detail)
        return
    known = {one.encode_name: one for one in fields(kind.data)}
    yield from _missing(row, known)
    for name, value in row.data.items():
        detail = _value_fault(value, known.get(name))
        if detail:
            yield InputError(f"/data/{pointer_part(name)}", "value_invalid", f"{name}: {detail}")


def _missing(row: MappingRule, known: Mapping[str, FieldInfo]) -> Iterator[InputError]:
    for name, one in known.items():
        if one.required and name not in row.data:
            detail = f"'{row.event_type}' needs a value for {name}."
            yield InputError(f"/data/{pointer_part(name)}", "field_missing", detail)


def _value_fault(value: str, known: FieldInfo | None) -> str:
    """Return why a field cannot have this value; '' where it may."""
    if len(value) > MAX_LENGTH:
        return f"A value has at most {MAX_LENGTH} characters."
    if value.startswith("$"):
        if value[1:] in TAKES:
            return ""
        return f"'{value}' cannot be taken from a statement. Use one of {_names(TAKES)}, or a fixed text."
    if known is None:  # kept in the body, for meters of the tenant's own
        return ""
    fixed: Any = value == "true" if known.encode_name == "waived" else value
    try:
        msgspec.convert(fixed, known.type)
    except msgspec.ValidationError as error:
        return f"{error}. Correct '{value}', or take it from the statement."
    return ""


def _is_iri(text: str) -> bool:
    return len(text) <= MAX_LENGTH and is_iri(text)


def _names(names: Collection[str]) -> str:
    return ", ".join(f"${name}" for name in names)
