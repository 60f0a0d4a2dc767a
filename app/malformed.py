"""What is wrong with the shape of a body, a query or a path, in words rather than in patterns."""

import re
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from core.errors import InputError, pointer_part

__all__ = ("FORMS", "body_faults", "shape_faults")

FORMS = {
    r"^[A-Z]{2}$": "a country of ISO 3166-1, such as DE",
    r"^[A-Z]{3}$": "a currency of ISO 4217, such as EUR",
    r"^\d{4}-\d{2}$": "a month, such as 2026-11",
    r"^[0-9]+(\.[0-9]+)?$": "a number that is not negative, such as 12 or 12.5",
    r"^\d{1,15}(\.\d{1,6})?$": "an amount that is not negative, with at most 6 decimals, such as 1250.00",
    r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$": "an amount, such as -12.50",
    r"^\d{1,2}(\.\d{1,3})?$": "per cent from 0 to 99.999, such as 7.5",
    r"^\d{1,9}(\.\d{1,12})?$": "a rate that is not negative, with at most 12 decimals, such as 1.0853",
    r"^[A-Za-z0-9._-]*$": "letters of A to Z, digits, dots, dashes and underscores only",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "letters of A to Z, digits, dots, dashes and underscores, a letter or digit first",
    r"^[a-z][a-z0-9_]{0,39}$": "small letters of a to z, digits and underscores, a letter first, at most 40",
    r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$": "a path of names with dots between them, such as context.platform",
    r"^[^\x00]*$": "a text without the character NUL",
    r"^([0-2]\.[0-9]{1,18}\.[0-9a-f-]{36})?$": "the `next_cursor` of the page before",
}
"""What each pattern that our types name asks for."""

PARAMETERS = {"since": "from", "until": "to", "event_type": "type", "seat_state": "state"}
"""Parameters of the query whose name in the address is another than ours."""

_AT = re.compile(r" - at `\$\.data(?P<path>[^`]*)`")
_NAMED = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>[^`]+)`")
_PATTERN = re.compile(r"Expected `str` matching regex (?P<pattern>.*)")
_LENGTH = re.compile(r"Expected `(?P<kind>str|array|object)` of length (?P<than>[<>]=) (?P<most>\d+)")
_RANGE = re.compile(r"Expected `(?:int|float|decimal)` (?P<than>[<>]=?) (?P<most>\S+)")
_CHOICE = re.compile(r"Invalid enum value (?P<said>.*)")
_THAN = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}
_WORDS = {repr(pattern): words for pattern, words in FORMS.items()}


def shape_faults(error: ValidationException, handler: object = None) -> tuple[InputError, ...]:
    """Return each fault with a JSON pointer to it and what is expected there.

    Args:
        error: what the framework says of the request.
        handler: whose request it is; its types know what may be chosen from.
    """
    extra = [item for item in error.extra if isinstance(item, dict)] if isinstance(error.extra, list) else []
    faults = [InputError(_called(item), "malformed", str(item.get("message", "is not as expected"))) for item in extra]
    place = _AT.search(str(error.__cause__ or ""))
    if place:  # msgspec knows the path into a list, Litestar's summary does not
        faults = [InputError(_pointer(place["path"]), "malformed", fault.detail) for fault in faults[:1]]
    return tuple(
        _worded(_with_choices(fault, handler, str(item.get("key", ""))))
        for fault, item in zip(faults, extra, strict=False)
    )


def _with_choices(fault: InputError, handler: object, parameter: str) -> InputError:
    """Say of a value that is none of some what it may be: of a body by the place in it, else of that parameter."""
    chosen = _CHOICE.match(fault.detail)
    if chosen is None or not isinstance(handler, HTTPRouteHandler):
        return fault
    path = fault.pointer.split("/")[1:] if fault.pointer.startswith("/") else []
    asked = handler.parsed_fn_signature.parameters.get("data" if path else parameter)
    allowed = choices_at(inspect.type_info(asked.raw), path) if asked else []
    return replace(fault, detail=f"{chosen['said']} is none of {', '.join(allowed)}") if allowed else fault


def choices_at(kind: inspect.Type, path: Sequence[str]) -> list[str]:
    """Return what may be chosen from at a place in a type; nothing where there is no choice.

    >>> from typing import Literal
    >>> choices_at(inspect.type_info(dict[str, list[Literal["a", "b"] | None]]), ["any", "0"])
    ['a', 'b']
    """
    match kind:
        case inspect.Metadata(type=inner):
            found = choices_at(inner, path)
        case inspect.UnionType(types=types):
            found = [one for inner in types for one in choices_at(inner, path)]
        case inspect.EnumType(cls=choices) if not path:
            found = [str(one.value) for one in choices]
        case inspect.LiteralType(values=values) if not path:
            found = [str(one) for one in values]
        case inspect.ListType(item_type=inner) | inspect.DictType(value_type=inner) if path:
            found = choices_at(inner, path[1:])
        case inspect.StructType(fields=fields) if path:
            there = [field.type for field in fields if field.encode_name == path[0]]
            found = [one for inner in there for one in choices_at(inner, path[1:])]
        case _:
            found = []
    return found


def body_faults(error: msgspec.ValidationError) -> tuple[InputError, ...]:
    """Return the fault of a body with a JSON pointer to it and what is expected there."""
    place = _AT.search(str(error))
    message = str(error).split(" - ", maxsplit=1)[0]
    return (_worded(InputError(_pointer(place["path"]) if place else "/", "malformed", message)),)


def _called(item: dict[str, str]) -> str:
    """Return what senders call the place: Litestar tells a parameter by our name for it."""
    key = str(item.get("key", ""))
    return key if item.get("source") == "body" else PARAMETERS.get(key, key)


def _worded(fault: InputError) -> InputError:
    """Say a fault in words, at the field itself where one is missing or too many."""
    pattern, named = _PATTERN.search(fault.detail), _NAMED.match(fault.detail)
    if pattern:
        return replace(fault, detail=f"Expected {_WORDS.get(pattern['pattern'], 'another form')}")
    length, limit = _LENGTH.match(fault.detail), _RANGE.match(fault.detail)
    if length:
        many = int(length["most"]) != 1
        unit = ("characters" if many else "character") if length["kind"] == "str" else ("entries" if many else "entry")
        return replace(fault, detail=f"Expected {_THAN[length['than']]} {length['most']} {unit}")
    if limit:
        return replace(fault, detail=f"Expected {_THAN[limit['than']]} {limit['most']}")
    if named:
        return replace(fault, pointer=f"{fault.pointer.rstrip('/')}/{pointer_part(named['name'])}")
    return fault


def _pointer(path: str) -> str:
    """Write `[0].active_from` as a JSON pointer."""
    return "".join(f"/{index or name}" for index, name in re.findall(r"\[(\d+|\.\.\.)\]|\.(\w+)", path)) or "/"
