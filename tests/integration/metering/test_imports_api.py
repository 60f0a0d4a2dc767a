"""Files in: each row counted once, whatever happens."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from metering.actions.run_import import run_import
from metering.tasks import run_imports
from tenants.reads import TenantView
from tests.builders.imports import TRANSCRIPT, counts, facts, look, many, send
from tests.builders.world import World, bearer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def acme(world: World) -> TenantView:
    return world.tenant("acme")


@pytest.fixture
def key(world: World, acme: TenantView) -> str:
    return world.key("tenant_admin", acme)


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
