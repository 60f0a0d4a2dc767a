"""Retention and archives as pages and as jobs: previewed, set, verified, restored, and who may what."""

import re
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.archive_jobs import run_archive_jobs
from core.clock import utc_now
from core.db import Database
from tests.builders.suite import Suite
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
PAGE = "/admin/acme/archives"
YEAR = utc_now().year - 3
MONTH, NAMED = f"{YEAR}-07", f"July {YEAR}"
"""It may leave: what is settled ends 400 + 366 days before now. Its last thirty days stay for the next month."""
VIEWED = {"verb": "viewed", "object_type": "page", "object_id": "p"}


@pytest.fixture
def suite(client: Client, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("TOLLBOOK_ARCHIVE_DIR", str(tmp_path))
    suite = Suite(client, world)
    suite.tell("activity.performed", "ann", f"{MONTH}-01 10:00", **VIEWED)
    suite.tell("activity.performed", "bob", f"{MONTH}-01 12:00", **VIEWED)
    return suite


def sign_in(client: Client, world: World, role: str, suite: Suite) -> None:
    world.key(role, None if role.startswith("vendor") else suite.tenant)
    email = f"{role}@{'vendor' if role.startswith('vendor') else 'acme'}.example"
    client.headers["accept"] = "text/html"
    form = {"email": email, "password": "correct horse battery", "next": ""}
    assert client.post("/sign-in", data=form, follow_redirects=False).status_code == 303


def post(client: Client, path: str, **said: str) -> Any:
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(PAGE).text)
    assert token is not None
    return client.post(path, data={"csrf_token": token.group(1), **said}, follow_redirects=False)


def test_a_retention_is_previewed_set_and_carried_out_and_a_month_comes_back(
    client: Client, world: World, suite: Suite, db: Database
) -> None:
    sign_in(client, world, "vendor_admin", suite)
    assert "All facts stay on line" in client.get(PAGE).text

    previewed = client.get(f"{PAGE}?keep=26").text
    # From the month of the facts to the last one before the settled instant.
    assert re.search(rf"would leave: {NAMED}( to \w+ \d+)?, about 2 facts", previewed)
    assert "All facts stay on line" in previewed
    assert "26 to 1,200 months" in client.get(f"{PAGE}?keep=12").text
    assert post(client, PAGE, keep="26").status_code == 303
    asked = post(client, f"{PAGE}/jobs", kind="archive")
    waiting = client.get(asked.headers["location"]).text
    assert "Waiting for a worker" in waiting
    assert 'http-equiv="refresh"' in waiting

    run_archive_jobs(db)
    assert "What may leave is in files" in client.get(asked.headers["location"]).text
    assert NAMED in client.get(PAGE).text
    asked = post(client, f"{PAGE}/jobs", kind="verify", month=MONTH)
    run_archive_jobs(db)
    assert "came out the same" in client.get(asked.headers["location"]).text
    assert "Last measured from its files" in client.get(f"{PAGE}/{MONTH}").text

    assert "Say why" in post(client, f"{PAGE}/jobs", kind="restore", month=MONTH).text
    asked = post(client, f"{PAGE}/jobs", kind="restore", month=MONTH, reason="an audit")
    run_archive_jobs(db)
    done = client.get(asked.headers["location"]).text
    assert "The facts are back" in done
    assert "2 of 2 facts" in done
    assert "Archive again" in client.get(f"{PAGE}/{MONTH}").text
    assert "archive_unready" not in post(client, f"{PAGE}/jobs", kind="archive", month=MONTH).text
    run_archive_jobs(db)
    assert "Archive again" not in client.get(f"{PAGE}/{MONTH}").text


def test_a_damaged_file_is_told_on_the_job_and_on_the_month(
    client: Client, world: World, suite: Suite, db: Database, tmp_path: Path
) -> None:
    vendor = bearer(world.key("vendor_admin"), "acme")
    client.put("/v1/retention", json={"keep_months": 26}, headers=vendor)
    client.post("/v1/archives/jobs", json={"kind": "archive"}, headers=vendor)
    run_archive_jobs(db)
    [file] = tmp_path.glob(f"*/{MONTH}/*/facts.parquet")
    file.write_bytes(file.read_bytes()[:-1])

    asked = client.post("/v1/archives/jobs", json={"kind": "verify", "month": MONTH}, headers=vendor)
    assert asked.status_code == 202
    again = client.post("/v1/archives/jobs", json={"kind": "verify", "month": MONTH}, headers=vendor)
    assert again.json()["id"] == asked.json()["id"]
    run_archive_jobs(db)

    job = client.get(f"/v1/archives/jobs/{asked.json()['id']}", headers=bearer(suite.key)).json()
    assert (job["status"], job["error_code"]) == ("failed", "archive_damaged")
    months = client.get("/v1/archives", headers=vendor).json()["archives"]
    assert "SHA-256" in next(one["differences"] for one in months if one["month"] == MONTH)[0]


def test_who_may_not_change_it_reads_it(client: Client, world: World, suite: Suite) -> None:
    sign_in(client, world, "tenant_auditor", suite)

    page = client.get(f"{PAGE}?keep=26").text

    assert "All facts stay on line" in page
    assert "would leave" not in page
    assert '<form method="post" action="/admin/acme/archives' not in page
    assert post(client, PAGE, keep="26").status_code == 403
    assert post(client, f"{PAGE}/jobs", kind="archive").status_code == 403
    own = bearer(suite.key)
    assert client.post("/v1/archives/jobs", json={"kind": "archive"}, headers=own).json()["code"] == "forbidden"


def test_what_makes_no_sense_is_refused_with_what_to_do(client: Client, world: World, suite: Suite) -> None:
    vendor = bearer(world.key("vendor_admin"), "acme")

    def refused(**wish: str) -> tuple[int, str]:
        answer = client.post("/v1/archives/jobs", json=wish, headers=vendor)
        return answer.status_code, answer.json()["detail"]

    assert refused(kind="burn") == (422, "Give one of archive, verify, restore.")
    assert refused(kind="verify") == (422, "Name a month, for instance 2023-05.")
    assert refused(kind="verify", month="May") == (422, "'May' is no month. Write one such as 2023-05.")
    assert refused(kind="verify", month=MONTH)[0] == 404
    low = client.get("/v1/retention/preview?keep_months=3", headers=vendor)
    assert low.status_code in (400, 422)
    told = client.get("/v1/retention/preview?keep_months=26", headers=vendor).json()
    assert (told["months"][0], told["facts"]) == (MONTH, 2)
