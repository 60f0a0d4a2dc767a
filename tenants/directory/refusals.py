"""What a log may say of a refused request: how it was refused and where, and nothing of whom (pure)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from scim2_server.responses import ScimResponse

__all__ = ("refusal_codes", "without_names")

_PLACES = {"users", "groups", "bulk", ".search", "serviceproviderconfig", "schemas", "resourcetypes", "me"}


def refusal_codes(answer: ScimResponse) -> list[str]:
    """Return the refusals of an answer, each once: `scimType`, else the status; of a bulk request each operation's."""
    body = answer.body if isinstance(answer.body, Mapping) else {}
    told = [(int(answer.status), body)]
    told += [(int(one["status"]), one.get("response") or {}) for one in body.get("Operations") or ()]
    return sorted({_code(status, error) for status, error in told if status >= 400})


def _code(status: int, error: Mapping[str, Any]) -> str:
    return str(error.get("scimType") or status)


def without_names(path: str) -> str:
    """Return a path of which places and ids are left: clients have asked for `/Users/<e-mail address>`.

    >>> without_names("/Users/ann@acme.example")
    '/Users/…'
    """
    return "/" + "/".join(_safe(part) for part in path.strip("/").split("/") if part)


def _safe(part: str) -> str:
    if part.lower() in _PLACES:
        return part
    try:
        return str(UUID(part))
    except ValueError:
        return "…"
