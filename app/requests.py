"""A request whose body of JSON is looked at once, before anything reads it."""

import re
from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ValidationException
from litestar.types import Empty

from core.errors import pointer_part
from core.json_faults import json_fault
from core.periods import YEARS

__all__ = ("DAYS", "SoundRequest", "refuse_unsound")

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_LARGE_BYTES = 50_000
"""A larger body is looked at in a thread."""

DAYS = frozenset((
    "active_from", "after", "anchor_on", "at", "ends_on", "expires_at", "expires_on", "holidays", "now", "period",
    "starts_on", "to", "valid_from", "valid_to", "valid_until",
))  # fmt: skip
"""Under which names bodies say days and instants."""
_DAY = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}(?![^Tt ])")


def refuse_unsound(body: bytes) -> None:
    """Refuse a body of JSON that is too deep, or has a name twice in one object.

    Raises:
        ValidationException: it is (`malformed_request`).
    """
    fault = json_fault(body)
    if fault is not None:
        raise ValidationException(fault, extra=[{"key": "/", "message": fault}])


def _refuse_far_days(said: Any) -> None:
    """Refuse a day at the end of the calendar, wherever it stands: no page could show it in another time zone.

    Raises:
        ValidationException: there is one (`malformed_request`).
    """
    rest: list[tuple[str, str, Any]] = [("", "", said)]
    while rest:
        pointer, name, value = rest.pop()
        if isinstance(value, dict):
            rest += [(f"{pointer}/{pointer_part(key)}", key, one) for key, one in value.items()]
        elif isinstance(value, list):
            rest += [(f"{pointer}/{number}", name, one) for number, one in enumerate(value)]
        elif isinstance(value, str) and name in DAYS:
            day = _DAY.match(value)
            if day and int(day[1]) not in YEARS:
                fault = f"Give a day of the years {YEARS[0]} to {YEARS[-1]}, not '{value[:40]}'"
                raise ValidationException(fault, extra=[{"key": pointer, "message": fault}])


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

    async def json(self) -> Any:
        """Return what the body says.

        Raises:
            ValidationException: it is not UTF-8, or names a day at the end of the calendar (`malformed_request`).
        """
        try:
            said = await super().json()
        except UnicodeDecodeError:
            fault = "The body is not UTF-8. Send it in UTF-8"
            raise ValidationException(fault, extra=[{"key": "/", "message": fault}]) from None
        _refuse_far_days(said)
        return said
