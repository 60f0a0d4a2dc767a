"""The hottest requests from senders who are known, past the framework's layers.

Routing, dependencies and building an answer cost several times what a single event or lease does.
So a key and a tenant that the ordinary route looked up in the last seconds (`app.senders`) are
enough to answer at once, by the same functions. Whatever else comes (another path, a cookie, a key
not seen lately) goes the ordinary way, which also stands in the OpenAPI document.
"""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.exceptions import ValidationException
from litestar.types import ASGIApp, Receive, Scope, Send

from app.metrics import RouteMetrics
from app.problems import answer_to
from app.requests import refuse_unsound
from app.security import SECURITY_HEADERS
from app.senders import senders_of
from metering.api.hot_lane import take_events
from metering.errors import BodyTooLarge
from plans.licensing.api.entitlements import entitled
from plans.licensing.api.hot_lane import check_out, hold_on, let_go
from plans.licensing.schemas import LeaseBody
from tenants.principal import Principal
from tenants.reads import TenantView

__all__ = ("HotDoor",)

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_JSON = (b"content-type", b"application/json")
_encode = msgspec.json.Encoder().encode
_LEASE = msgspec.json.Decoder(LeaseBody)
_LEASE_BODY_MAX = 100_000
_DIGITS = 16
"""A Content-Length of so many digits says nothing that is worth counting down from."""


class _Gone(Exception):
    """The sender hung up before the body was whole: nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A known sender's request; `named` is the part of the path that the route leaves open."""

    app: Litestar
    sender: tuple[Principal, TenantView]
    headers: Mapping[str, str]
    named: str
    chunks: AsyncIterator[bytes]


Answer = tuple[int, object]
"""A status, and what the body says; None for no body."""


async def _events(call: Call) -> Answer:
    answer = await take_events(call.app, call.sender, call.headers, call.chunks)
    return HTTPStatus.UNPROCESSABLE_ENTITY if answer.nothing_taken else HTTPStatus.OK, answer


async def _checkout(call: Call) -> Answer:
    body = await _lease_body(call)
    return HTTPStatus.CREATED, await check_out(call.app, call.sender, call.named, body, call.headers)


async def _heartbeat(call: Call) -> Answer:
    return HTTPStatus.OK, await hold_on(call.app, call.sender, UUID(call.named))


async def _release(call: Call) -> Answer:
    await let_go(call.app, call.sender, UUID(call.named))
    return HTTPStatus.NO_CONTENT, None


async def _entitlement(call: Call) -> Answer:
    return HTTPStatus.OK, await entitled(call.app, call.sender, call.named)


async def _lease_body(call: Call) -> LeaseBody:
    parts, size = [], 0
    async for chunk in call.chunks:
        size += len(chunk)
        if size > _LEASE_BODY_MAX:
            raise BodyTooLarge(_LEASE_BODY_MAX)
        parts.append(chunk)
    body = b"".join(parts)
    refuse_unsound(body)
    try:
        return _LEASE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message, _, path = str(error).partition(" - at `$")
        fault = {"key": path.rstrip("`").replace(".", "/"), "message": message}
        raise ValidationException(message, extra=[fault]) from error


class _Route:
    """A route that the door knows: where it leads, and what is counted of it."""

    def __init__(self, method: str, path: str, answer: Callable[[Call], Awaitable[Answer]]) -> None:
        self.method = method
        self._pattern = re.compile(re.sub(r"\\\{[^}]+\\\}", "([^/]+)", re.escape(path)))
        self.answer = answer
        self.metrics = RouteMetrics(method, path)

    def named(self, path: str) -> str | None:
        """Return what the path names, '' where the route leaves nothing open; None if it is another's."""
        found = self._pattern.fullmatch(path)
        return None if found is None else "".join(found.groups())


_ROUTES = (
    _Route("POST", "/v1/events", _events),
    _Route("POST", "/v1/pools/{key}/leases", _checkout),
    _Route("POST", "/v1/leases/{lease_id}/heartbeat", _heartbeat),
    _Route("DELETE", "/v1/leases/{lease_id}", _release),
    _Route("GET", "/v1/entitlements/{feature}", _entitlement),
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _route(method: str, path: str) -> tuple[_Route, str] | None:
    """Return the route of a request and what it names, where the door knows it."""
    for route in _ROUTES:
        if route.method == method:
            named = route.named(path)
            if named is not None and ("/leases/" not in path or _UUID.fullmatch(named)):
                return route, named
    return None


class HotDoor:
    """An ASGI application in front of another."""

    def __init__(self, app: Litestar, inner: ASGIApp) -> None:
        self._app = app
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a known sender, or pass the request on."""
        if "\0" in scope["path"]:
            # The database keeps no such name, and where several fly together it would fail all of them.
            await _refuse(scope, receive, send, ValidationException("Take the character NUL out of the address."))
            return
        found = _route(str(scope.get("method", "")), scope["path"])
        if found is not None:
            # Of a name that stands twice the first one is taken.
            headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(list(scope["headers"]))
            }
            senders = senders_of(self._app)
            sender = senders.remembered(headers.get("authorization", ""), headers.get("tbk-tenant") or None)
            if sender is not None:
                call = Call(self._app, sender, headers, found[1], _chunks(receive, headers.get("content-length", "")))
                await self._take(scope, receive, send, found[0], call)
                return
        await self._inner(scope, receive, send)

    async def _take(self, scope: Any, receive: Receive, send: Send, route: _Route, call: Call) -> None:
        started, status = time.perf_counter(), 0
        route.metrics.begun()
        try:
            answered, answer = await route.answer(call)
            status = int(answered)
            await _send(send, status, answer)
        except _Gone:
            return
        except Exception as error:  # answered as the ordinary way answers it
            if status:
                raise
            status = await _refuse(scope, receive, send, error)
        finally:
            route.metrics.ended(status, started)


async def _refuse(scope: Any, receive: Receive, send: Send, error: Exception) -> int:
    """Answer an error and return its status."""
    request: Request[Any, Any, State] = Request(scope, receive, send)
    status = 0

    async def noting_send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        await send(message)

    await answer_to(request, error).to_asgi_response(None, request)(scope, receive, noting_send)
    return status


async def _chunks(receive: Receive, announced: str) -> AsyncIterator[bytes]:
    """Yield a body as it comes, and ask for no more where all that was announced has come."""
    left = int(announced) if announced.isdecimal() and len(announced) < _DIGITS else -1
    while left:
        message: Any = await receive()
        if message["type"] != "http.request":
            raise _Gone
        if body := message.get("body"):
            left -= len(body)
            yield body
        if not message.get("more_body"):
            return


async def _send(send: Send, status: int, answer: object) -> None:
    body = b"" if answer is None else _encode(answer)
    headers = _HEADERS if answer is None else [*_HEADERS, _JSON, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
