"""Known senders' events past the framework's layers: the same answers as the ordinary route gives."""

import gzip
import json
import random
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, LiteralString

import psycopg
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from app import hot_door
from app.asgi import create_app
from core import remembering
from core.db import Database
from metering.ingest import identities
from metering.ingest.admission import Budget, Measure
from metering.ingest.lane import IngestLane
from tests.application import client_on
from tests.builders.world import World, bearer

BATCH = "application/cloudevents-batch+json"
Client = TestClient[Litestar]
GOOD = {
    "specversion": "1.0", "id": "1", "source": "lms", "type": "session.ended",
    "time": "2026-01-10T10:00:00Z", "subject": "ann", "data": {"session_id": "s"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> float:
    """The clock by which keys are remembered, standing still: a busy machine takes two seconds for one request."""
    now = time.monotonic()
    monkeypatch.setattr(remembering, "time", SimpleNamespace(monotonic=lambda: now))
    return now


@pytest.fixture(scope="module")
def without_the_door() -> Litestar:
    app = create_app(Database("postgresql://nobody@127.0.0.1:1/none"))
    assert isinstance(app.asgi_handler, hot_door.HotDoor)
    app.asgi_handler = app.asgi_handler._inner
    return app


@pytest.fixture
def ordinary(without_the_door: Litestar, db: Database) -> Iterator[Client]:
    """The application without the door."""
    with client_on(db, without_the_door) as client:
        yield client


@pytest.fixture
def keys() -> dict[str, str]:
    """The keys of one test, made at its first example."""
    return {}


def known(client: Client, key: str) -> None:
    """Let the door know a key: the first request goes the ordinary way."""
    assert client.post("/v1/events", content=b"[]", headers=bearer(key, **{"Content-Type": BATCH})).status_code == 200


@pytest.fixture
def through_the_door(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The client's requests that the door took by itself, as a list that grows."""
    taken: list[int] = []
    take = hot_door.HotDoor._take

    async def counted(self: Any, *args: Any) -> None:
        taken.append(1)
        await take(self, *args)

    monkeypatch.setattr(hot_door.HotDoor, "_take", counted)
    return taken


REQUESTS: list[tuple[bytes, dict[str, str], int]] = [
    (json.dumps([GOOD]).encode(), {}, 200),
    (json.dumps([GOOD | {"subject": "bob"}]).encode(), {}, 422),
    (b'[{"id":', {}, 400),
    (b"{}", {"Content-Type": "text/plain"}, 415),
    (b"[]", {"Content-Encoding": "br"}, 415),
    (b"[]", {"Content-Encoding": "gzip"}, 400),
    (b"[" + b"{}," * 10_000 + b"{}]", {}, 413),
    (b" " * 10_000_001, {}, 413),
    (json.dumps([GOOD | {"time": "soon"}, GOOD | {"id": ""}]).encode(), {}, 422),
]


@pytest.mark.parametrize(("body", "headers", "status"), REQUESTS, ids=range(len(REQUESTS)))
def test_the_door_answers_as_the_ordinary_route(
    client: Client, ordinary: Client, through_the_door: list[int], world: World,
    body: bytes, headers: dict[str, str], status: int,
) -> None:  # fmt: skip
    key = world.key("tenant_admin", world.tenant())
    known(client, key)
    sent = bearer(key, **({"Content-Type": BATCH} | headers))
    for app in (client, ordinary):
        app.post("/v1/events", content=json.dumps([GOOD]), headers=bearer(key, **{"Content-Type": BATCH}))
    through_the_door.clear()

    told, wanted = (app.post("/v1/events", content=body, headers=sent) for app in (client, ordinary))

    assert through_the_door == [1]
    assert (told.status_code, told.json(), dict(told.headers)) == (status, wanted.json(), dict(wanted.headers))
    assert wanted.status_code == status


BODY = json.dumps([GOOD, GOOD | {"id": "2", "type": "custom", "data": {"deep": [1.5, None]}}]).encode()
KINDS = ("cut off", "a byte changed", "a byte more", "no UTF-8", "no number", "a name twice", "another clock", "noise")


def spoilt(kind: str, dice: random.Random) -> bytes:
    at, byte = dice.randrange(len(BODY)), bytes([dice.randrange(256)])
    number = dice.choice((b"NaN", b"-Infinity", b"1e999", b"0x1", b"9" * 400))
    day = dice.choice((b"0001-01-01", b"1969-12-31", b"9999-12-31", b"2026-02-30"))
    return {
        "cut off": BODY[:at],
        "a byte changed": BODY[:at] + byte + BODY[at + 1 :],
        "a byte more": BODY[:at] + byte + BODY[at:],
        "no UTF-8": BODY.replace(b"ann", b"\xff\xfe"),
        "no number": BODY.replace(b"1.5", number),
        "a name twice": BODY.replace(b'"subject"', b'"id": "3", "subject"'),
        "another clock": BODY.replace(b"2026-01-10", day),
        "noise": dice.randbytes(at),
    }[kind]


ENCODINGS = (
    ("", bytes),
    ("gzip", gzip.compress),
    ("zstd", zstandard.compress),
    ("gzip", bytes),
    ("zstd", bytes),
    ("br", bytes),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.randoms(use_true_random=False), st.sampled_from(KINDS), st.sampled_from(ENCODINGS),
    st.sampled_from((BATCH, "application/json", "application/cloudevents+json", "text/json", "application/json; charset=x")),
    st.dictionaries(st.sampled_from(("ce-id", "ce-type", "ce-time", "content-length-x", "tbk-tenant")), st.text("aä0%\t", max_size=9)),
)  # fmt: skip
def test_whatever_comes_through_the_door_is_refused_by_name(
    client: Client, world: World, keys: dict[str, str],
    dice: random.Random, kind: str, encoding: tuple[str, Any], media: str, more: dict[str, str],
) -> None:  # fmt: skip
    if not keys:
        keys["acme"] = world.key("tenant_admin", world.tenant("acme"))
    name, encode = encoding
    headers = {"Content-Type": media} | ({"Content-Encoding": name} if name else {})
    sent = [(key.encode(), value.encode("latin-1")) for key, value in (bearer(keys["acme"], **headers) | more).items()]

    body = encode(spoilt(kind, dice))
    answers = [client.post("/v1/events", content=body, headers=sent) for _ in range(2)]

    assert {answer.status_code for answer in answers} <= {200, 400, 403, 404, 413, 415, 422}, answers[0].text
    if answers[0].status_code >= 400 and "accepted" not in answers[0].json():
        assert answers[0].json()["code"]
    lane = client.app.state.get("ingest_lane")
    assert lane is None or [lane.admission.held(measure) for measure in Measure] == [0, 0, 0]


def test_what_is_remembered_of_ever_new_types_is_bounded(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "_REMEMBERED", 500)
    key = world.key("tenant_admin", world.tenant())
    for hour in range(20):
        batch = [GOOD | {"id": f"{hour}-{n}", "type": f"custom.{hour}.{n}", "data": None} for n in range(100)]
        answer = client.post("/v1/events", content=json.dumps(batch), headers=bearer(key, **{"Content-Type": BATCH}))
        assert (answer.json()["accepted"], answer.json()["unmetered"]) == (100, 100)

    resolver = client.app.state["ingest_lane"]._resolver
    assert sum(len(known.types) for known in resolver._tenants.values()) <= 600


def test_a_key_without_the_right_is_refused_at_the_door(
    client: Client, through_the_door: list[int], world: World
) -> None:
    acme = world.tenant()
    key = world.key("tenant_auditor", acme)
    client.get("/v1/events", headers=bearer(key))

    answer = client.post("/v1/events", content=b"[]", headers=bearer(key, **{"Content-Type": BATCH}))

    assert (through_the_door, answer.status_code, answer.json()["code"]) == ([1], 403, "forbidden")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("update api_key set revoked_at = now()", 401),
        ("update user_account set active = false", 401),
        ("update user_account set role = 'tenant_auditor'", 403),
    ],
)
def test_what_was_taken_from_a_sender_is_gone_at_the_door_after_two_seconds(
    client: Client, db: Database, world: World, monkeypatch: pytest.MonkeyPatch, still: float,
    change: LiteralString, status: int,
) -> None:  # fmt: skip
    key = world.key("tenant_admin", world.tenant())
    known(client, key)
    with psycopg.connect(db.database_url) as admin:
        assert admin.execute(change).rowcount == 1
    known(client, key)  # being used keeps nothing remembered any longer
    monkeypatch.setattr(remembering, "time", SimpleNamespace(monotonic=lambda: still + 2.0))

    answer = client.post("/v1/events", content=b"[]", headers=bearer(key, **{"Content-Type": BATCH}))

    assert answer.status_code == status


def test_a_busy_door_says_when_to_come_again(client: Client, through_the_door: list[int], world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    known(client, key)
    client.app.state["ingest_lane"] = IngestLane(client.app.state.database.database_url, budget=Budget(events=1))

    answer = client.post(
        "/v1/events", content=json.dumps([GOOD, GOOD]).encode(), headers=bearer(key, **{"Content-Type": BATCH})
    )

    assert (through_the_door, answer.status_code, answer.json()["code"]) == ([1], 429, "ingest_busy")
    assert answer.headers["retry-after"] == "1"


def test_a_fault_of_ours_is_told_with_a_reference(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key = world.key("tenant_admin", world.tenant())
    with client_on(db, raise_server_exceptions=False) as client:
        known(client, key)
        monkeypatch.setattr(IngestLane, "ingest", lambda *_: 1 / 0)
        answer = client.post("/v1/events", content=b"[]", headers=bearer(key, **{"Content-Type": BATCH}))

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["instance"].startswith("urn:uuid:")


@pytest.mark.parametrize("named", ["acme", "nobody", None])
def test_a_vendors_key_names_the_tenant_each_time(
    client: Client, through_the_door: list[int], world: World, named: str | None
) -> None:
    world.tenant("acme")
    vendor = world.key("vendor_admin")
    headers = bearer(vendor, **{"Content-Type": BATCH})
    assert client.post("/v1/events", content=b"[]", headers=headers | {"Tbk-Tenant": "acme"}).status_code == 200

    again = client.post(
        "/v1/events", content=b"[]", headers=headers | ({"Tbk-Tenant": named} if named is not None else {})
    )

    status = {"acme": 200, "nobody": 404, None: 400}[named]
    assert again.status_code == status
    assert through_the_door == ([1] if named == "acme" else [])


def test_requests_at_the_door_are_counted_with_the_others(client: Client, world: World) -> None:
    def counted(status: int) -> float:
        wanted = (
            f'tollbook_requests_total{{app_name="tollbook",method="POST",path="/v1/events",status_code="{status}"}} '
        )
        lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith(wanted)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    key = world.key("tenant_admin", world.tenant())
    before = counted(200), counted(400)
    known(client, key)
    known(client, key)
    client.post("/v1/events", content=b"[", headers=bearer(key, **{"Content-Type": BATCH}))

    assert (counted(200), counted(400)) == (before[0] + 2, before[1] + 1)
