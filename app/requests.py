"""A request whose body of JSON is looked at once, before anything reads it."""

from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ValidationException
from litestar.types import Empty

from core.json_faults import json_fault

__all__ = ("SoundRequest", "refuse_unsound")

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_LARGE_BYTES = 50_000
"""A larger body is looked at in a thread."""


def refuse_unsound(body: bytes) -> None:
    """Refuse a body of JSON that is too deep, or has a name twice in one object.

    Raises:
        ValidationException: it is (`malformed_request`).
    """
    fault = json_fault(body)
    if fault is not None:
        raise ValidationException(fault, extra=[{"key": "/", "message": fault}])


class SoundRequest(Request[Any, Any, State]):
    """A request of any route; bodies that routes read as a stream (events, statements, files) they judge themselves."""

    async def body(self) -> bytes:
        """Return the body.

        Raises:
            ValidationException: it is JSON that no decoder should be trusted with (`malformed_request`).
        """
        known = self._body is not Empty or self._connection_state.body is not Empty
        body = await super().body()
        if not known and self.content_type[0] not in _FORMS:
            if len(body) > _LARGE_BYTES:
                await to_thread.run_sync(refuse_unsound, body)
            else:
                refuse_unsound(body)
        return body
