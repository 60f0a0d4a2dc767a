"""The client: events in from any thread, batches out from one of its own."""

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tollbook_client.answers import Refusal, Stats, Trouble
from tollbook_client.delivery import Compression, Delivery, Target
from tollbook_client.events import encoded_event
from tollbook_client.outbox import Outbox, Sizes
from tollbook_client.spool import Spool

__all__ = ("Client",)

_log = logging.getLogger("tollbook_client")
_LAST_WORDS_S = 2.0
"""How long the end waits for an answer that is under way when the time is over."""


class Client:
    """Sends events to one service. Thread-safe; make one per process (after forking) and close it at the end.

    Every event is delivered in the order of `send`, in batches, until the service has answered for
    it. A repeat carries the same ids, so that an event counts once however often it is sent.

    Events wait in memory, up to `memory_events`, or, with `spool_dir`, on disk from the start. What is in
    the spool when the process ends, however it ends, is sent by the next client on that directory.
    """

    def __init__(  # noqa: PLR0913 - each is documented below and has a default
        self,
        url: str,
        key: str,
        *,
        source: str | None = None,
        tenant: str | None = None,
        spool_dir: str | os.PathLike[str] | None = None,
        durable: bool = False,
        compression: Compression = "gzip",
        timeout_s: float = 30.0,
        linger_s: float = 0.05,
        max_events: int = 1_000,
        max_bytes: int = 1_000_000,
        memory_events: int = 100_000,
        block_s: float = 10.0,
        exit_timeout_s: float = 10.0,
        on_refused: Callable[[Refusal], None] | None = None,
        on_trouble: Callable[[Trouble], None] | None = None,
    ) -> None:
        """Begin to work.

        Args:
            url: of the service, for instance `https://tollbook.example`.
            key: an API key that may write events (`tb_…`).
            source: the CloudEvents source of events that name none.
            tenant: whose events, where the key is a vendor's.
            spool_dir: a directory of this client alone, on a local disk. What `send` returned for outlives
                the process, SIGTERM and kill -9 too.
            durable: `send` returns when the event is on the disk itself (fdatasync): not even a power cut
                loses it. Needs `spool_dir`.
            compression: of bodies; `zstd` needs the extra of that name.
            timeout_s: for connecting, and between two bytes of an answer.
            linger_s: how long an event waits for others to share its request.
            max_events: of a batch, at most 10,000.
            max_bytes: of a batch before compression, at most 10,000,000.
            memory_events: how many may wait in memory, where there is no spool.
            block_s: how long `send` waits for room in memory where there is no spool.
            exit_timeout_s: how long the end of the process may wait for the service.
            on_refused: told each event that the service will never take. Default: a line in the log.
            on_trouble: told each attempt that has to be repeated. Default: a line in the log.

        Raises:
            ValueError: `durable` without `spool_dir`, or a size out of range.
            SpoolInUse: another client has that directory open.
        """
        if durable and spool_dir is None:
            raise ValueError("durable=True needs spool_dir.")
        if not (1 <= max_events <= 10_000 and 1 <= max_bytes <= 9_000_000):
            raise ValueError("max_events goes up to 10,000, max_bytes up to 9,000,000.")
        self._source = source
        self._pid = os.getpid()
        self._exit_timeout_s = exit_timeout_s
        self._ending = threading.Event()
        target = Target(url.rstrip("/"), key, tenant, timeout_s, compression)
        self._delivery = Delivery(target, on_refused or _log_refusal, on_trouble or _log_trouble, self._ending)
        self._spool = Spool(Path(spool_dir)) if spool_dir is not None else None
        sizes = Sizes(max_events, max_bytes, linger_s, memory_events, block_s)
        self._outbox = Outbox(sizes, self._spool, durable=durable)
        self._thread = threading.Thread(target=self._work, name="tollbook-client", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def send(self, event: Mapping[str, Any]) -> str:
        """Take one event and return its id; it goes out within `linger_s` or with the next full batch.

        Args:
            event: CloudEvents attributes and `data`. `specversion`, `id` (a UUIDv7) and `time` (now)
                are given where they are missing. It is encoded at once: later changes do no harm.

        Raises:
            EventInvalid: it lacks `type`, `subject` or a source, or is not JSON.
            OutboxFull: memory is full and there is no spool.
            OSError: the spool could not take it.
        """
        return self.send_many((event,))[0]

    def send_many(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """Take events, all or none, and return their ids. With `durable` they share one fdatasync.

        Raises:
            EventInvalid, OutboxFull, OSError: as `send`; nothing was taken.
        """
        if os.getpid() != self._pid:
            raise RuntimeError("This client was made before a fork and has no thread here. Make one per process.")
        made = [encoded_event(event, self._source) for event in events]
        if made:
            self._outbox.put([line for _, line in made])
        return [event_id for event_id, _ in made]

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all events sent before are settled; False where that took longer than `timeout_s`."""
        return self._outbox.drain(timeout_s)

    def close(self, timeout_s: float | None = None) -> bool:
        """Deliver what waits, for at most `timeout_s` (default `exit_timeout_s`), and end.

        What could not be delivered stays in the spool; without one each event is handed to
        `on_refused` with the code `undelivered`. Called at the end of the process by itself.

        Returns:
            Whether everything was delivered.
        """
        atexit.unregister(self.close)
        if os.getpid() != self._pid or self._outbox.closed:
            return True
        limit = self._exit_timeout_s if timeout_s is None else timeout_s
        done = self._outbox.drain(limit)
        self._ending.set()
        self._outbox.close()
        self._thread.join(_LAST_WORDS_S)
        for line in self._outbox.seal():
            self._delivery.refuse(line, "undelivered", "The process ended before the service was back.")
        if self._spool is not None:
            self._spool.close()
        return done

    @property
    def stats(self) -> Stats:
        """What happened so far."""
        d = self._delivery
        return Stats(
            d.accepted, d.duplicate, d.refused, d.attempts, d.failures, len(self._outbox), self._outbox.on_disk
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        try:
            while lines := self._outbox.take():
                if not self._delivery.settle(lines):
                    return
                self._outbox.settle(len(lines))
        except Exception:  # noqa: BLE001 - the log is the only one to tell
            _log.exception("the client's thread failed; events wait in the outbox")
        finally:
            self._delivery.close()


def _log_refusal(refusal: Refusal) -> None:
    _log.error("event refused: %s (id %s): %s", refusal.code, refusal.event.get("id"), refusal.detail)


def _log_trouble(trouble: Trouble) -> None:
    if trouble.attempt == 1 or trouble.attempt % 10 == 0:
        _log.warning("events not taken yet (%s): %s", trouble.code, trouble.detail)
