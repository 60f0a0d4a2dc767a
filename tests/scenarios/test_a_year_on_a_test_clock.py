"""A sale, a year of bills and a chargeback, by the API alone, in the time of a test clock."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from tests.builders.world import LONG_AGO, World, bearer

Call = Callable[..., Any]

LEARNING, SALES = "LEARN", "SALES"
PEOPLE = [f"person-{number}" for number in range(10)]
MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


@pytest.fixture
def call(client: TestClient[Litestar]) -> Call:
    def send(method: str, path: str, key: str, body: Any = None, tenant: str | None = None) -> Any:
        answer = client.request(method, path, json=body, headers=bearer(key, tenant))
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    return send


@pytest.fixture
def vendor(world: World) -> str:
    world.entity("eu", "EUR", "DE")
    with world.db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, LONG_AGO)
    return world.key("vendor_admin")


def act(month: str, who: str, type_: str = "activity.performed", **data: str) -> dict[str, Any]:
    viewed = {"verb": "viewed", "object_type": "wiki_page", "object_id": "home"}
    return {
        "specversion": "1.0",
        "id": f"{type_}-{who}-{month}",
        "source": "urn:suite",
        "type": type_,
        "time": f"{month}-10T09:00:00+01:00",
        "subject": who,
        "data": data or viewed,
    }


def month_of_events(month: str) -> list[dict[str, Any]]:
    """Ten people look at something; three of them, all in sales, write a post as well."""
    looks = [act(month, who) for who in PEOPLE]
    posts = [act(month, who, "contribution.created", kind="post", object_id=f"post-{who}") for who in PEOPLE[4:7]]
    return looks + posts


def test_a_year_of_bills_and_a_chargeback_happen_on_a_test_clock(call: Call, vendor: str) -> None:
    clock = call("POST", "/v1/test-clocks", vendor, {"name": "a year", "now": "2024-12-31T12:00:00Z"})["id"]
    call("POST", "/v1/tenants", vendor, sandbox(clock))
    key, maker, approver = keys(call, vendor)
    settle(call, key)
    plan = {"plan": "full-active", "key": "suite", "starts_on": "2025-01-01"}
    call("POST", "/v1/subscriptions", vendor, plan, "sandbox")

    for index, month in enumerate(MONTHS):
        advance(call, vendor, clock, f"{month}-27T12:00:00Z")
        answer = call("POST", "/v1/events", key, month_of_events(month))
        assert (answer["accepted"], answer["rejected"]) == (13, [])
        following = MONTHS[index + 1] if index < 11 else "2026-01"
        # The grace of 72 hours is over on the 4th at midnight in Berlin.
        advance(call, vendor, clock, f"{following}-04T01:00:00Z")
        if month == "2025-03":
            # Somebody new acted in March; their system tells it when March is billed already.
            call("POST", "/v1/events", key, act("2025-03", "late-comer"))

    invoices = sorted(call("GET", "/v1/invoices", key)["items"], key=lambda invoice: invoice["issued_on"])
    # 10 active × 3.86 + 3 contributors × 1.66 = 38.60 + 4.98 = 43.58; 19 % of it 8.28; together 51.86.
    # April also has the late one of March: 43.58 + 3.86 = 47.44; 19 % 9.01 (9.0136); together 56.45.
    ordinary, april = ("43.58", "8.28", "51.86"), ("47.44", "9.01", "56.45")
    sums = [tuple(invoice[part]["amount"] for part in ("net", "tax", "gross")) for invoice in invoices]
    assert sums == [ordinary] * 3 + [april] + [ordinary] * 8
    assert [invoice["number"][-5:] for invoice in invoices] == [f"{n:05}" for n in range(1, 12)] + ["00001"]
    assert [invoice["issued_on"] for invoice in invoices][::11] == ["2025-02-03", "2026-01-03"]

    statements = charge_back(call, (maker, approver), invoices[-1]["id"], "2025-12")
    # Active: 4 of 10 people learn, 6 sell: 15.44 and 23.16. Contributors: all three sell, 4.98.
    # Tax of the lines: 7.334 and 0.9462, 8.28 in all → 7.33 and 0.95; of 7.33 learning carries 2.93 (2.932).
    assert statements == {LEARNING: ("15.44", "2.93", "18.37"), SALES: ("28.14", "5.35", "33.49")}
    # 18.37 + 33.49 = 51.86, the invoice.


def sandbox(clock: str) -> dict[str, Any]:
    return {
        "slug": "sandbox",
        "name": "Sandbox",
        "legal_entity": "eu",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "country": "DE",
        "billing_name": "Sandbox GmbH",
        "billing_address": "1 Sand Street",
        "tax_id": "DE123456789",
        "test_clock": clock,
    }


def keys(call: Call, vendor: str) -> tuple[str, str, str]:
    """Let an administrator and two finance people in."""
    made = []
    for name, role in (("admin", "tenant_admin"), ("maker", "tenant_finance"), ("approver", "tenant_finance")):
        email = f"{name}@sandbox.example"
        call("POST", "/v1/users", vendor, {"email": email, "name": name, "role": role}, "sandbox")
        made.append(call("POST", "/v1/api-keys", vendor, {"email": email, "name": "scenario"}, "sandbox")["token"])
    return made[0], made[1], made[2]


def settle(call: Call, key: str) -> None:
    """Four people learn, six sell."""
    centres = [{"code": code, "name": code.title(), "valid_from": "2020-01-01"} for code in (LEARNING, SALES)]
    call("PUT", "/v1/cost-centres", key, centres)
    call("POST", "/v1/people", key, [{"key": who, "active_from": "2020-01-01T00:00:00Z"} for who in PEOPLE])
    assignments = [
        {"key": who, "valid_from": "2020-01-01", "shares": {LEARNING if number < 4 else SALES: "1"}}
        for number, who in enumerate(PEOPLE)
    ]
    call("POST", "/v1/assignments", key, assignments)


def advance(call: Call, vendor: str, clock: str, to: str) -> None:
    call("POST", f"/v1/test-clocks/{clock}/advance", vendor, {"to": to})


def charge_back(call: Call, finance: tuple[str, str], invoice_id: str, period: str) -> dict[str, tuple[str, str, str]]:
    """Divide the invoice by usage; return the statements of the month by cost centre."""
    maker, approver = finance
    call("POST", "/v1/cost-pools", maker, {"invoice_id": invoice_id})
    call("PUT", "/v1/chargeback/rules", maker, {"rules": [{"key": "by-usage", "method": "direct"}]})
    run = call("POST", "/v1/chargeback/runs", maker, {"period": period})["id"]
    call("POST", f"/v1/chargeback/runs/{run}/approve", approver)
    call("POST", f"/v1/chargeback/runs/{run}/post", maker)
    items = call("GET", f"/v1/chargeback/statements?period={period}", maker)["items"]
    # Class seats were not used: that line of 0.00 divides by nothing.
    carried = [item for item in items if item["gross"]["amount"] != "0.00"]
    return {item["cost_centre"]: tuple(item[part]["amount"] for part in ("net", "tax", "gross")) for item in carried}
