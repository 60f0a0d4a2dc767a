"""How fast the hot lane takes events, beside a bare COPY of the same rows in the same run.

`python -m bench.ingest [events]` on DATABASE_URL's server, else on an embedded one with durable
settings. Bodies go in as bytes and answers come out, in one process, without HTTP: what is measured
is decode, validation, packing, group commit and PostgreSQL. The yardstick copies rows that were
packed before, with two connections, 1,000 rows a transaction, into the same tables.
"""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import psycopg

from app.embedded.postgres import EmbeddedPostgres
from core.ids import new_id
from metering.ingest.batcher import Limits
from metering.ingest.bodies import Mode
from metering.ingest.cloudevents import split_body
from metering.ingest.connections import Connections
from metering.ingest.lane import IngestLane
from metering.ingest.packing import PackedRow
from metering.ingest.validation import Rules
from metering.ingest.writer import FactWriter
from migrations.upgrade import upgrade_database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = Rules(NOW)
KINDS = (
    ("activity.performed", {"verb": "viewed", "object_type": "page", "object_id": "p-9", "community_id": "k-1"}),
    ("course.launched", {"course_id": "c-1", "course_type": "wbt", "mode": "normal"}),
    ("session.started", {"session_id": "s-1", "device_id": "d-1", "channel": "web"}),
    ("contribution.created", {"kind": "post", "object_id": "o-1", "community_id": "k-1"}),
)


@contextmanager
def server() -> Iterator[str]:
    if external := os.environ.get("DATABASE_URL"):
        yield external
        return
    own = EmbeddedPostgres(Path(".run/bench/postgres"))
    try:
        yield own.start()
    finally:
        own.stop()


@contextmanager
def database() -> Iterator[str]:
    name = f"bench_{secrets.token_hex(4)}"
    with server() as admin, psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        try:
            url = f"{admin.rsplit('/', 1)[0]}/{name}"
            upgrade_database(url)
            yield url
        finally:
            connection.execute(f"drop database {name} with (force)")


def bodies(events: int, size: int, repeats: int = 0) -> list[bytes]:
    """Return batches; half the ids are UUIDv7, half random; one in `repeats` is sent twice."""
    ids = [str(new_id() if n % 2 else uuid4()) for n in range(events)]
    sent = [
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "https://suite.example/",
            "type": KINDS[n % 4][0],
            "time": f"2026-11-{1 + n % 23:02d}T10:{n % 60:02d}:00.123Z",
            "subject": f"user-{n % 10_000}",
            "data": KINDS[n % 4][1],
        }
        for n, event_id in enumerate(ids)
    ]
    if repeats:
        sent = [sent[n - 1] if n and n % repeats == 0 else event for n, event in enumerate(sent)]
    return [msgspec.json.encode(sent[start : start + size]) for start in range(0, events, size)]


async def rate(jobs: list[Callable[[], Awaitable[int]]], clients: int) -> tuple[float, float]:
    """Return events a second, and this process's CPU microseconds an event: the steadier figure."""
    waiting, done = list(reversed(jobs)), 0

    async def client() -> None:
        nonlocal done
        while waiting:
            written = await waiting.pop()()
            done += written  # in one step: others add to it meanwhile

    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    return done / (time.perf_counter() - start), (time.process_time() - cpu) / done * 1e6


async def lane_rate(lane: IngestLane, tenant: UUID, sent: list[bytes], clients: int) -> tuple[float, float]:
    async def take(body: bytes) -> int:
        events = split_body(body, Mode.BATCH, {})
        answer = await lane.ingest(tenant, events, RULES)
        assert answer.accepted + answer.duplicate == len(events), answer
        return len(events)

    return await rate([lambda body=body: take(body) for body in sent], clients)  # type: ignore[misc]


async def copy_rate(url: str, lane: IngestLane, tenant: UUID, events: int) -> tuple[float, float]:
    """Copy prepared rows by the writer's straight way: the yardstick."""
    connections = Connections(url, 2)
    writer = FactWriter(connections)
    prepared: list[list[PackedRow]] = []
    for body in bodies(events, 1000):
        made = await lane.prepare(tenant, split_body(body, Mode.BATCH, {}), RULES)
        prepared.append(sorted(made.rows, key=lambda row: row.event_key))

    async def copy(rows: list[PackedRow]) -> int:
        await writer.write(tenant, rows)
        return len(rows)

    found = await rate([lambda rows=rows: copy(rows) for rows in prepared], 2)  # type: ignore[misc]
    await connections.close()
    return found


async def run(url: str, events: int) -> None:
    lane, tenant = IngestLane(url, Limits()), uuid4()
    await lane_rate(lane, tenant, bodies(10_000, 1000), 4)  # warm: connections, people, symbols
    yardstick, cpu = await copy_rate(url, lane, tenant, events)
    print(f"{'bare COPY, 1,000 a transaction, 2 connections':<52}{yardstick:>10,.0f}/s{cpu:>8.1f} µs")
    for title, size, clients, repeats, share in (
        ("batches of 1,000, 16 clients", 1000, 16, 0, 1),
        ("batches of 100, 32 clients", 100, 32, 0, 1),
        ("batches of 100, 32 clients, 2 % duplicates", 100, 32, 50, 1),
        ("batches of 100, 32 clients, 50 % duplicates", 100, 32, 2, 1),
        ("one event a request, 64 clients", 1, 64, 0, 5),
    ):
        sent = bodies(events // share, size, repeats)
        found, cpu = await lane_rate(lane, tenant, sent, clients)
        print(f"{title:<52}{found:>10,.0f}/s{cpu:>8.1f} µs   {found / yardstick:.2f} of COPY")
    print(f"fallbacks: {lane._writer.fallbacks}")  # noqa: SLF001 - a bench looks inside
    await lane.close()


if __name__ == "__main__":
    with database() as url:
        asyncio.run(run(url, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
