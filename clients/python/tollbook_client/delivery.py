"""One batch until it is known what became of each of its events: attempts, waits, halves."""

import gzip
import json
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from typing import Any, Literal

import urllib3

from tollbook_client.answers import Refusal, Trouble
from tollbook_client.backoff import retry_after_s, waiting_s

__all__ = ("Compression", "Delivery", "Target")

Compression = Literal["gzip", "zstd", "none"]

_log = logging.getLogger("tollbook_client")
_SMALL = 1_000
"""Bodies below this many bytes are sent as they are."""
_FAULTY_ATTEMPTS = 8
"""So often a batch may meet an internal error before its halves are tried: one event may be to blame."""
_WAIT = (401, 403, 404, 408, 425, 429)
"""Not the events' fault: a key that is replaced, a tenant that is renamed, a service that is busy."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go, and as whom."""

    url: str
    key: str
    tenant: str | None = None
    timeout_s: float = 30.0
    compression: Compression = "gzip"


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer of the service, or the lack of one."""

    status: int | None
    document: Mapping[str, Any]
    asked_s: float | None = None

    @property
    def counts(self) -> bool:
        """Whether it tells what became of each event."""
        return self.status in (200, 422) and "accepted" in self.document

    @property
    def blames_the_events(self) -> bool:
        """Whether the request as it is will never be taken."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in _WAIT


class Delivery:
    """Sends batches one after the other over one kept connection. For one thread."""

    def __init__(
        self,
        target: Target,
        on_refused: Callable[[Refusal], None],
        on_trouble: Callable[[Trouble], None],
        ending: threading.Event,
    ) -> None:
        self._target = target
        self._on_refused = on_refused
        self._on_trouble = on_trouble
        self._ending = ending
        """Set when there is no more time: the attempt under way is the last."""
        self._compress = _compressor(target.compression)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False, timeout=target.timeout_s)
        self._dice = random.Random()  # noqa: S311 - jitter
        self.accepted = self.duplicate = self.refused = self.attempts = self.failures = 0

    def settle(self, lines: Sequence[bytes]) -> bool:
        """Send until each event is taken or refused for good.

        Args:
            lines: encoded events; they are the same, ids included, at every attempt.

        Returns:
            False where time ran out before.
        """
        body = b"[" + b",".join(lines) + b"]"
        attempt = faults = 0
        while True:
            attempt += 1
            reply = self._attempt(body)
            if reply.counts:
                self._count(reply.document, lines)
                return True
            faults += reply.status == HTTPStatus.INTERNAL_SERVER_ERROR
            if reply.blames_the_events or faults == _FAULTY_ATTEMPTS:
                return self._by_halves(lines, reply)
            if not self._wait(reply, attempt):
                return False

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()

    def _attempt(self, body: bytes) -> _Reply:
        headers = {"Authorization": f"Bearer {self._target.key}", "Content-Type": "application/cloudevents-batch+json"}
        if self._target.tenant is not None:
            headers["Tbk-Tenant"] = self._target.tenant
        if self._compress is not None and len(body) >= _SMALL:
            body = self._compress(body)
            headers["Content-Encoding"] = self._target.compression
        self.attempts += 1
        try:
            answer = self._pool.request(
                "POST", f"{self._target.url}/v1/events", body=body, headers=headers, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return _Reply(None, {"code": "no_answer", "detail": f"{type(error).__name__}: {error}"})
        try:
            document = json.loads(answer.data)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            document = {"code": "answer_unreadable", "detail": answer.data[:200].decode(errors="replace")}
        return _Reply(answer.status, document, retry_after_s(answer.headers.get("Retry-After")))

    def _count(self, document: Mapping[str, Any], lines: Sequence[bytes]) -> None:
        self.accepted += int(document["accepted"])
        self.duplicate += int(document.get("duplicate", 0))
        for item in (*document.get("conflicts", ()), *document.get("rejected", ())):
            self.refuse(lines[item["index"]], item["code"], item["detail"])

    def refuse(self, line: bytes, code: str, detail: str) -> None:
        """Tell the application of an event that will not be sent again."""
        self.refused += 1
        try:
            self._on_refused(Refusal(json.loads(line), code, detail))
        except Exception:  # noqa: BLE001 - the application's fault must not stop the delivery
            _log.exception("on_refused failed")

    def _by_halves(self, lines: Sequence[bytes], reply: _Reply) -> bool:
        """Find the events that the service refuses as a request, so that their neighbours get through."""
        if len(lines) == 1:
            code = str(reply.document.get("code", f"status_{reply.status}"))
            self.refuse(lines[0], code, str(reply.document.get("detail", "")))
            return True
        middle = len(lines) // 2
        return self.settle(lines[:middle]) and self.settle(lines[middle:])

    def _wait(self, reply: _Reply, attempt: int) -> bool:
        """Tell of the trouble and wait; False where time has run out."""
        self.failures += 1
        delay = waiting_s(attempt, reply.asked_s, self._dice)
        code = str(reply.document.get("code", f"status_{reply.status}"))
        trouble = Trouble(reply.status, code, str(reply.document.get("detail", "")), attempt, delay)
        try:
            self._on_trouble(trouble)
        except Exception:  # noqa: BLE001 - the application's fault must not stop the delivery
            _log.exception("on_trouble failed")
        return not self._ending.wait(delay)


def _compressor(name: Compression) -> Callable[[bytes], bytes] | None:
    if name == "gzip":
        return lambda body: gzip.compress(body, compresslevel=1, mtime=0)
    if name == "zstd":
        try:
            zstandard = import_module("zstandard")
        except ImportError as error:
            raise RuntimeError("zstd needs the extra: pip install 'tollbook-client[zstd]'.") from error
        compress: Callable[[bytes], bytes] = zstandard.ZstdCompressor(level=1).compress
        return compress
    return None
