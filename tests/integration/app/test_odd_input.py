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


@pytest.mark.parametrize("name", [b"\xff", b"\xed\xa0\x80"], ids=["no UTF-8", "half a surrogate pair"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/people"), ("PUT", "/v1/cost-centres"), ("POST", "/v1/api-keys"), ("POST", "/v1/seat-pools"),
        ("POST", "/v1/people/ann/merge"), ("PUT", "/v1/directory/rules"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_utf_8_is_malformed(
    client: Client, keys: dict[str, str], method: str, path: str, name: bytes
) -> None:
    headers = bearer(keys["tenant_admin"], **{"Content-Type": "application/json"})

    answer = client.request(method, path, content=b'{"name":"' + name + b'"}', headers=headers)

    assert code_of(answer) == (400, "malformed_request")
    assert "UTF-8" in answer.json()["detail"]


FAR: dict[str, tuple[str, str, dict[str, Any]]] = {
    "active_from": ("POST", "/v1/people", {"key": "ann", "active_from": "{}T10:00:00Z"}),
    "valid_from": ("POST", "/v1/assignments", {"key": "eve", "valid_from": "{}", "shares": {"hr": "1"}}),
    "valid_to": ("PUT", "/v1/cost-centres", {"code": "it", "name": "IT", "valid_from": "2025-01-01", "valid_to": "{}"}),
    "expires_at": ("POST", "/v1/api-keys", {"name": "suite", "expires_at": "{}T10:00:00Z"}),
}


@pytest.mark.parametrize("name", FAR)
def test_a_day_at_the_ends_of_the_calendar_is_malformed_where_it_stands(
    client: Client, keys: dict[str, str], name: str
) -> None:
    headers = bearer(keys["tenant_admin"])
    centre = [{"code": "hr", "name": "HR", "valid_from": "2020-01-01"}]
    client.put("/v1/cost-centres", json=centre, headers=headers)
    client.post("/v1/people", json=[{"key": "eve", "active_from": "2020-01-01T00:00:00Z"}], headers=headers)
    method, path, said = FAR[name]

    def send(day: str) -> Any:
        one = said | {name: said[name].format(day)}
        return client.request(method, path, json=one if path == "/v1/api-keys" else [one], headers=headers)

    place = name if path == "/v1/api-keys" else f"0/{name}"
    for day in ("0001-01-01", "9999-12-31"):
        assert code_of(send(day)) == (400, "malformed_request")
        assert [one["pointer"] for one in send(day).json()["errors"]] == [f"/{place}"]
    assert send("2031-03-01").is_success


ALERT = {"name": "a", "subject": "meter", "when": "percent", "value": "80"}


@pytest.mark.parametrize(
    ("path", "body", "pointer", "detail"),
    [
        (
            "/v1/alerts", ALERT | {"subject": "zzz"}, "/subject",
            "'zzz' is none of denials, floating_pool, meter, seat_pool, spend",
        ),
        ("/v1/mails?status=gone", None, "status", "'gone' is none of dead, due, sent"),
        ("/v1/webhooks", {"url": "h" * 2001}, "/url", "Expected at most 2000 characters"),
        ("/v1/alerts", ALERT | {"recipients": ["a@b.example"] * 21}, "/recipients", "Expected at most 20 entries"),
        ("/v1/alerts", ALERT | {"hysteresis_percent": -1}, "/hysteresis_percent", "Expected at least 0"),
    ],
)  # fmt: skip
def test_what_may_stand_at_a_place_is_said_in_words(
    client: Client, keys: dict[str, str], path: str, body: Any, pointer: str, detail: str
) -> None:
    method = "POST" if body else "GET"

    answer = client.request(method, path, json=body, headers=bearer(keys["tenant_admin"]))

    assert code_of(answer) == (400, "malformed_request")
    assert [(one["pointer"], one["detail"]) for one in answer.json()["errors"]] == [(pointer, detail)]
