"""JSON objects, one a line (pure)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn, TypeAlias

from core.exact_json import encode_exact, exact_number
from metering.imports.columns import norm
from metering.imports.faults import RowCode, RowFault
from metering.imports.lines import MAX_ROW, text_lines

__all__ = ("Line", "flat", "json_rows", "keys_of")

Line: TypeAlias = tuple[int, "tuple[str, dict[str, Any]] | RowFault"]
"""A line's number (the first is 1), and its text with the object, or why there is none."""


class _Twice(ValueError):
    """The same key came twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant, parse_float=exact_number).decode


def json_rows(chunks: Iterable[bytes], encoding: str) -> Iterator[Line]:
    """Yield the objects of an NDJSON file; blank lines count but are left out."""
    for number, line in enumerate(text_lines(chunks, encoding), 1):
        text = line.strip()
        if text:
            yield number, _read(text)


def _read(text: str) -> tuple[str, dict[str, Any]] | RowFault:
    if len(text) > MAX_ROW:
        return RowFault(RowCode.ROW_TOO_LARGE, "", f"The line has more than {MAX_ROW:,} characters. Shorten it.")
    try:
        return text, _object(text)
    except RowFault as fault:
        return fault


def _object(text: str) -> dict[str, Any]:
    try:
        text.encode()
        found = _decode(text)
    except UnicodeEncodeError:
        raise RowFault(RowCode.TEXT_UNDECODABLE, "", "The line is not UTF-8. Save the file as UTF-8.") from None
    except _Twice as twice:
        detail = f"The key '{str(twice)[:60]}' comes twice in one object: which one holds? Send it once."
        raise RowFault(RowCode.JSON_DUPLICATE_KEY, str(twice)[:60], detail) from None
    except RecursionError:
        raise RowFault(RowCode.JSON_INVALID, "", "The object is nested too deeply. Flatten it.") from None
    except ValueError as error:
        detail = f"The line is not JSON: {str(error)[:100]}. Was the file cut off?"
        raise RowFault(RowCode.JSON_INVALID, "", detail) from None
    if not isinstance(found, dict):
        raise RowFault(RowCode.JSON_INVALID, "", "The line is JSON, but no object. Send one object a line.")
    return found


def keys_of(objects: Iterable[dict[str, Any]]) -> list[str]:
    """Return the columns of sample objects: their keys, those of inner objects after a dot."""
    found: dict[str, str] = {}
    for one in objects:
        for name in _walk(one, ""):
            found.setdefault(norm(name[0]), name[0])
    return list(found.values())


def flat(one: dict[str, Any], header: Sequence[str]) -> list[str]:
    """Return an object as the texts of a header's columns; what it lacks is ''."""
    found = {norm(name): value for name, value in _walk(one, "")}
    return [found.get(name, "") for name in header]


def _walk(one: dict[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for name, value in one.items():
        if isinstance(value, dict):
            yield from _walk(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return encode_exact(value).decode()
