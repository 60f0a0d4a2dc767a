"""PostgreSQL dies in the middle of ingestion: what was answered is there, the rest may be sent again."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from msgspec import Raw

from app.embedded.postgres import EmbeddedPostgres
from metering.errors import DatabaseUnavailable
from metering.ingest.lane import IngestLane
from metering.ingest.validation import Rules
from migrations.upgrade import upgrade_database
from tests.server import with_database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TENANT = UUID(int=7)
SIZE, CLIENTS, QUOTA = 20, 4, 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    if os.environ.get("DATABASE_URL"):
        pytest.skip("the machine's server is not ours to kill")
    own = EmbeddedPostgres(tmp_path / "postgres")
    own.start()
    yield own
    own.stop()


def batch(client: int, number: int) -> list[Raw]:
    return [
        Raw(json.dumps({
            "specversion": "1.0", "id": f"{client}-{number}-{n}", "source": "lms", "type": "session.ended",
            "time": "2026-01-10T10:00:00Z", "subject": f"p{n}", "data": {"session_id": "s"},
        }).encode())
        for n in range(SIZE)
    ]  # fmt: skip


class Load:
    """Clients that send batches one after the other, and each again until it is answered."""

    def __init__(self, lane: IngestLane) -> None:
        self.lane = lane
        self.answered = 0
        self.refused = 0
        self.stopping = False
        self.changed = asyncio.Condition()

    async def client(self, client: int) -> None:
        number = 0
        while not self.stopping:
            try:
                answer = await self.lane.ingest(TENANT, batch(client, number), Rules(NOW))
            except DatabaseUnavailable:
                self.refused += 1
            else:
                assert answer.accepted + answer.duplicate == SIZE
                self.answered += SIZE
                number += 1
            async with self.changed:
                self.changed.notify_all()

    async def reaches(self, answered: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.answered >= answered)

    async def is_refused(self) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.refused > 0)


def test_nothing_that_was_answered_is_lost_when_the_database_is_killed(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create database crash")
    url = with_database(server.url(), "crash")
    upgrade_database(url)

    async def story() -> Load:
        lane = IngestLane(url)
        load = Load(lane)
        clients = [asyncio.create_task(load.client(number)) for number in range(CLIENTS)]
        await load.reaches(QUOTA * SIZE)
        pid = server.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await load.is_refused()
        await asyncio.to_thread(server.start)
        await load.reaches(load.answered + QUOTA * SIZE)
        load.stopping = True
        await asyncio.gather(*clients)
        await lane.close()
        return load

    load = asyncio.run(story())

    with psycopg.connect(url) as connection:
        counts = [
            connection.execute(f"select count(*) from {table}").fetchone()
            for table in ("fact_key", "fact", "fact_body")
        ]
    # Each client's last batch is answered before it stops, so that answered and stored agree to the event.
    assert counts == [(load.answered,)] * 3
