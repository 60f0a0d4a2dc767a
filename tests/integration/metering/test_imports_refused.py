"""Files, rows and senders that are refused: told by name and row, and keeping nobody else waiting."""

import csv
import gzip
import io
import json
import random
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from metering.tasks import run_imports
from tenants.reads import TenantView
from tests.builders.imports import HEADER, TRANSCRIPT, counts, look, many, send
from tests.builders.world import World, bearer


@pytest.fixture
def acme(world: World) -> TenantView:
    return world.tenant("acme")


@pytest.fixture
def key(world: World, acme: TenantView) -> str:
    return world.key("tenant_admin", acme)


def test_bad_rows_are_told_by_row_and_column_and_the_others_count(
    client: TestClient[Litestar], key: str, db: Database
) -> None:
    body = HEADER + (
        "ann,safety,enrolled,2026-03-02,,\n"
        "bob,safety,enrolled,yesterday,,\n"
        ",safety,enrolled,2026-03-02,,\n"
        "dan,safety\n"
        "eve,safety,enrolled,2026-03-02,,,9\n"
        "fay,,enrolled,2026-03-02,,\n"
        "=cmd(),safety,enrolled,2099-01-01,,\n"
    )
    _, sent = send(client, key, body)
    run_imports(db)

    found = look(client, key, sent["id"])
    assert counts(found) == ("done", 7, 1, 0, 0, 6)
    report = client.get(found["report"], headers=bearer(key))
    assert report.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(report.text.removeprefix("\ufeff"))))
    assert rows[0] == ["row", "column", "code", "what to do"]
    assert [row[:3] for row in rows[1:]] == [
        ["3", "Enrolled", "time_unreadable"],
        ["4", "User", "value_missing"],
        ["5", "", "row_short"],
        ["6", "", "row_long"],
        ["7", "Course", "value_missing"],
        ["8", "Enrolled", "time_in_future"],
    ]


def test_a_conflict_keeps_the_first_and_is_told(client: TestClient[Litestar], key: str, db: Database) -> None:
    lines = [
        {"id": "1", "source": "s", "type": "course.launched", "time": "2026-03-02T08:00:00Z", "subject": who,
         "data": {"course_id": "c", "course_type": "wbt"}}
        for who in ("ann", "bob")
    ]  # fmt: skip
    body = "\n".join(map(json.dumps, lines))
    _, sent = send(client, key, body, media="application/x-ndjson", preset=None)
    run_imports(db)

    found = look(client, key, sent["id"])
    assert counts(found) == ("done", 2, 1, 0, 1, 0)
    assert ",conflict," in client.get(found["report"], headers=bearer(key)).text


def test_a_header_that_lacks_columns_is_refused_with_near_matches(
    client: TestClient[Litestar], key: str, db: Database
) -> None:
    status, answer = send(client, key, "User,Corse,Status,Enrolled\nann,c,x,2026-03-02\n")

    assert (status, answer["code"]) == (422, "invalid_input")
    told = {error["detail"].split("'")[1]: error for error in answer["errors"]}
    assert set(told) == {"Course", "Completed"}
    assert "Did you mean 'Corse'?" in told["Course"]["detail"]
    assert client.get("/v1/imports", headers=bearer(key)).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        (b"", {}, "import_empty"),
        (b"PAR1 and no more", {}, "import_unreadable"),
        (HEADER.encode() + b"\xc3\xa4,\xff,x,2026-03-02,,\n", {}, "import_encoding_unclear"),
        (b"User,Course,Status,Enrolled,Completed\na,b,c,03/04/2026,\n", {}, "import_time_order_unclear"),
        (TRANSCRIPT.encode(), {"zone": "Mars/Base"}, "time_zone_unknown"),
        (TRANSCRIPT.encode(), {"preset": "sap"}, "import_preset_unknown"),
        (TRANSCRIPT.encode(), {"preset": None, "mapping": '{"source": 1}'}, "import_mapping_invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_for_sure_is_refused_whole(
    client: TestClient[Litestar], key: str, body: bytes, said: dict[str, Any], code: str
) -> None:
    status, answer = send(client, key, body, **said)

    assert (status, [error["code"] for error in answer["errors"]]) == (422, [code])


def test_another_tenant_sees_and_touches_nothing(
    client: TestClient[Litestar], key: str, db: Database, world: World
) -> None:
    other = world.key("tenant_admin", world.tenant("beta"))
    _, sent = send(client, key, HEADER + "ann,safety,enrolled,yesterday,,\n")
    run_imports(db)

    for path in ("", "/events", "/report.csv"):
        assert client.get(f"/v1/imports/{sent['id']}{path}", headers=bearer(other)).status_code == 404
    assert client.post(f"/v1/imports/{sent['id']}/cancel", headers=bearer(other)).status_code == 404
    assert client.get("/v1/imports", headers=bearer(other)).json()["items"] == []
    # The same file of another tenant is another import.
    assert send(client, other, HEADER + "ann,safety,enrolled,yesterday,,\n")[0] == 202


def test_who_may_not_send_events_may_not_send_files(
    client: TestClient[Litestar], world: World, acme: TenantView
) -> None:
    status, answer = send(client, world.key("tenant_auditor", acme), TRANSCRIPT)

    assert (status, answer["code"]) == (403, "forbidden")


def test_noise_is_never_a_fault_of_ours(client: TestClient[Litestar], key: str, db: Database) -> None:
    noise = random.Random(7)
    parquet = io.BytesIO()
    pq.write_table(pa.table({"Author": ["a"], "Kind": ["Post"], "Object": ["1"], "Date": ["2026-03-04"]}), parquet)
    seeds = (
        TRANSCRIPT.encode(),
        many(20).encode(),
        b'{"id": "1", "source": "s", "type": "t", "time": "2026-03-02T08:00:00Z", "subject": "a"}\n' * 9,
        parquet.getvalue(),
        b"id,type,time,subject,data.verb\n1,activity.performed,2026-03-02T08:00:00Z,ann,viewed\n" * 3,
        noise.randbytes(300),
    )
    medias = ("text/csv", "application/x-ndjson", "application/vnd.apache.parquet", "application/octet-stream")
    presets = ("lms-transcript", "community-activity", "events")

    for turn in range(60):
        body = bytearray(seeds[turn % len(seeds)])
        for _ in range(noise.randrange(8)):
            body[noise.randrange(len(body))] = noise.randrange(256)
        body = body[: noise.randrange(len(body))] if turn % 3 == 0 else body
        said = {"preset": presets[turn % 3], "dry_run": str(turn % 2 == 0)}
        status, answer = send(client, key, bytes(body), media=noise.choice(medias), **said)
        assert status in (200, 202, 422), answer
    run_imports(db)

    found = client.get("/v1/imports?limit=200", headers=bearer(key)).json()["items"]
    assert found
    assert {one["status"] for one in found} <= {"done", "failed"}


def test_ten_thousand_bad_rows_are_all_in_the_report(client: TestClient[Litestar], key: str, db: Database) -> None:
    _, sent = send(client, key, HEADER + "ann,safety,enrolled,soon,,\n" * 10_000)
    run_imports(db)

    found = look(client, key, sent["id"])
    assert counts(found) == ("done", 10_000, 0, 0, 0, 10_000)
    lines = client.get(found["report"], headers=bearer(key)).text.splitlines()
    # The header is row 1 of the file.
    assert (len(lines), lines[1][:2], lines[-1].split(",")[0]) == (10_001, "2,", "10001")


def test_a_fault_of_ours_ends_one_import_and_keeps_no_other_waiting(
    client: TestClient[Litestar], key: str, db: Database
) -> None:
    _, broken = send(client, key, many(9), preset="community-activity")
    _, sound = send(client, key, TRANSCRIPT)
    with psycopg.connect(db.database_url) as admin:
        admin.execute("update import_part set content = 'no zstd' where job_id = %s", (broken["id"],))

    run_imports(db)

    failed = look(client, key, broken["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "internal_error")
    assert counts(look(client, key, sound["id"])) == ("done", 3, 4, 0, 0, 0)
    # Sent again it goes on.
    assert send(client, key, many(9), preset="community-activity")[0] == 202
    run_imports(db)
    assert counts(look(client, key, broken["id"])) == ("done", 9, 9, 0, 0, 0)
    with psycopg.connect(db.database_url) as admin:
        assert admin.execute("select count(*) from import_part").fetchone() == (0,)


def test_a_packed_body_is_asked_for_as_it_is(client: TestClient[Litestar], key: str) -> None:
    answer = client.post(
        "/v1/imports?preset=lms-transcript",
        content=gzip.compress(HEADER.encode()),
        headers=bearer(key) | {"content-type": "text/csv", "content-encoding": "gzip"},
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "content_encoding_unsupported")
    assert answer.json()["detail"].endswith("Send the file as it is, not compressed.")
