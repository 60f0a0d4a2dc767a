"""POST /v1/events from senders who are known, past the framework's layers.

Routing, dependencies and building an answer cost several times what a single event does. So a key
and a tenant that the ordinary route looked up in the last seconds (`remembered_sender`) are enough
to take the events at once, by the same `take_events`. Whatever else comes (another path, a cookie,
a key not seen lately) goes the ordinary way, which also stands in the OpenAPI document.
"""

import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send

from app.dependencies import remembered_sender
from app.metrics import RouteMetrics
from app.problems import answer_to
from app.security import SECURITY_HEADERS
from metering.api.hot_lane import take_events
from tenants.principal import Principal
from tenants.reads import TenantView

__all__ = ("HotDoor",)

_PATH = "/v1/events"
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_HEADERS.append((b"content-type", b"application/json"))
_encode = msgspec.json.Encoder().encode


class _Gone(Exception):
    """The sender hung up before the body was whole: nobody waits for an answer."""


class HotDoor:
    """An ASGI application in front of another."""

    def __init__(self, app: Litestar, inner: ASGIApp) -> None:
        self._app = app
        self._inner = inner
        self._metrics = RouteMetrics("POST", _PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a known sender's events, or pass the request on."""
        if scope["path"] == _PATH and scope.get("method") == "POST":
            headers: dict[str, str] = {}
            for name, value in scope["headers"]:
                headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
            sender = remembered_sender(self._app, headers.get("authorization", ""), headers.get("tbk-tenant") or None)
            if sender is not None:
                await self._take(scope, receive, send, sender, headers)
                return
        await self._inner(scope, receive, send)

    async def _take(
        self, scope: Any, receive: Receive, send: Send, sender: tuple[Principal, TenantView], headers: dict[str, str]
    ) -> None:
        started, status = time.perf_counter(), 0

        async def noting_send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self._metrics.in_progress.inc()
        try:
            answer = await take_events(self._app, sender, headers, _chunks(receive))
            status = HTTPStatus.UNPROCESSABLE_ENTITY.value if answer.nothing_taken else HTTPStatus.OK.value
            await _send(send, status, _encode(answer))
        except _Gone:
            return
        except Exception as error:  # answered as the ordinary way answers it
            if status:
                raise
            request: Request[Any, Any, State] = Request(scope, receive, send)
            await answer_to(request, error).to_asgi_response(None, request)(scope, receive, noting_send)
        finally:
            self._metrics.in_progress.dec()
            if status:
                self._metrics.answered(status, started)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message: Any = await receive()
        if message["type"] != "http.request":
            raise _Gone
        if body := message.get("body"):
            yield body
        if not message.get("more_body"):
            return


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
