"""Files that are sent for import, and what is told of them."""

from typing import Any

from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.db import Database
from core.scope import StewardScope
from tests.builders.world import bearer

HEADER = "User,Course,Status,Enrolled,Completed,Score\n"
# Three rows: two enrolments, and one enrolment with its completion: four events.
TRANSCRIPT = (
    HEADER
    + "ann,safety,enrolled,2026-03-02 09:00,,\n"
    + "bob,safety,enrolled,2026-03-03 09:00,,\n"
    + "cyd,safety,completed,2026-03-04 09:00,2026-03-05 10:00,87\n"
)


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


def many(count: int) -> str:
    rows = (f"p{n},post,{n},2026-03-0{1 + n % 9} 10:00\n" for n in range(count))
    return "Author,Kind,Object,Date\n" + "".join(rows)
