"""What Entra ID and Okta say otherwise than RFC 7643 and 7644, put into the protocol's words (pure).

Whatever is not named here goes on as it came, and the protocol judges it.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from tenants.directory.attributes import ENTERPRISE

__all__ = ("plain_body",)

_INFORMATIVE = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/"
"""Entra names a schema below it for groups and users, and sends no attribute of it."""
_MANAGER = f"{ENTERPRISE}:manager"


def plain_body(body: bytes) -> bytes:
    """Return a request's body as the RFCs would have it; the very same bytes where nothing is to be mended.

    >>> plain_body(b'{"Operations":[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"7"}]}]}')
    b'{"Operations":[{"op":"Remove","path":"members","value":[{"value":"7"}]}]}'
    """
    try:
        given = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return body
    plain = _plain(given)
    return body if plain == given else msgspec.json.encode(plain)


def _plain(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    operations = given.get("Operations")
    if isinstance(operations, list):
        return given | {"Operations": [plain for one in operations for plain in _operations(one)]}
    return _resource(given)


def _resource(given: dict[str, Any]) -> dict[str, Any]:
    plain = _managed(given)
    if isinstance(given.get("schemas"), list):
        plain["schemas"] = [one for one in given["schemas"] if not str(one).startswith(_INFORMATIVE)]
    return plain


def _operations(given: Any) -> Iterator[Any]:
    """Yield what one operation comes to, of a PATCH or of a bulk request."""
    if not isinstance(given, dict):
        yield given
    elif "method" in given:
        yield given | {"data": _plain(given["data"])} if "data" in given else given
    elif str(given.get("op")).lower() == "remove":
        yield _removal(given)
    elif given.get("path") is None and isinstance(given.get("value"), dict):
        yield from _by_path(given, _managed(given["value"]))
    elif given.get("path") in ("manager", _MANAGER) and "value" in given:
        yield _of_manager(given)
    else:
        yield given


def _by_path(given: dict[str, Any], value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a key with a filter, `emails[type eq "work"].value`, as an operation of its own: it is a path."""
    whole = {key: one for key, one in value.items() if "[" not in key}
    if whole or not value:
        yield given | {"value": whole}
    for key in value.keys() - whole.keys():
        yield given | {"path": key, "value": value[key]}


def _removal(given: dict[str, Any]) -> dict[str, Any]:
    """Say by `value` alone who leaves; drop a value that only repeats what the path selects already."""
    path, value = given.get("path"), given.get("value")
    if str(path).lower() == "members" and value is not None:
        named = value if isinstance(value, list) else [value]
        return given | {"value": [{"value": _identity(one)} if _identity(one) else one for one in named]}
    if isinstance(path, str) and ("[" in path or path.startswith(ENTERPRISE)):
        return {name: one for name, one in given.items() if name != "value"}
    return given


def _identity(member: Any) -> str | None:
    named = member.get("value") if isinstance(member, dict) else member
    return named if isinstance(named, str) and named else None


def _of_manager(given: dict[str, Any]) -> dict[str, Any]:
    manager = _manager(given["value"])
    rest = {name: one for name, one in given.items() if name not in ("path", "value")}
    if manager is None:
        return rest | {"op": "remove", "path": _MANAGER}
    return rest | {"path": _MANAGER, "value": manager}


def _managed(given: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with a manager who is an object wherever one is named."""
    plain = dict(given)
    if _MANAGER in plain:
        plain[_MANAGER] = _manager(plain[_MANAGER])
    work = plain.get(ENTERPRISE)
    if isinstance(work, dict) and "manager" in work:
        plain[ENTERPRISE] = work | {"manager": _manager(work["manager"])}
    return plain


def _manager(given: Any) -> Any:
    """Return `{"value": id}` of an id or of a list of one, None of an empty one; anything else as it is."""
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, str):
        return {"value": given} if given else None
    return given
