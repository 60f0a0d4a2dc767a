"""The yardstick of ingestion, in a process of its own: the same rows by bare binary COPY, two connections.

Rows are packed before the clock starts; each transaction copies 1,000 of them, sorted by key, into
the three tables. Nothing is validated, looked up, deduplicated or answered.
"""

import asyncio
import json
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from bench.traffic import bodies
from core.db import INGEST, conninfo
from metering.ingest.bodies import Mode
from metering.ingest.cloudevents import split_body
from metering.ingest.lane import IngestLane
from metering.ingest.packing import HEADER, TRAILER, PackedRow
from metering.ingest.validation import Rules

__all__ = ("TABLES",)

FACT_COLUMNS = "tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes"
TABLES = (
    ("copy fact_key (tenant_id, event_key, content_hash, accepted_at) from stdin (format binary)", "key_row"),
    (f"copy fact ({FACT_COLUMNS}) from stdin (format binary)", "fact_row"),
    ("copy fact_body (tenant_id, event_key, accepted_at, body) from stdin (format binary)", "body_row"),
)
_TRANSACTION = 1_000


async def _packed(url: str, tenant: UUID, count: int) -> list[PackedRow]:
    lane = IngestLane(url)
    rows: list[PackedRow] = []
    for body in bodies(count, _TRANSACTION):
        prepared = await lane.prepare(tenant, split_body(body, Mode.BATCH, {}), Rules(datetime.now(UTC)))
        rows += prepared.rows
    await lane.close()
    return rows


def _copy(url: str, stock: list[list[bytes]]) -> None:
    with psycopg.connect(conninfo(url, INGEST), autocommit=True) as connection, connection.cursor() as cursor:
        while stock:
            try:
                content = stock.pop()
            except IndexError:
                return
            with connection.transaction():
                for (statement, _), rows in zip(TABLES, content, strict=True):
                    with cursor.copy(statement) as copy:
                        copy.write(rows)


def _main(arguments: dict[str, Any]) -> dict[str, Any]:
    url, count = arguments["url"], arguments["events"]
    rows = asyncio.run(_packed(url, UUID(arguments["tenant"]), count))
    stock = []
    for start in range(0, count, _TRANSACTION):
        some = sorted(rows[start : start + _TRANSACTION], key=lambda row: row.event_key)
        stock.append([b"".join((HEADER, *(getattr(row, part) for row in some), TRAILER)) for _, part in TABLES])
    threads = [threading.Thread(target=_copy, args=(url, stock)) for _ in range(2)]
    begun, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"seconds": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu, "events": count}


if __name__ == "__main__":
    print(json.dumps(_main(json.load(sys.stdin))))
