"""Load over HTTP from a process of its own: `clients` connections, each sends its next request when answered.

Arguments as JSON on standard input, the result on standard output (`bench.stand.in_a_process`). It
speaks just enough HTTP/1.1 itself: a client library would take more CPU than the service.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

from bench.traffic import bodies

__all__ = ("Load",)


class _Connection(asyncio.Protocol):
    """One client: takes requests from the load's stock until there are none."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) >= length:
            self._buffer = rest[length:]
            self._load.answered(int(head[9:12]), rest[:length], time.perf_counter() - self._sent_at)
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.lost(error)

    def _next(self) -> None:
        assert self._transport is not None
        request = self._load.take()
        if request is None:
            self._transport.close()
            return
        now, due = time.perf_counter(), self._load.due()
        if due > now:
            asyncio.get_running_loop().call_later(due - now, self._send, request, due)
        else:
            self._send(request, due or now)

    def _send(self, request: bytes, due: float) -> None:
        """Send; the latency counts from when it was due, so that a slow answer is not excused by the next one."""
        assert self._transport is not None
        self._sent_at = due
        self._transport.write(request)


class Load:
    """A stock of requests, and what became of them."""

    def __init__(self, requests: list[bytes], clients: int, pace: float | None = None) -> None:
        self._stock = requests[::-1]
        self._pace = pace
        """Requests a second of all clients together; None: each sends its next when answered."""
        self._begun, self._taken = time.perf_counter(), 0
        self._open = clients
        self._done = asyncio.get_running_loop().create_future()
        self.statuses: Counter[int] = Counter()
        self.told: Counter[str] = Counter()
        self.latencies: list[float] = []

    def take(self) -> bytes | None:
        """Return the next request, None where none is left."""
        self._taken += 1
        return self._stock.pop() if self._stock else None

    def due(self) -> float:
        """Return when the request that was taken last is due; 0 for at once."""
        return self._begun + self._taken / self._pace if self._pace else 0.0

    def answered(self, status: int, body: bytes, seconds: float) -> None:
        """Note an answer."""
        self.statuses[status] += 1
        self.latencies.append(seconds)
        document = json.loads(body)
        self.told["accepted"] += document.get("accepted", 0)
        self.told["duplicate"] += document.get("duplicate", 0)
        self.told["refused"] += len(document.get("conflicts", ())) + len(document.get("rejected", ()))

    def lost(self, error: Exception | None) -> None:
        """Note that a connection has ended; one that broke counts as status 0."""
        self._open -= 1
        if error is not None:
            self.statuses[0] += 1
        if not self._open and not self._done.done():
            self._done.set_result(None)

    async def run(self, port: int, clients: int) -> float:
        """Send everything and return the seconds that it took."""
        loop = asyncio.get_running_loop()
        start = time.perf_counter()
        await asyncio.gather(
            *(loop.create_connection(lambda: _Connection(self), "127.0.0.1", port) for _ in range(clients))
        )
        await self._done
        return time.perf_counter() - start


def _request(body: bytes, key: str) -> bytes:
    kind = b"application/cloudevents-batch+json" if body[:1] == b"[" else b"application/cloudevents+json"
    head = (
        b"POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %b\r\nContent-Type: %b\r\n"
        b"Content-Length: %d\r\n\r\n"
    )
    return head % (key.encode(), kind, len(body)) + body


async def _main(arguments: dict[str, Any]) -> dict[str, Any]:
    made = bodies(arguments["events"], arguments["batch"], arguments.get("repeated", 0.0))
    requests = [_request(body, arguments["key"]) for body in made]
    load = Load(requests, arguments["clients"], arguments.get("pace"))
    cpu = time.process_time()
    seconds = await load.run(arguments["port"], arguments["clients"])
    latencies = sorted(load.latencies)
    return {
        "seconds": seconds,
        "cpu_s": time.process_time() - cpu,
        "statuses": {str(status): count for status, count in load.statuses.items()},
        **load.told,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_main(json.load(sys.stdin)))))
