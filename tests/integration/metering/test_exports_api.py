"""Figures, evidence and events as files: the very values of the answers in JSON."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World, bearer

SPAN = "from=2026-03-01&to=2026-05-01"


@pytest.fixture
def key(client: TestClient[Litestar], world: World) -> str:
    token = world.key("tenant_admin", world.tenant("acme"))
    events = [
        {
            "id": f"e{n}", "source": "s", "type": "course.enrolled", "subject": f"person-{n % 3}",
            "time": f"2026-0{3 + n % 2}-0{1 + n}T10:00:00Z",
            "data": {"course_id": f"c{n}, “x”", "course_type": "wbt" if n % 2 else "ilt"},
        }
        for n in range(7)
    ]  # fmt: skip
    answer = client.post("/v1/events", headers=bearer(token), json=events)
    assert answer.json()["accepted"] == 7
    return token


def read(client: TestClient[Litestar], key: str, path: str, **headers: str) -> Any:
    answer = client.get(path, headers=bearer(key, **headers))
    assert answer.status_code == 200, answer.text
    return answer


def csv_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_usage_as_csv_and_parquet_says_what_json_says(client: TestClient[Litestar], key: str) -> None:
    path = f"/v1/usage?meter=courses.transactions.net&{SPAN}&granularity=month&group_by=course_type"
    told = read(client, key, path).json()
    rows = csv_of(read(client, key, path, Accept="text/csv").content)
    table = pq.read_table(io.BytesIO(read(client, key, path + "&format=parquet").content)).to_pylist()

    expected = [
        (part, one["starts_at"], one["ends_at"], one["group"]["course_type"], one["quantity"])
        for part in ("items", "totals") for one in told[part]
    ] + [("total", told["from"], told["to"], "", told["total"])]  # fmt: skip
    named = {"items": "item", "totals": "totals", "total": "total"}
    assert len(told["items"]) == 2  # four ilt in March, three wbt in April
    assert [
        (row["part"], row["starts_at"], row["ends_at"], row["group"], row["quantity"]) for row in rows
    ] == [(named[part], *rest) for part, *rest in expected]  # fmt: skip
    assert [row["quantity"] for row in table] == [Decimal(one[-1]) for one in expected]
    assert table[0]["starts_at"].isoformat() == told["items"][0]["starts_at"].replace("Z", "+00:00")


def test_evidence_as_a_file_has_all_rows_of_all_pages(client: TestClient[Litestar], key: str) -> None:
    path = f"/v1/usage/evidence?meter=courses.transactions.net&{SPAN}"
    pages, cursor = [], "0"
    while cursor is not None:
        page = read(client, key, f"{path}&limit=3&cursor={cursor}").json()
        pages += page["items"]
        cursor = page["next_cursor"]
    rows = csv_of(read(client, key, path + "&format=csv").content)
    table = pq.read_table(
        io.BytesIO(read(client, key, path, Accept="application/vnd.apache.parquet").content)
    ).to_pylist()

    assert len(pages) == len(rows) == len(table) == 7
    for told, row, cells in zip(pages, rows, table, strict=True):
        assert {name: row[name] for name in ("person", "person_id", "quantity", "at", "event_id", "reason")} == {
            name: told[name] or "" for name in ("person", "person_id", "quantity", "at", "event_id", "reason")
        }
        assert (row["counted"], json.loads(row["keys"])) == ("true", told["keys"])
        assert (cells["counted"], cells["weight"]) == (True, Decimal(told["weight"]))
        assert json.loads(cells["cost_centres"]) == told["cost_centres"]


def test_events_as_a_file_are_those_of_the_list(client: TestClient[Litestar], key: str) -> None:
    path = "/v1/events?from=2026-03-01T00:00:00Z&to=2026-05-01T00:00:00Z"
    told = read(client, key, path).json()["items"]
    rows = csv_of(read(client, key, path + "&format=csv").content)
    table = pq.read_table(io.BytesIO(read(client, key, path + "&format=parquet").content)).to_pylist()

    assert [(row["id"], row["time"], row["subject"], json.loads(row["data"])) for row in rows] == [
        (one["id"], one["time"], one["subject"], one["data"]) for one in told
    ]
    assert [row["id"] for row in table] == [one["id"] for one in told]


def test_an_empty_file_still_has_its_columns(client: TestClient[Litestar], key: str) -> None:
    path = "/v1/events?from=2020-03-01T00:00:00Z&to=2020-05-01T00:00:00Z"

    assert read(client, key, path + "&format=csv").text.startswith("source,id,type,time")
    table = pq.read_table(io.BytesIO(read(client, key, path + "&format=parquet").content))
    assert (table.num_rows, table.column_names[0]) == (0, "source")


def test_who_may_not_see_people_gets_pseudonyms_in_files_too(
    client: TestClient[Litestar], key: str, world: World
) -> None:
    sales = bearer(world.key("vendor_sales"), "acme")
    path = f"/v1/usage/evidence?meter=courses.transactions.net&{SPAN}&format=csv"

    rows = csv_of(client.get(path, headers=sales).content)

    assert {row["person_id"] for row in rows} == {""}
    assert all(row["person"] for row in rows)


def test_an_unknown_format_and_an_unknown_meter_are_refused_as_ever(client: TestClient[Litestar], key: str) -> None:
    excel = client.get(f"/v1/usage?meter=members.active&{SPAN}&format=xlsx", headers=bearer(key))
    meter = client.get(f"/v1/usage?meter=none&{SPAN}&format=csv", headers=bearer(key))

    assert (excel.status_code, excel.json()["errors"][0]["code"]) == (422, "format_unknown")
    assert (meter.status_code, meter.json()["code"]) == (422, "meter_unknown")
