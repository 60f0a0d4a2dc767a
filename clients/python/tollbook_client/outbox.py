"""What waits to be sent, oldest first: in the spool where there is one, else in memory.

With a spool every line is on disk before `put` returns: signals whose default is to end a process at
once, as containers are ended by SIGTERM, lose nothing. With `durable` it is synced too.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from tollbook_client.spool import Spool

__all__ = ("Outbox", "OutboxFull", "Sizes")


class OutboxFull(RuntimeError):
    """As many events wait as memory may hold, and there is no spool; nothing was taken."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How batches are formed, and how much may wait in memory."""

    max_events: int = 1_000
    max_bytes: int = 1_000_000
    linger_s: float = 0.05
    """How long the first event waits for others."""
    memory_events: int = 100_000
    block_s: float = 10.0
    """How long `put` waits for room where there is no spool."""


class Outbox:
    """A queue with one reader, who looks first and settles later. Thread-safe."""

    def __init__(self, sizes: Sizes, spool: Spool | None, *, durable: bool) -> None:
        self._sizes = sizes
        self._spool = spool
        self._durable = durable
        self._changed = threading.Condition()
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._arrived, self._settled = self.on_disk, 0
        self._hurry = 0
        """Arrivals up to this one don't wait for others."""
        self._since = time.monotonic()
        """When the oldest one that nobody looked at yet came."""
        self._closed = self._sealed = False

    def __len__(self) -> int:
        """Return how many lines are not settled."""
        return self._arrived - self._settled

    @property
    def on_disk(self) -> int:
        """How many of them are in the spool."""
        return len(self._spool) if self._spool is not None else 0

    def put(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end.

        Raises:
            OutboxFull: there was no room within `block_s`.
            OSError: the spool could not take them.
        """
        with self._changed:
            if self._closed:
                raise OutboxFull("The client is closed.")
            if self._spool is None and not self._changed.wait_for(
                lambda: self._has_room(len(lines)), self._sizes.block_s
            ):
                raise OutboxFull(
                    f"{len(self._memory):,} events wait for the service. Give the client a spool directory,"
                    " more memory_events, or send fewer."
                )
            if not len(self):
                self._since = time.monotonic()
            if self._spool is not None:
                self._spool.append(lines, sync=self._durable)
            else:
                self._memory.extend(lines)
                self._memory_bytes += sum(map(len, lines))
            self._arrived += len(lines)
            if len(self) == len(lines) or self._is_ripe():
                self._changed.notify_all()

    def take(self) -> list[bytes]:
        """Wait for a batch and look at it, oldest first; empty only when closed and nothing is left."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: len(self) or self._closed)
                if not len(self):
                    return []
                left = self._since + self._sizes.linger_s - time.monotonic()
                if left <= 0 or self._is_ripe():
                    return self._oldest()
                self._changed.wait(left)

    def settle(self, count: int) -> None:
        """Forget the oldest lines: it is known what became of them."""
        with self._changed:
            if self._sealed:
                return
            if self._spool is not None:
                self._spool.forget(count)
            else:
                for _ in range(count):
                    self._memory_bytes -= len(self._memory.popleft())
            self._settled += count
            self._since = time.monotonic()
            self._changed.notify_all()

    def drain(self, timeout_s: float | None) -> bool:
        """Wait until all that has arrived by now is settled; False where it took too long."""
        with self._changed:
            self._hurry = mark = self._arrived
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._settled >= mark, timeout_s)

    def close(self) -> None:
        """Take nothing more; the reader comes to its end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def seal(self) -> list[bytes]:
        """Let nothing change any more, and return what is in memory only."""
        with self._changed:
            self._sealed = True
            return list(self._memory)

    @property
    def closed(self) -> bool:
        """Whether nothing more is taken."""
        return self._closed

    def _has_room(self, more: int) -> bool:
        return not self._memory or len(self._memory) + more <= self._sizes.memory_events

    def _is_ripe(self) -> bool:
        full = len(self) >= self._sizes.max_events or self._memory_bytes >= self._sizes.max_bytes
        return full or self._closed or self._settled < self._hurry

    def _oldest(self) -> list[bytes]:
        most, most_bytes = self._sizes.max_events, self._sizes.max_bytes
        if self._spool is not None:
            return self._spool.peek(most, most_bytes)
        found: list[bytes] = []
        size = 0
        for line in islice(self._memory, most):
            size += len(line)
            if found and size > most_bytes:
                break
            found.append(line)
        return found
