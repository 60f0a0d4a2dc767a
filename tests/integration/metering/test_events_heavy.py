"""Bodies whose reading is much work: refused, or read beside the loop that serves the others."""

import asyncio
import gzip
import json
import time
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.asgi import create_app
from core.db import Database
from metering.api import hot_lane
from metering.ingest.admission import Admission
from metering.ingest.bodies import Mode
from tests.builders.world import World, bearer

BATCH = "application/cloudevents-batch+json"
Client = TestClient[Litestar]


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": event_id, "source": "lms", "type": "custom",
        "time": "2026-01-10T10:00:00Z", "subject": "ann", "data": {"a": 1},
    } | changes  # fmt: skip


def send(client: Client, key: str, body: bytes, **headers: str) -> Any:
    return client.post("/v1/events", content=body, headers=bearer(key, **{"Content-Type": BATCH}, **headers))


def test_brackets_by_the_million_are_refused_before_they_are_read(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    started = time.process_time()

    answer = send(client, key, gzip.compress(b"[" * 9_999_999), **{"Content-Encoding": "gzip"})

    assert (answer.status_code, answer.json()["code"]) == (413, "events_too_complex")
    assert "1,000,000 values" in answer.json()["detail"]
    assert time.process_time() - started < 2  # reading them took five, in which nobody else was served


def test_what_is_read_mark_by_mark_is_read_beside_the_loop(db: Database, world: World) -> None:
    """The loop's own thread does the smaller part of the work, so that others have their turn."""
    strings = b'"",' * 300_000 + b'""'
    body = b'[{"id":"1","data":[' + strings + b"]}," + b"[" * 5_000 + b"]" * 5_000 + b"]"
    app = create_app(db)

    async def read() -> tuple[int, float, float]:
        own, whole = time.thread_time(), time.process_time()
        with Admission().visit(world.tenant().id) as visit:
            events = await hot_lane._events_of(app, body, Mode.BATCH, {}, visit)
        return len(events), time.thread_time() - own, time.process_time() - whole

    found, of_the_loop, of_all = asyncio.run(read())

    assert found == 2
    assert of_the_loop < of_all / 2


@pytest.mark.parametrize("heavy", [{f"f{n}": n for n in range(30_000)}, [[1]] * 30_000])
def test_each_event_of_a_heavy_batch_has_an_answer_at_its_place(client: Client, world: World, heavy: Any) -> None:
    key = world.key("tenant_admin", world.tenant())
    twice = json.dumps(event("twice", data={f"f{n}": n for n in range(500)}))[:-2] + ',"f7":0}}'
    deep = json.dumps(event("deep", data="?")).replace('"?"', "[" * 3_000 + "]" * 3_000)
    sent = [
        json.dumps(event("0", data=heavy)), twice, json.dumps(event("2", data=heavy)), deep,
        json.dumps(event("4", time="x")), json.dumps(event("5", data=list(range(100_000)))),
        json.dumps(event("0", data=heavy)), json.dumps(event("2", data=1)),
    ]  # fmt: skip

    answer = send(client, key, ("[" + ",".join(sent) + "]").encode())

    told = answer.json()
    assert (answer.status_code, told["accepted"], told["duplicate"], told["unmetered"]) == (200, 2, 1, 2)
    assert [(fault["index"], fault["id"], fault["code"]) for fault in told["rejected"]] == [
        (1, "twice", "event_invalid"),
        (3, None, "nesting_too_deep"),
        (4, "4", "time_invalid"),
        (5, "5", "event_too_complex"),
    ]
    assert [(fault["index"], fault["code"]) for fault in told["conflicts"]] == [(7, "conflict")]
