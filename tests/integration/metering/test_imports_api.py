"""Files in: each row counted once, whatever happens; what is wrong is told row by row."""

import csv
import io
import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.db import Database
from core.scope import StewardScope
from metering.actions.run_import import run_import
from metering.tasks import run_imports
from tenants.reads import TenantView
from tests.builders.world import World, bearer

ROOT = Path(__file__).parents[3]
HEADER = "User,Course,Status,Enrolled,Completed,Score\n"
# Three rows: two enrolments, and one enrolment with its completion: four events.
TRANSCRIPT = (
    HEADER
    + "ann,safety,enrolled,2026-03-02 09:00,,\n"
    + "bob,safety,enrolled,2026-03-03 09:00,,\n"
    + "cyd,safety,completed,2026-03-04 09:00,2026-03-05 10:00,87\n"
)


@pytest.fixture
def acme(world: World) -> TenantView:
    return world.tenant("acme")


@pytest.fixture
def key(world: World, acme: TenantView) -> str:
    return world.key("tenant_admin", acme)


def send(
    client: TestClient[Litestar], key: str, body: str | bytes, *, media: str = "text/csv", **said: Any
) -> tuple[int, dict[str, Any]]:
    content = body.encode() if isinstance(body, str) else body
    said = {"preset": "lms-transcript", **said}
    given = {name: value for name, value in said.items() if value is not None}
    answer = client.post("/v1/imports", headers=bearer(key, **{"Content-Type": media}), content=content, params=given)
    return answer.status_code, answer.json()


def look(client: TestClient[Litestar], key: str, job_id: str) -> dict[str, Any]:
    answer = client.get(f"/v1/imports/{job_id}", headers=bearer(key))
    assert answer.status_code == 200, answer.text
    return answer.json()


def counts(found: dict[str, Any]) -> tuple[str, int, int, int, int, int]:
    names = ("rows_read", "accepted", "duplicate", "conflict", "rejected")
    return found["status"], *(found[name] for name in names)  # type: ignore[return-value]


def facts(db: Database) -> int:
    with db.begin(StewardScope()) as session:
        return session.execute(text("select count(*) from fact")).scalar_one()


def test_a_file_s_rows_become_events_and_count(client: TestClient[Litestar], key: str, db: Database) -> None:
    status, sent = send(client, key, TRANSCRIPT)
    assert (status, sent["status"], sent["rows_expected"]) == (202, "queued", 3)

    run_imports(db)

    found = look(client, key, sent["id"])
    assert counts(found) == ("done", 3, 4, 0, 0, 0)
    assert found["report"] is None
    usage = client.get(
        "/v1/usage?meter=courses.transactions.charged&from=2026-03-01&to=2026-04-01", headers=bearer(key)
    ).json()
    assert usage["total"] == "3"


def test_the_same_file_again_is_the_same_import_and_an_overlapping_one_adds_what_is_new(
    client: TestClient[Litestar], key: str, db: Database
) -> None:
    _, first = send(client, key, TRANSCRIPT)
    run_imports(db)

    again_status, again = send(client, key, TRANSCRIPT)
    # Other columns, another order, another delimiter: the same rows, and one that is new.
    longer = "Course;Enrolled;User;Status;Completed;Score;Title\n" + "".join(
        f"safety;{day} 09:00;{user};{state};{done};{score};Safety first\n"
        for user, day, state, done, score in (
            ("ann", "2026-03-02", "enrolled", "", ""),
            ("bob", "2026-03-03", "enrolled", "", ""),
            ("cyd", "2026-03-04", "completed", "2026-03-05 10:00", "87"),
            ("dan", "2026-03-06", "enrolled", "", ""),
        )
    )
    _, other = send(client, key, longer)
    run_imports(db)

    assert (again_status, again["id"]) == (200, first["id"])
    assert counts(look(client, key, other["id"])) == ("done", 4, 1, 4, 0, 0)
    assert facts(db) == 5


def many(count: int) -> str:
    rows = (f"p{n},post,{n},2026-03-0{1 + n % 9} 10:00\n" for n in range(count))
    return "Author,Kind,Object,Date\n" + "".join(rows)


class Died(Exception):
    """As if the worker had been killed."""


def test_a_worker_that_dies_after_storing_is_gone_on_from_and_every_row_counts_once(
    client: TestClient[Litestar], key: str, db: Database, acme: TenantView
) -> None:
    _, sent = send(client, key, many(10_001), preset="community-activity")
    job_id = UUID(sent["id"])

    def die() -> bool:
        raise Died

    # Asked while the first batch of 5,000 is being stored: it lands, and nobody writes that down.
    with pytest.raises(Died):
        run_import(db, acme, job_id, go_on=die)
    assert (facts(db), look(client, key, sent["id"])["rows_read"]) == (5_000, 0)
    asked: list[bool] = []
    assert run_import(db, acme, job_id, go_on=lambda: bool(asked.append(True))) is False
    assert counts(look(client, key, sent["id"])) == ("running", 5_000, 5_000, 0, 0, 0)
    assert run_import(db, acme, job_id) is True

    assert counts(look(client, key, sent["id"])) == ("done", 10_001, 10_001, 0, 0, 0)
    assert facts(db) == 10_001


def test_a_worker_killed_with_9_is_gone_on_from(client: TestClient[Litestar], key: str, db: Database) -> None:
    _, sent = send(client, key, many(25_000), preset="community-activity")
    run = "import sys; from core.db import Database; from metering.tasks import run_imports; run_imports(Database(sys.argv[1]))"
    worker = subprocess.Popen([sys.executable, "-c", run, db.database_url], cwd=ROOT)
    while look(client, key, sent["id"])["rows_read"] == 0 and worker.poll() is None:
        time.sleep(0.01)  # not a measurement: it waits for the worker to be in the middle of it
    worker.kill()
    worker.wait()
    before = look(client, key, sent["id"])
    run_imports(db)

    assert before["status"] == "running"
    assert 0 < before["rows_read"] < 25_000
    assert counts(look(client, key, sent["id"])) == ("done", 25_000, 25_000, 0, 0, 0)
    assert facts(db) == 25_000


def test_identical_rows_of_a_file_are_one(client: TestClient[Litestar], key: str, db: Database) -> None:
    row = "x,Reply,7,2026-03-04 10:00\n"
    _, sent = send(client, key, "Author,Kind,Object,Date\n" + row * 3, preset="community-activity")

    run_imports(db)

    assert counts(look(client, key, sent["id"])) == ("done", 3, 1, 2, 0, 0)


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


def test_a_dry_run_tells_what_would_be_and_stores_nothing(client: TestClient[Litestar], key: str, db: Database) -> None:
    send(client, key, TRANSCRIPT)
    run_imports(db)
    body = TRANSCRIPT + "dan,safety,enrolled,2026-03-02 09:00,,\n" * 2 + "eve,safety,enrolled,x,,\n"
    status, sent = send(client, key, body, dry_run="true")

    assert (status, sent["dry_run"]) == (202, True)
    assert sent["preview"][2]["row"] == 4
    assert [event["type"] for event in sent["preview"][2]["events"]] == ["course.enrolled", "course.completed"]
    # Berlin is an hour ahead in March.
    assert sent["preview"][0]["events"][0]["time"] == "2026-03-02T08:00:00Z"
    assert sent["preview"][5]["fault"]["code"] == "time_unreadable"

    run_imports(db)

    assert counts(look(client, key, sent["id"])) == ("done", 6, 1, 5, 0, 1)
    assert facts(db) == 4
    # Another time it is made anew, not remembered.
    assert send(client, key, body, dry_run="true")[0] == 202


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


def test_a_cancelled_import_goes_on_when_the_file_comes_again(
    client: TestClient[Litestar], key: str, db: Database
) -> None:
    _, sent = send(client, key, TRANSCRIPT)
    cancelled = client.post(f"/v1/imports/{sent['id']}/cancel", headers=bearer(key))
    run_imports(db)
    assert counts(look(client, key, sent["id"])) == ("cancelled", 0, 0, 0, 0, 0)
    assert client.post(f"/v1/imports/{sent['id']}/cancel", headers=bearer(key)).json()["code"] == "import_over"

    status, again = send(client, key, TRANSCRIPT)
    run_imports(db)

    assert (cancelled.json()["status"], status, again["id"]) == ("cancelled", 202, sent["id"])
    assert counts(look(client, key, sent["id"])) == ("done", 3, 4, 0, 0, 0)


def test_progress_is_told_as_events_until_it_is_over(client: TestClient[Litestar], key: str, db: Database) -> None:
    _, sent = send(client, key, TRANSCRIPT)
    run_imports(db)

    answer = client.get(f"/v1/imports/{sent['id']}/events", headers=bearer(key))

    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = answer.text.splitlines()
    assert "event: over" in lines
    data = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
    assert counts(data) == ("done", 3, 4, 0, 0, 0)


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


def test_a_form_with_a_file_is_taken_too(client: TestClient[Litestar], key: str) -> None:
    answer = client.post(
        "/v1/imports",
        headers=bearer(key),
        files={"file": ("transcript.csv", TRANSCRIPT, "text/csv")},
        data={"preset": "lms-transcript", "dry_run": "on"},
    )

    assert answer.status_code == 202
    assert (answer.json()["file_name"], answer.json()["dry_run"]) == ("transcript.csv", True)


def test_the_order_of_dates_is_told_by_the_file(client: TestClient[Litestar], key: str) -> None:
    body = "User,Course,Status,Enrolled,Completed\na,b,c,03/04/2026,\na,b,c,25/04/2026,\n"

    _, sent = send(client, key, body)

    assert "Dates in figures have the day first." in sent["assumed"]
    moment = datetime.fromisoformat(sent["preview"][0]["events"][0]["time"])
    assert moment == datetime(2026, 4, 2, 22, tzinfo=UTC)  # the 3rd of April begins in Berlin


def test_noise_is_never_a_fault_of_ours(client: TestClient[Litestar], key: str, db: Database) -> None:
    noise = random.Random(7)
    parquet = io.BytesIO()
    pq.write_table(pa.table({"Author": ["a"], "Kind": ["Post"], "Object": ["1"], "Date": ["2026-03-04"]}), parquet)
    seeds = (
        TRANSCRIPT.encode(),
        many(20).encode(),
        b'{"id": "1", "source": "s", "type": "t", "time": "2026-03-02T08:00:00Z", "subject": "a"}\n' * 9,
        parquet.getvalue(),
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
