"""More than the lane takes on, and batches that are bad in every way: clear, bounded, and nobody else's trouble."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import zstandard
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.db import Database
from core.scope import TenantScope
from metering.ingest.admission import Budget, Measure
from metering.ingest.batcher import Limits
from metering.ingest.lane import IngestLane
from tests.builders.world import World, bearer

BATCH = "application/cloudevents-batch+json"
Client = TestClient[Litestar]


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "lms",
        "type": "session.ended",
        "time": "2026-01-10T10:00:00Z",
        "subject": "ann",
        "data": {"session_id": "s"},
    } | changes


def send(client: Client, key: str, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/events", content=content, headers=bearer(key, **{"Content-Type": BATCH}, **headers))


def count(db: Database, tenant: Any, table: str) -> int:
    with db.begin(TenantScope(tenant.id)) as session:
        return int(session.execute(text(f"select count(*) from {table}")).scalar_one())


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def a_stuck_database(database_url: str) -> Iterator[None]:
    """Hold a lock that every flight waits for."""
    with psycopg.connect(database_url) as connection:
        connection.execute("lock table fact_key in access exclusive mode")
        yield
        connection.rollback()


class Sending(threading.Thread):
    """A request that is under way."""

    def __init__(self, client: Client, key: str, ids: list[str]) -> None:
        super().__init__(daemon=True)
        self.client, self.key, self.ids = client, key, ids
        self.answer: Any = None
        self.start()

    def run(self) -> None:
        self.answer = send(self.client, self.key, [event(event_id) for event_id in self.ids])


def test_too_much_is_turned_away_with_a_time_and_the_rest_is_served(client: Client, world: World, db: Database) -> None:
    acme, other = world.tenant("acme"), world.tenant("other")
    keys = world.key("tenant_admin", acme), world.key("tenant_admin", other)
    lane = client.app.state["ingest_lane"] = IngestLane(db.database_url, budget=Budget(events=8))
    assert [send(client, key, [event("0")]).status_code for key in keys] == [200, 200]

    with a_stuck_database(db.database_url):
        first = Sending(client, keys[0], [f"a{number}" for number in range(6)])
        until(lambda: lane.admission.held(Measure.EVENTS) == 6)
        flood = send(client, keys[0], [event("a6")])  # a tenant may hold 6 of 8
        second = Sending(client, keys[1], ["b1", "b2"])
        until(lambda: lane.admission.held(Measure.EVENTS) == 8)
        full = send(client, keys[1], [event("b3")])
    for sending in (first, second):
        sending.join(30)
        assert sending.answer.json()["accepted"] == len(sending.ids)

    for refused in (flood, full):
        assert (refused.status_code, refused.json()["code"]) == (429, "ingest_busy")
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit-policy"] == '"ingest-events";q=8'
        assert refused.headers["ratelimit"] == '"ingest-events";r=0;t=1'
        assert "Send the same again in a second" in refused.json()["detail"]
    assert [lane.admission.held(measure) for measure in Measure] == [0, 0, 0]
    assert send(client, keys[0], [event("a6")]).json()["accepted"] == 1
    assert (count(db, acme, "fact"), count(db, other, "fact")) == (8, 3)


def test_bytes_are_counted_as_sent_and_as_unpacked(client: Client, world: World, db: Database) -> None:
    key = world.key("tenant_admin", world.tenant())
    lane = client.app.state["ingest_lane"] = IngestLane(db.database_url, budget=Budget(bytes=40_000))
    large = [event("1", data={"session_id": "s", "note": "x" * 29_000})]
    assert send(client, key, large).status_code == 200  # 30,000 of 40,000 are a tenant's

    packed = gzip.compress(json.dumps([event("2", data={"session_id": "s", "note": "x" * 31_000})]).encode())
    refused = send(client, key, packed, **{"Content-Encoding": "gzip"})

    assert (refused.status_code, refused.headers["ratelimit-policy"]) == (429, '"ingest-bytes";q=40000')
    assert lane.admission.held(Measure.BYTES) == 0


def test_a_bad_batch_is_told_apart_and_its_neighbours_in_the_flight_are_stored(
    client: Client, world: World, db: Database
) -> None:
    acme = world.tenant()
    key = world.key("tenant_admin", acme)
    send(client, key, [event("old")])
    lane = client.app.state["ingest_lane"]

    with a_stuck_database(db.database_url):
        good = [Sending(client, key, [f"g{number}"]) for number in range(5)]
        repeated = Sending(client, key, ["old", "new"])
        until(lambda: lane.admission.held(Measure.EVENTS) == 7)
        malformed = send(client, key, b'[{"id":')
        clocks = send(client, key, [event("5", time="1969-12-31T23:59:59Z"), event("6", time="9999-01-01T00:00:00Z")])
    no_number = event("2", data={"session_id": "s", "n": float("nan")})
    mixed = send(client, key, json.dumps([event("1"), no_number, event("3")]).encode()).json()
    for sending in (*good, repeated):
        sending.join(30)

    assert [sending.answer.json()["accepted"] for sending in good] == [1] * 5
    told = repeated.answer.json()
    assert (told["accepted"], told["duplicate"]) == (1, 1)
    assert (malformed.status_code, malformed.json()["code"]) == (400, "body_malformed")
    assert clocks.status_code == 422
    assert [item["code"] for item in clocks.json()["rejected"]] == ["time_invalid", "time_in_future"]
    assert (mixed["accepted"], [item["index"] for item in mixed["rejected"]]) == (2, [1])
    assert count(db, acme, "fact") == 1 + 5 + 1 + 2


MANY = Limits().few_rows + 1
"""So many that they are copied."""


def many(batch: str) -> list[dict[str, Any]]:
    return [event(f"{batch}-{number}") for number in range(MANY)]


def test_many_duplicates_are_recognised_and_the_straight_way_is_left(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    send(client, key, [event("same")])
    for number in range(20):
        answer = send(client, key, [event("same"), *many(str(number))]).json()
        assert (answer["accepted"], answer["duplicate"]) == (MANY, 1)

    # The first one says that others are likely: from then on the keys are asked for first.
    assert client.app.state["ingest_lane"].fallbacks == 1


def test_another_tenants_duplicates_leave_the_straight_way_open(client: Client, world: World) -> None:
    noisy, calm = (world.key("tenant_admin", world.tenant(slug)) for slug in ("noisy", "calm"))
    for _ in range(6):
        send(client, noisy, many("same"))
    before = client.app.state["ingest_lane"].fallbacks

    for number in range(5):
        assert send(client, calm, many(str(number))).json()["accepted"] == MANY
    assert send(client, calm, many("0")).json()["duplicate"] == MANY
    assert client.app.state["ingest_lane"].fallbacks == before + 1  # it went straight, met one, and went round


def test_ten_thousand_unknown_types_are_kept_and_told(client: Client, world: World, db: Database) -> None:
    acme = world.tenant()
    key = world.key("tenant_admin", acme)
    batch = [event(str(n), type=f"custom.{n}", data={"n": n}) for n in range(10_000)]

    answer = send(client, key, zstandard.compress(json.dumps(batch).encode()), **{"Content-Encoding": "zstd"}).json()

    assert (answer["accepted"], answer["unmetered"], answer["rejected"]) == (10_000, 10_000, [])
    assert count(db, acme, "fact") == 10_000
    assert count(db, acme, "symbol") == 10_001  # the types and one source
    assert "custom." not in client.get("/metrics").text  # no label of ours grows with what is sent
