"""Group commit: what requests of one tenant ask for at the same moment is decided and written together.

A tenant has one flight out at a time; while it is out, what comes in gathers. The busier it is, the
fuller the next one gets, so that a pool's row is locked, and the disk asked, once for many.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from plans.licensing.errors import LeasesBusy

__all__ = ("Gatherer", "Owner")

_FLIGHT = 500
"""Requests of a flight."""
_WAITING = 10_000
"""Requests that may wait; more are turned away."""

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose requests are decided together, and by which clock; None is the service's own."""

    tenant_id: UUID
    test_clock_id: UUID | None

    @property
    def key(self) -> tuple[int, int]:
        """What finds their queue: numbers are hashed a good deal quicker than ids."""
        return self.tenant_id.int, 0 if self.test_clock_id is None else self.test_clock_id.int


@dataclass(slots=True)
class _Queue(Generic[Request, Answer]):
    waiting: list[tuple[Request, asyncio.Future[Answer]]] = field(default_factory=list)
    flight: asyncio.Task[None] | None = None


class Gatherer(Generic[Request, Answer]):
    """Gathers requests into flights and tells each its answer. For one event loop."""

    def __init__(self, fly: Callable[[Owner, Sequence[Request]], Awaitable[Sequence[Answer]]]) -> None:
        self._fly = fly
        self._queues: dict[tuple[int, int], _Queue[Request, Answer]] = {}
        self._waiting = 0

    async def submit(self, owner: Owner, request: Request) -> Answer:
        """Return what became of a request, once it is durable.

        Raises:
            LeasesBusy: too many wait already (`leases_busy`).
        """
        if self._waiting >= _WAITING:
            raise LeasesBusy
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue = self._queues.get(owner.key)
        if queue is None:
            queue = self._queues[owner.key] = _Queue()
        queue.waiting.append((request, done))
        self._waiting += 1
        if queue.flight is None:
            queue.flight = asyncio.get_running_loop().create_task(self._run(owner, queue))
        return await done

    async def _run(self, owner: Owner, queue: _Queue[Request, Answer]) -> None:
        """Fly until nobody waits."""
        while queue.waiting:
            taken, queue.waiting = queue.waiting[:_FLIGHT], queue.waiting[_FLIGHT:]
            try:
                answers = await self._fly(owner, [request for request, _ in taken])
            except BaseException as error:
                for _, done in taken:
                    if not done.done():
                        done.set_exception(error)
                if not isinstance(error, Exception):
                    raise
            else:
                for (_, done), answer in zip(taken, answers, strict=True):
                    if not done.done():  # the client may have gone
                        done.set_result(answer)
            finally:
                self._waiting -= len(taken)
        del self._queues[owner.key]

    async def close(self) -> None:
        """Let everything that waits land."""
        while flights := [queue.flight for queue in self._queues.values() if queue.flight is not None]:
            await asyncio.gather(*flights, return_exceptions=True)
