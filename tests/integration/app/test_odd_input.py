"""Input that no column holds, or whose fault the framework takes for its own, is told as the sender's: never a 5xx."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.db import Database
from core.scope import GlobalScope
from tests.builders.world import World, bearer

Client = TestClient[Litestar]


ADDRESSES = (
    "/v1/mails?status=a%00b", "/v1/invoices?kind=%00", "/v1/events?subject=a%00b", "/v1/pools/a%00b",
    "/v1/entitlements/a%00b", "/v1/plans/abc/versions/99999999999999999999",
)  # fmt: skip


@pytest.fixture
def keys(world: World) -> dict[str, str]:
    return {"tenant_admin": world.key("tenant_admin", world.tenant()), "vendor_admin": world.key("vendor_admin")}


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_what_no_column_holds_is_malformed(client: Client, keys: dict[str, str]) -> None:
    headers = bearer(keys["tenant_admin"])
    client.post("/v1/seat-pools", json={"key": "all", "name": "All", "seats": 3}, headers=headers)

    def posted(path: str, body: dict[str, Any]) -> tuple[int, str]:
        return code_of(client.post(path, json=body, headers=headers))

    told = {path: code_of(client.get(path, headers=headers)) for path in ADDRESSES}
    assert told == dict.fromkeys(ADDRESSES, (400, "malformed_request"))
    assert posted("/v1/mails/test", {"to": "a\0b@example.com"}) == (400, "malformed_request")
    assert posted("/v1/people/a%00b/erase", {"preview": True}) == (400, "malformed_request")
    assert posted("/v1/seat-pools/all/seats", {"person": "a\0b"}) == (400, "malformed_request")


def test_a_member_that_is_named_like_a_part_of_the_service_is_the_senders_fault(
    client: Client, keys: dict[str, str]
) -> None:
    answer = client.post("/v1/simulations", json={"tenant": 5}, headers=bearer(keys["vendor_admin"]))
    assert code_of(answer) == (400, "malformed_request")

    wrong = {"kind": "seats", "tenant": 5, "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
    answer = client.post("/v1/answers", json=wrong, headers=bearer(keys["vendor_admin"]))

    assert code_of(answer) == (400, "malformed_request")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/tenant"]


def test_events_until_the_beginning_of_the_calendar_are_none(client: Client, keys: dict[str, str]) -> None:
    answer = client.get("/v1/events?to=0001-01-02T00:00:00Z", headers=bearer(keys["tenant_admin"]))

    assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_an_error_of_the_database_names_nobody(db: Database) -> None:
    with db.begin(GlobalScope()) as session, pytest.raises(DBAPIError) as told:
        session.execute(text("select 1 / 0 where :name <> ''"), {"name": "ann@example.com"})

    assert "ann@example.com" not in str(told.value)


def test_a_parameter_is_told_by_the_name_in_the_address(client: Client, keys: dict[str, str]) -> None:
    answer = client.get("/v1/events?from=yesterday", headers=bearer(keys["tenant_admin"]))

    assert code_of(answer) == (400, "malformed_request")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["from"]
