"""What is wrong with the shape of a body, a query or a path, in words rather than in patterns."""

import re
from dataclasses import replace

import msgspec
from litestar.exceptions import ValidationException

from core.errors import InputError

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
_WORDS = {repr(pattern): words for pattern, words in FORMS.items()}


def shape_faults(error: ValidationException) -> tuple[InputError, ...]:
    """Return each fault with a JSON pointer to it and what is expected there."""
    extra = error.extra if isinstance(error.extra, list) else []
    faults = [
        InputError(_called(item), "malformed", str(item.get("message", "is not as expected")))
        for item in extra
        if isinstance(item, dict)
    ]
    place = _AT.search(str(error.__cause__ or ""))
    if place:  # msgspec knows the path into a list, Litestar's summary does not
        faults = [InputError(_pointer(place["path"]), "malformed", fault.detail) for fault in faults[:1]]
    return tuple(_worded(fault) for fault in faults)


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
    if named:
        name = named["name"].replace("~", "~0").replace("/", "~1")
        return replace(fault, pointer=f"{fault.pointer.rstrip('/')}/{name}")
    return fault


def _pointer(path: str) -> str:
    """Write `[0].active_from` as a JSON pointer."""
    return "".join(f"/{index or name}" for index, name in re.findall(r"\[(\d+|\.\.\.)\]|\.(\w+)", path)) or "/"
