"""Files whose columns are the fields of events: the kind that is taken where none is named."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from metering.tasks import run_imports
from tests.builders.imports import counts, facts, look, send
from tests.builders.world import World

EVENTS = (
    "id,type,time,subject,data.verb,data.object_type,data.object_id\n"
    "e-1,activity.performed,2026-03-02T09:00:00Z,ann,viewed,page,p-1\n"
    "e-2,activity.performed,2026-03-02T09:05:00Z,bob,viewed,page,p-2\n"
)


@pytest.fixture
def key(world: World) -> str:
    return world.key("tenant_admin", world.tenant("acme"))


def as_parquet(text: str) -> bytes:
    out = io.BytesIO()
    pq.write_table(pyarrow.csv.read_csv(io.BytesIO(text.encode())), out)
    return out.getvalue()


def test_a_file_of_events_is_taken_as_it_is(client: TestClient[Litestar], key: str, db: Database) -> None:
    for media, body in (("text/csv", EVENTS.encode()), ("application/vnd.apache.parquet", as_parquet(EVENTS))):
        status, sent = send(client, key, body, media=media, preset=None)
        assert status == 202, sent
        assert sent["preview"][0]["events"][0]["data"] == {"verb": "viewed", "object_type": "page", "object_id": "p-1"}
        run_imports(db)

    assert facts(db) == 2
    assert counts(look(client, key, sent["id"])) == ("done", 2, 0, 2, 0, 0)


def test_parquet_of_other_types_is_read_as_text_or_refused_by_name(client: TestClient[Litestar], key: str) -> None:
    columns = {
        "id": pa.array([1, 2]),
        "type": ["activity.performed"] * 2,
        "time": pa.array([1_772_409_600_000_000_000, 1_772_496_000_000_000_000], pa.timestamp("ns")),
        "subject": pa.array([7, 8]),
        "data.verb": ["viewed"] * 2,
        "data.object_type": ["page"] * 2,
        "data.object_id": pa.array([[1], [2]]),
    }
    wrong = io.BytesIO()
    pq.write_table(pa.table(columns), wrong)
    right = io.BytesIO()
    pq.write_table(pa.table(columns | {"data.object_id": pa.array([1.5, 2.0])}), right)
    media = "application/vnd.apache.parquet"

    status, refused = send(client, key, wrong.getvalue(), media=media, preset="events", dry_run="true")
    assert (status, refused["errors"][0]["code"]) == (422, "import_column_type")
    assert "data.object_id" in refused["detail"]
    status, taken = send(client, key, right.getvalue(), media=media, preset="events", dry_run="true")
    assert status == 202
    [first] = taken["preview"][0]["events"]
    # A time without a zone is the customer's.
    assert (first["id"], first["subject"], first["time"]) == ("1", "7", "2026-03-01T23:00:00Z")


@pytest.mark.parametrize("said", [{"preset": "events"}, {"preset": None, "mapping": "with U+0000"}])
def test_a_header_or_mapping_that_cannot_be_stored_is_refused(
    client: TestClient[Litestar], key: str, said: dict[str, Any]
) -> None:
    body = EVENTS.replace("data.object_id", "data.object\0id")
    if "mapping" in said:
        rule = {"key": "k", "type": "t", "time": "time", "subject": "subject",
                "when": [{"column": "type", "none_of": ["\0"]}]}  # fmt: skip
        body, said = EVENTS, {"preset": None, "mapping": json.dumps({"source": "s", "rules": [rule]})}

    status, refused = send(client, key, body, **said)

    assert (status, refused["errors"][0]["code"]) == (422, "import_header_unreadable"), refused
