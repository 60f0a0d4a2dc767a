"""A request's version and parameters, for every resource of xAPI."""

from typing import Any
from urllib.parse import parse_qs

from litestar import Request
from litestar.datastructures import State

from metering.api.xapi.headers import VERSION
from metering.errors import XapiRequestInvalid
from metering.xapi.versions import Version, version_of_header

__all__ = ("parameters_of", "refuse_parameters", "require_version")

Req = Request[Any, Any, State]


def require_version(request: Req) -> Version:
    """Return the version that the request speaks.

    Raises:
        XapiRequestInvalid: it names none, or another one (`xapi_request_invalid`).
    """
    header = request.headers.get(VERSION.lower(), "")
    version = version_of_header(header)
    if version is None:
        raise XapiRequestInvalid(f"The header {VERSION} must be 1.0.x or 2.0.x, not '{header[:20] or 'absent'}'.")
    return version


def parameters_of(request: Req) -> dict[str, list[str]]:
    """Return the parameters of the address, each with its values; names are spelt exactly."""
    return parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)


def refuse_parameters(request: Req, known: tuple[str, ...]) -> None:
    """Refuse every parameter but these.

    Raises:
        XapiRequestInvalid: there is another one (`xapi_request_invalid`).
    """
    unknown = parameters_of(request).keys() - set(known)
    if unknown:
        raise XapiRequestInvalid(f"There is no parameter '{min(unknown)[:50]}' here.")
