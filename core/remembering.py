"""Values that may be some seconds old: looked up once for all who wait, and anew before anybody has to."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar

from core.errors import Refused

__all__ = ("Remembered",)

LIFE_S = 2.0
"""How old a value may be if nothing else is said, and so how long after its revocation a key may still work."""
RENEWED_S = 1.0
"""At that age it is looked up again while others go on with what is known. Were it to run out under load, all
requests of that moment would go the long way at once, and wait for each other."""
_MOST = 10_000

T = TypeVar("T")


class _Known(NamedTuple, Generic[T]):
    """A value with when it was asked for and from when on it is to be asked for again."""

    asked_at: float
    due_at: float
    value: T


class Remembered(Generic[T]):
    """Values by key, of one event loop. Nothing is kept of a look-up that was refused.

    Args:
        life_s: how old a value may be.
        first_waits: who finds a value that is to be renewed waits for the new one, and only those who ask meanwhile
            go on with what is known: for values that are old only while they are looked up.
        rests: a value is not renewed before this many times as long as looking it up took, however young it
            must be else: so much less than the whole time is spent on look-ups that take long.
    """

    def __init__(self, life_s: float = LIFE_S, *, first_waits: bool = False, rests: int = 0) -> None:
        self._life_s, self._first_waits, self._rests = life_s, first_waits, rests
        self._known: dict[Any, _Known[T]] = {}
        self._asked: dict[Any, asyncio.Task[_Known[T]]] = {}

    def get(self, key: Any) -> T | None:
        """Return the value that is known, or None."""
        known = self._known.get(key)
        return known.value if known and time.monotonic() < known.asked_at + self._life_s else None

    def renew(self, key: Any, look_up: Callable[[], Awaitable[T]]) -> None:
        """See to it that a known value does not run out; waits for nothing."""
        if self._is_due(key):
            self._ask(key, look_up)

    def fresh(self, key: Any, look_up: Callable[[], Awaitable[T]]) -> T | None:
        """Return the value that is known, and see to it that it does not run out; None if none is known."""
        known = self._known.get(key)
        if known is None:
            return None
        now = time.monotonic()
        if now >= known.asked_at + self._life_s:
            return None
        if now >= known.due_at:
            self.renew(key, look_up)
        return known.value

    def _is_due(self, key: Any) -> bool:
        known = self._known.get(key)
        return known is not None and time.monotonic() >= known.due_at and key not in self._asked

    async def ask(self, key: Any, look_up: Callable[[], Awaitable[T]]) -> T:
        """Return the value that is known, or look it up; who asks meanwhile waits for the same answer.

        Args:
            key: whose.
            look_up: what it raises is raised here.
        """
        known = self.get(key)
        if known is not None and not (self._first_waits and self._is_due(key)):
            self.renew(key, look_up)
            return known
        task, mine = self._asked.get(key), False
        if task is None:
            task, mine = self._ask(key, look_up), True
        # Whoever hangs up does not end it for the others.
        found = await asyncio.shield(task)
        if mine or time.monotonic() < found.asked_at + self._life_s:
            return found.value
        return await self.ask(key, look_up)  # another's look-up took so long that it says nothing of now

    def _ask(self, key: Any, look_up: Callable[[], Awaitable[T]]) -> "asyncio.Task[_Known[T]]":
        task = self._asked[key] = asyncio.create_task(self._looked_up(key, look_up))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, though nobody may wait
        return task

    async def _looked_up(self, key: Any, look_up: Callable[[], Awaitable[T]]) -> _Known[T]:
        """Look up and keep: a value is as old as the question, however long the answer took."""
        asked_at = time.monotonic()
        try:
            value = await look_up()
        except Refused as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:  # else nothing was told of it: the database is away
                self._known.pop(key, None)  # revoked: at once, not when it would have run out
            raise
        finally:
            del self._asked[key]
        if len(self._known) > _MOST:
            self._known.clear()
        took_s = time.monotonic() - asked_at
        found = self._known[key] = _Known(asked_at, asked_at + max(RENEWED_S, self._rests * took_s), value)
        return found
