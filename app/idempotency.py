"""`Idempotency-Key` on every POST under /v1 that runs in one transaction."""

import hashlib
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.serialization import encode_json
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InputError, InvalidInput
from tenants.actions.remember_answer import IdempotentRequest, claim_request, remember_answer
from tenants.principal import Principal

__all__ = ("Replayed", "claim", "has_key", "remembering")

_KEY_MAX = 255


class Replayed(Exception):
    """Not a fault: this request was answered before; here is that answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("replayed")
        self.status = status
        self.body = body


def has_key(request: Request[Any, Any, State]) -> bool:
    """Tell whether the request is one that is answered once for its key."""
    keyed = bool(request.headers.get("idempotency-key"))
    return keyed and request.method == "POST" and request.url.path.startswith("/v1/")


def claim(session: Session, request: Request[Any, Any, State], owner: UUID, principal: Principal, body: bytes) -> None:
    """Claim the key that the request has in its own transaction, or raise the answer it had before.

    The same key of somebody else is another request. The handler, which checks what the principal may,
    does not run a second time: the answer is given only to who still may what they might then.

    Raises:
        Forbidden: the principal may less now than when it was answered (`forbidden`).
        Replayed: the same request was answered; the caller's transaction rolls back unused.
        IdempotencyConflict: the key was used for another request (`idempotency_conflict`).
    """
    key = request.headers["idempotency-key"]
    if len(key) > _KEY_MAX:
        raise InvalidInput(InputError("Idempotency-Key", "idempotency_key_long", "Use at most 255 characters."))
    said = f"{principal.user_id}\n{request.url.path}?{request.url.query}\n"
    digest = hashlib.sha256(said.encode() + body).digest()
    wanted = IdempotentRequest(owner, key, request.url.path, digest, principal.scopes)
    answer = claim_request(session, wanted, utc_now())
    if answer is not None:
        raise Replayed(answer.status, answer.body)
    session.info["idempotent_request"] = wanted


def remembering(controllers: Iterable[Any]) -> tuple[Any, ...]:
    """Return the controllers with their POST handlers keeping the first answer of a claimed key."""
    found = tuple(controllers)
    for controller in found:
        handlers = (
            vars(controller).values() if isinstance(controller, type) and issubclass(controller, Controller) else ()
        )
        for handler in handlers:
            if isinstance(handler, HTTPRouteHandler) and "POST" in handler.http_methods:
                _wrap(handler)
    return found


def _wrap(handler: HTTPRouteHandler) -> None:
    inner: Callable[..., Any] = handler.fn
    if getattr(inner, "__remembers__", False):
        return

    @wraps(inner)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = inner(*args, **kwargs)
        session = kwargs.get("session") or kwargs.get("steward")
        request = session.info.get("idempotent_request") if isinstance(session, Session) else None
        if request is not None and session is not None:
            remember_answer(session, request, *_rendered(result, handler.status_code))
        return result

    call.__remembers__ = True  # type: ignore[attr-defined]
    if not _is_async(inner):
        handler._fn = call  # noqa: SLF001 - Litestar offers no public hook between handler and commit


def _is_async(function: Callable[..., Any]) -> bool:
    return getattr(function, "__code__", None) is not None and bool(function.__code__.co_flags & 0x80)


def _rendered(result: Any, status: int) -> tuple[int, bytes]:
    if isinstance(result, Response):
        content = result.content
        body = content if isinstance(content, bytes) else encode_json(content)
        return result.status_code or status, body
    return status, msgspec.json.encode(result) if isinstance(result, msgspec.Struct) else encode_json(result)
