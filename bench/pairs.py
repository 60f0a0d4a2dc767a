"""Checkouts, heartbeats and releases over HTTP from a process of its own; see `bench.generator` on its manner.

A client checks out and releases; then it begins again, with a person and a client key of its own. Or it
only `asks`: one request a round, of one kind, by turns with some paths. With a `pace` a round begins when it
is due, whatever became of the one before.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from functools import partial
from typing import Any

__all__ = ("Pairs",)


class _Client(asyncio.Protocol):
    """One connection: takes a number from the stock, and does its round."""

    def __init__(self, load: "Pairs", number: int) -> None:
        self._load, self._number = load, number
        self._buffer, self._kind, self._begun = b"", "checkout", 0.0
        self._lease = ""
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
        told = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        length = int(told) if told else 0
        if len(rest) >= length:
            self._buffer = rest[length:]
            self._answered(int(head[9:12]), rest[:length])

    def _answered(self, status: int, body: bytes) -> None:
        self._load.note(self._kind, status, time.perf_counter() - self._begun)
        if self._kind == "checkout" and status == 201:
            self._lease = _id_in(body)
        if self._lease:
            lease, self._lease = self._lease, ""
            self._write("release", "DELETE", f"/v1/leases/{lease}")
        else:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.lost(error)

    def _next(self) -> None:
        assert self._transport is not None
        due = self._load.take()
        if due is None:
            self._transport.close()
        elif due > time.perf_counter():
            asyncio.get_running_loop().call_later(due - time.perf_counter(), self._check_out, due)
        else:
            self._check_out(due or time.perf_counter())

    def _check_out(self, due: float) -> None:
        asks = self._load.asks
        if asks:
            self._write(asks["kind"], asks["method"], asks["paths"][self._load.taken % len(asks["paths"])], "", due)
            return
        pool = self._load.pools[self._number % len(self._load.pools)]
        body = f'{{"person":"user-{self._number}","client_key":"client-{self._number}"}}'
        self._write("checkout", "POST", f"/v1/pools/{pool}/leases", body, due)

    def _write(self, kind: str, method: str, path: str, body: str = "", due: float = 0.0) -> None:
        assert self._transport is not None
        self._kind, self._begun = kind, due or time.perf_counter()
        kind_of_body = "Content-Type: application/json\r\n" if body else ""
        length = f"{kind_of_body}Content-Length: {len(body)}\r\n\r\n"
        self._transport.write(f"{method} {path}{self._load.head}{length}{body}".encode())


def _id_in(body: bytes) -> str:
    """Return a lease's id. Looking for its name costs a tenth of reading the whole answer."""
    return body.partition(b'"id":"')[2][:36].decode()


class Pairs:
    """How many rounds are to be done, and what became of them."""

    def __init__(self, key: str, pools: list[str], rounds: int, asks: dict[str, Any], pace: float | None) -> None:
        self.pools, self.asks = pools, asks
        self.head = f" HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        self._left, self.taken, self._pace = rounds, 0, pace
        self._begun, self._open = time.perf_counter(), 0
        self._done = asyncio.get_running_loop().create_future()
        self.statuses: Counter[str] = Counter()
        self.latencies: dict[str, list[float]] = {}

    def take(self) -> float | None:
        """Return when the next round is due, 0 for at once; None where none is left."""
        if not self._left:
            return None
        self._left -= 1
        self.taken += 1
        return self._begun + self.taken / self._pace if self._pace else 0.0

    def note(self, kind: str, status: int, seconds: float) -> None:
        """Note an answer."""
        self.statuses[f"{kind} {status}"] += 1
        self.latencies.setdefault(kind, []).append(seconds)

    def lost(self, error: Exception | None) -> None:
        """Note that a connection has ended."""
        self._open -= 1
        if error is not None:
            self.statuses["lost"] += 1
        if not self._open and not self._done.done():
            self._done.set_result(None)

    async def run(self, port: int, clients: int) -> float:
        """Do all rounds and return the seconds that they took."""
        loop, self._open = asyncio.get_running_loop(), clients
        self._begun = start = time.perf_counter()
        await asyncio.gather(
            *(loop.create_connection(partial(_Client, self, n), "127.0.0.1", port) for n in range(clients))
        )
        await self._done
        return time.perf_counter() - start


async def _main(given: dict[str, Any]) -> dict[str, Any]:
    load = Pairs(given["key"], given["pools"], given["rounds"], given.get("asks", {}), given.get("pace"))
    cpu = time.process_time()
    seconds = await load.run(given["port"], given["clients"])
    cpu = time.process_time() - cpu
    p50 = {kind: sorted(taken)[len(taken) // 2] * 1000 for kind, taken in load.latencies.items()}
    p99 = {kind: sorted(taken)[len(taken) * 99 // 100] * 1000 for kind, taken in load.latencies.items()}
    return {"seconds": seconds, "cpu_s": cpu, "statuses": dict(load.statuses), "p50_ms": p50, "p99_ms": p99}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_main(json.load(sys.stdin)))))
