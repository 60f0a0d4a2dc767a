"""Errors as the reader wants them: RFC 9457 for programs, a page for people.

Litestar's own plugin swaps title and detail and stays out of the OpenAPI document, so the mapping
is ours.
"""

import http
from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from sqlalchemy.exc import DBAPIError

from app.error_page import error_page
from app.idempotency import Replayed
from app.malformed import body_faults, shape_faults
from core.errors import InputError, InvalidInput, Refused
from core.ids import new_id

__all__ = ("EXCEPTION_HANDLERS", "Problem", "answer_to")

_log = structlog.get_logger("tollbook.problems")
_API = ("/v1", "/xapi", "/scim", "/schemas", "/healthz", "/readyz", "/metrics", "/.well-known")
_HTTP_CODES = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "media_type_unsupported",
    429: "too_many_requests",
}
_RETRY_AFTER_S = 2
_AT_ONCE = ("23505", "40001", "40P01")
"""What one of two requests at once meets where neither could see the other: a key that is taken by now, a deadlock."""
_TOLD = 5
"""So many errors of one request are logged."""
_GOING = ("57P01", "57P02", "57P03")
"""The database is being stopped or started."""
_NO_COLUMN_HOLDS = (None, "22003", "22021", "22P05")
"""NUL in a text, as the driver and the server say it, and a number out of range."""

Req = Request[Any, Any, State]


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An error as RFC 9457 wants it; `code` is stable, `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    errors: list[dict[str, str]] | None = None


def _is_api(request: Req) -> bool:
    return request.url.path.startswith(_API) or "text/html" not in request.headers.get("accept", "")


def _answer(
    request: Req, status: int, code: str, detail: str, *,
    errors: tuple[InputError, ...] = (), headers: dict[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response[Any]:  # fmt: skip
    if status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
        _note_refusal(request, status, code, errors)
    if not _is_api(request):
        reference = str(members.get("instance", "")) if members else ""
        return error_page(request, status, code, detail, headers=headers, reference=reference)
    if request.url.path.startswith("/xapi"):
        # The Experience API's manner: the status and a text.
        message = {"status": status, "message": detail, "code": code}
        return Response(
            msgspec.json.encode(message), status_code=status, media_type="application/json", headers=headers
        )
    if request.url.path.startswith("/scim"):
        told = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
        return Response(
            msgspec.json.encode(told), status_code=status, media_type="application/scim+json", headers=headers
        )
    body = Problem(
        type=f"/docs/errors#{code}",
        title=http.HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=[{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in errors] or None,
    )
    document = {**msgspec.to_builtins(body), **(members or {})}
    return Response(
        msgspec.json.encode(document), status_code=status, media_type="application/problem+json", headers=headers
    )


def _note_refusal(request: Req, status: int, code: str, errors: tuple[InputError, ...]) -> None:
    """Log what was refused and where: the address by its pattern and no value, so that nobody is named."""
    address = request.scope.get("path_template") or "unknown"
    places = [f"{one.pointer} {one.code}" for one in errors[:_TOLD]]
    _log.info("refused", method=request.method, address=address, status=status, code=code, errors=places)


def refused(request: Req, error: Refused) -> Response[Any]:
    """Answer a refusal with its code."""
    errors = error.errors if isinstance(error, InvalidInput) else getattr(error, "errors", ())
    wait = getattr(error, "retry_after_s", None)
    headers = dict(getattr(error, "headers", {}))
    if wait is not None:
        headers["Retry-After"] = str(wait)
    return _answer(
        request, error.status, error.code, error.detail,
        errors=tuple(errors), headers=headers or None, members=error.extra,
    )  # fmt: skip


def malformed(request: Req, error: ValidationException) -> Response[Any]:
    """Answer a body, query or path that has the wrong shape."""
    faults = shape_faults(error, request.scope.get("route_handler"))
    detail = "; ".join(f"{f.pointer}: {f.detail}" for f in faults) or error.detail
    return _answer(request, 400, "malformed_request", detail, errors=faults)


def http_error(request: Req, error: HTTPException) -> Response[Any]:
    """Answer what the framework itself refused."""
    fault = error.__cause__
    if isinstance(fault, msgspec.ValidationError) and "`$.data" in str(fault):
        # A member of the body that is named like a dependency of ours (`tenant`) is taken for that one.
        return _answer(request, 400, "malformed_request", str(fault), errors=body_faults(fault))
    code = _HTTP_CODES.get(error.status_code, "request_refused")
    detail = error.detail
    if error.status_code == http.HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this address. Check it, or start at the home page."
    headers = {key: value for key, value in (error.headers or {}).items() if key.lower() in ("allow", "retry-after")}
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED and "allow" in headers:
        taken = ", ".join(sorted(set(headers["allow"].split(", ")) - {"OPTIONS"}))
        detail = f"This address does not take {request.method}; it takes {taken}."
    return _answer(request, error.status_code, code, detail, headers=headers or None)


def replayed(_: Req, error: Replayed) -> Response[Any]:
    """Give the first answer again."""
    return Response(
        error.body,
        status_code=error.status,
        media_type=MediaType.JSON,
        headers={"Idempotency-Replayed": "true"},
    )


def database_error(request: Req, error: DBAPIError) -> Response[Any]:
    """A database that is away for a moment is 503; what it refuses unexpectedly is a fault of ours."""
    if isinstance(error.orig, psycopg.DataError):
        return value_refused(request, error.orig)
    if getattr(error.orig, "sqlstate", None) in _AT_ONCE:
        _log.warning("concurrent_change", path=request.url.path, exc_info=error)
        return _answer(
            request, 409, "concurrent_change",
            "Somebody changed the same at the same moment; nothing was changed by this request. Send it again.",
            headers={"Retry-After": "1"},
        )  # fmt: skip
    if _is_away(error):
        _log.warning("database_unavailable", path=request.url.path, error=type(error.orig).__name__)
        return _answer(
            request, 503, "database_unavailable", "The database is restarting. Send the request again in a moment.",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )  # fmt: skip
    return unexpected(request, error)


def _is_away(error: DBAPIError) -> bool:
    """Tell whether the connection broke or could not be made; a driver that refuses a statement is no restart."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state in _GOING or (state is None and error.statement is None)


def value_refused(request: Req, error: psycopg.DataError) -> Response[Any]:
    """Answer a value that no column holds; where no type of ours says so before, the database does."""
    if error.sqlstate not in _NO_COLUMN_HOLDS:
        return unexpected(request, error)
    _log.warning("value_refused", path=request.url.path, error=type(error).__name__)
    detail = "A text has the character NUL in it, or a number is too large to be kept. Correct it and send it again."
    return _answer(request, 400, "malformed_request", detail)


def unexpected(request: Req, error: Exception) -> Response[Any]:
    """Answer a fault of ours: the log has the details under the reference, the answer has none."""
    reference = str(new_id())
    _log.error("unexpected_error", reference=reference, path=request.url.path, method=request.method, exc_info=error)
    detail = (
        f"Something went wrong on our side; nothing was changed. Try again, and tell support the reference {reference}."
    )
    return _answer(request, 500, "internal_error", detail, members={"instance": f"urn:uuid:{reference}"})


EXCEPTION_HANDLERS: dict[type[Exception] | int, Any] = {
    Refused: refused,
    ValidationException: malformed,
    HTTPException: http_error,
    Replayed: replayed,
    DBAPIError: database_error,
    psycopg.DataError: value_refused,
    Exception: unexpected,
}


def answer_to(request: Req, error: Exception) -> Response[Any]:
    """Answer an error of any kind, by the handler of its nearest kind."""
    kind = next(kind for kind in type(error).__mro__ if kind in EXCEPTION_HANDLERS)
    answer: Response[Any] = EXCEPTION_HANDLERS[kind](request, error)
    return answer
