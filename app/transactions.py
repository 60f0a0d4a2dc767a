"""The transactions of a request: each commits after the handler returned, and is undone before a refusal is answered.

The framework ends what a handler asked for once all of it is there. Where one thing is refused, what was there already
is left to the garbage collector, and its locks and connection with it; so what is open yet is ended before the answer.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

from anyio import CancelScope, Lock, to_thread
from litestar import Request
from litestar.datastructures import State
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.idempotency import claim, has_key
from tenants.principal import Principal

__all__ = ("ended_before_the_answer", "transaction")

_OPEN = "open_transactions"


class _Unfinished(Exception):
    """The request is answered, and its handler never came to use the transaction."""


class _Open:
    """A transaction that was begun, and is ended once."""

    def __init__(self, context: AbstractContextManager[Session]) -> None:
        self._context, self._ended = context, False
        self.session: Session

    async def begin(self) -> None:
        """Begin it, as a whole where something else of the request is refused meanwhile, too."""
        with CancelScope(shield=True):
            self.session = await to_thread.run_sync(self._context.__enter__)

    async def end(self, error: BaseException | None = None) -> None:
        """Commit; or roll back where there was an error."""
        if self._ended:
            return
        self._ended = True
        cause = (None, None, None) if error is None else (type(error), error, error.__traceback__)
        with CancelScope(shield=True):  # also where whoever asked has hung up
            await to_thread.run_sync(self._context.__exit__, *cause)


@asynccontextmanager
async def transaction(
    context: AbstractContextManager[Session], request: Request[Any, Any, State], owner: UUID, principal: Principal
) -> AsyncIterator[Session]:
    """Open a transaction of a request, in which its Idempotency-Key is claimed.

    Args:
        context: begins and ends it.
        request: what is answered.
        owner: under whose rows the key stands.
        principal: who asks.
    """
    opened = _Open(context)
    await opened.begin()
    request.scope["state"].setdefault(_OPEN, []).append(opened)
    try:
        if has_key(request):
            body = await _whole_body(request)
            await to_thread.run_sync(partial(claim, opened.session, request, owner, principal, body))
        yield opened.session
    except BaseException as error:
        await opened.end(error)
        raise
    await opened.end()


async def _whole_body(request: Request[Any, Any, State]) -> bytes:
    """Return the body. Two transactions of one request begin at once: were both to read, one would wait for ever."""
    async with request.scope["state"].setdefault("reading_body", Lock()):
        return await request.body()


def ended_before_the_answer(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that no transaction of a request is open any more when its answer begins."""

    async def ending(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_when_over(message: Message) -> None:
            for one in scope["state"].pop(_OPEN, ()):
                with suppress(SQLAlchemyError, _Unfinished):  # it is undone by the database itself
                    await one.end(_Unfinished())
            await send(message)

        await app(scope, receive, send_when_over)

    return ending
