"""Chargeback over HTTP: who may do what, and what the answers look like."""

import csv
import io
from decimal import Decimal

import pytest

from core.db import Database
from tests.builders.world import World, bearer
from tests.integration.chargebacks.issued import Billed, issue

RULES = {
    "rules": [
        {"key": "usage", "method": "direct", "share": "0.7", "match": {"meter": ["members"]}},
        {"key": "heads", "method": "headcount"},
    ]
}


@pytest.fixture
def acme(world: World):
    tenant = world.tenant()
    world.people(tenant, "ann", "bob")
    world.cost_centres(tenant, "A", "B")
    world.assign(tenant, "ann", A=1)
    world.assign(tenant, "bob", B=1)
    return tenant


@pytest.fixture
def keys(world: World, acme):
    return {
        "maker": bearer(world.key("tenant_finance", acme, name="maker")),
        "approver": bearer(world.key("tenant_finance", acme, name="approver")),
        "owner": bearer(world.key("cost_centre_owner", acme, cost_centre="A")),
        "admin": bearer(world.key("tenant_admin", acme)),
    }


def ok(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()


def test_two_finance_keys_take_an_invoice_to_statements_that_add_up_to_it(client, db: Database, acme, keys) -> None:
    # 100.00 for A 3, B 1: 70 % by usage, the rest by people 1:1 -> A 52.50 + 15.00, B 17.50 + 15.00.
    # Tax 19.00: A 12.825 -> 12.83 (larger remainder .5 and .5: larger weight), B 6.17.
    invoice = str(issue(db, acme, Billed(10000, counted={"A": 3, "B": 1})))
    maker, approver = keys["maker"], keys["approver"]
    pool = ok(client.post("/v1/cost-pools", headers=maker, json={"invoice_id": invoice}), 201)
    assert (pool["period"], pool["amounts"]["gross"]) == ("2026-10", {"amount": "119.00", "currency": "EUR"})

    rules = ok(client.put("/v1/chargeback/rules", headers=maker, json=RULES))
    assert rules["version"] == 1
    assert rules["rules"][0]["sentence"].startswith("Only lines that count members. Takes 70 %")

    preview = ok(client.post("/v1/chargeback/runs", headers=maker, json={"period": "2026-10", "preview": True}))
    assert (preview["preview"], preview["id"], preview["status"]) == (True, None, "preview")
    run = ok(client.post("/v1/chargeback/runs", headers=maker, json={"period": "2026-10"}), 201)
    assert run["statements"] != []
    at = f"/v1/chargeback/runs/{run['id']}"
    refused = client.post(f"{at}/approve", headers=maker)
    assert (refused.status_code, refused.json()["code"]) == (409, "approver_is_maker")
    ok(client.post(f"{at}/approve", headers=approver))
    done = ok(client.post(f"{at}/post", headers=maker))
    assert done["status"] == "posted"

    page = ok(client.get("/v1/chargeback/statements?period=2026-10", headers=maker))
    assert [(s["cost_centre"], s["net"]["amount"], s["tax"]["amount"]) for s in page["items"]] == [
        ("A", "67.50", "12.83"),
        ("B", "32.50", "6.17"),
    ]
    assert sum(Decimal(s["gross"]["amount"]) for s in page["items"]) == Decimal("119.00")
    detail = ok(client.get(f"/v1/chargeback/statements/{page['items'][0]['id']}", headers=maker))
    (line,) = detail["lines"]
    assert line["parts"][0] == {
        "rule": "usage", "method": "direct", "share": "21/40", "driver": "members.active", "quantity": "3", "total": "4",
    }  # fmt: skip
    (chart,) = ok(client.get(f"{at}/flows", headers=maker))
    assert {node["kind"] for node in chart["nodes"]} == {"line", "rule", "centre"}


def test_the_journal_comes_as_csv_and_for_hledger(client, db: Database, acme, keys) -> None:
    post_october(client, db, acme, keys)

    answer = client.get("/v1/chargeback/journal?period=2026-10&format=csv", headers=keys["maker"])
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sum(Decimal(row["debit"] or 0) for row in rows) == sum(Decimal(row["credit"] or 0) for row in rows) > 0
    plain = client.get("/v1/chargeback/journal?format=hledger", headers=keys["maker"])
    assert "chargeback_clearing  0.00 EUR = 0.00 EUR" in plain.text


def test_the_owner_of_a_cost_centre_sees_their_own_statements_only(client, db: Database, acme, keys) -> None:
    post_october(client, db, acme, keys)
    everything = ok(client.get("/v1/chargeback/statements", headers=keys["maker"]))["items"]
    own, other = (next(s for s in everything if s["cost_centre"] == code) for code in "AB")

    assert [s["id"] for s in ok(client.get("/v1/chargeback/statements", headers=keys["owner"]))["items"]] == [own["id"]]
    assert ok(client.get("/v1/chargeback/statements?cost_centre=B", headers=keys["owner"]))["items"] == []
    ok(client.get(f"/v1/chargeback/statements/{own['id']}", headers=keys["owner"]))
    assert client.get(f"/v1/chargeback/statements/{other['id']}", headers=keys["owner"]).status_code == 404
    for path in ("/v1/cost-pools", "/v1/chargeback/runs", "/v1/chargeback/rules", "/v1/chargeback/journal"):
        assert client.get(path, headers=keys["owner"]).status_code == 403


def test_who_may_not_write_is_told_so(client, acme, keys) -> None:
    for call in (
        client.put("/v1/chargeback/rules", headers=keys["admin"], json=RULES),
        client.post("/v1/chargeback/runs", headers=keys["admin"], json={"period": "2026-10"}),
    ):
        assert (call.status_code, call.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"key": "x", "method": "fixed_share", "params": {"shares": {"A": "0.5", "B": "0.4"}}}, "shares_not_one"),
        ({"key": "x", "method": "fixed_share", "params": {"shares": {"Z": "1"}}}, "cost_centre_unknown"),
        ({"key": "x", "method": "driver", "params": {"meters": {"likes": "1"}}}, "invalid_input"),
        ({"key": "x", "method": "magic"}, "invalid_input"),
        ({"key": "x", "method": "even", "match": {"consumer": ["nobody"]}}, "invalid_input"),
    ],
)
def test_wrong_rules_have_a_code_and_a_place(client, acme, keys, rule, code) -> None:
    answer = client.put("/v1/chargeback/rules", headers=keys["maker"], json={"rules": [rule]})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"].startswith("/rules/0/")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/chargeback/runs", {"period": "2026-13"}, 422, "period_invalid"),
        ("/v1/chargeback/runs", {"period": "2026-10"}, 409, "no_rules"),
        ("/v1/chargeback/runs", {"period": "2026-10", "preview": True}, 409, "no_pool_lines"),
        ("/v1/chargeback/runs", {}, 400, "malformed_request"),
        ("/v1/cost-pools", {"invoice_id": "01900000-0000-7000-8000-000000000000"}, 404, "not_found"),
        ("/v1/chargeback/runs/01900000-0000-7000-8000-000000000000/approve", None, 404, "not_found"),
        ("/v1/chargeback/runs/01900000-0000-7000-8000-000000000000/post", None, 404, "not_found"),
        ("/v1/chargeback/runs/01900000-0000-7000-8000-000000000000/withdraw", {"reason": " "}, 422, "invalid_input"),
    ],
)
def test_bad_requests_are_refused_with_a_code(client, acme, keys, path, body, status, code) -> None:
    answer = client.post(path, headers=keys["maker"], json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def post_october(client, db: Database, acme, keys) -> None:
    invoice = str(issue(db, acme, Billed(10000, counted={"A": 3, "B": 1})))
    ok(client.post("/v1/cost-pools", headers=keys["maker"], json={"invoice_id": invoice}), 201)
    ok(client.put("/v1/chargeback/rules", headers=keys["maker"], json=RULES))
    run = ok(client.post("/v1/chargeback/runs", headers=keys["maker"], json={"period": "2026-10"}), 201)
    ok(client.post(f"/v1/chargeback/runs/{run['id']}/approve", headers=keys["approver"]))
    ok(client.post(f"/v1/chargeback/runs/{run['id']}/post", headers=keys["maker"]))
