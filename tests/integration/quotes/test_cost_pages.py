"""The pages of costs: a sheet written charge by charge, saved, dropped; what is left is asked from revenue."""

import html
import re
from datetime import date
from decimal import Decimal

from billing.answers.tasks import answer_questions
from billing.costs.actions.set_costs import set_costs
from billing.costs.reads import cost_sheets
from core.scope import StewardScope
from plans.documents import parse_document
from tests.builders.world import bearer
from tests.integration.quotes.test_limit_pages import sign_in

PAGE = "/sales/costs"
DOCUMENT = {
    "charges": [
        {"key": "hosting", "name": "Hosting", "model": "per_unit", "meter": "members.active",
         "prices": {"EUR": {"unit": "0.40"}}},
    ]
}  # fmt: skip


def kept(page: str) -> str:
    found = re.search(r'name="document" value="([^"]*)"', page)
    assert found
    return html.unescape(found[1])


def test_a_sheet_is_written_charge_by_charge_and_saved(client, world, db):
    world.tenant()
    token = sign_in(client, world, "vendor_finance")
    first = client.get(PAGE).text
    assert "No costs are known yet" in first

    added = client.post(
        PAGE, data={"csrf_token": token, "document": kept(first), "valid_from": "2026-01-01", "act": "add:/charges"}
    )
    said = {
        "csrf_token": token, "document": kept(added.text), "valid_from": "2026-01-01", "act": "save",
        "/charges/0/name": "Hosting", "/charges/0/key": "hosting", "/charges/0/model": "per_unit",
        "/charges/0/meter": "members.active",
    }  # fmt: skip
    lacking = client.post(PAGE, data=said)
    assert lacking.status_code == 422
    assert 'class="error"' in lacking.text or 'class="fault"' in lacking.text
    saved = client.post(PAGE, data=said | {"/charges/0/prices/EUR/unit": "0.40"})

    assert saved.status_code == 200
    with db.begin(StewardScope()) as steward:
        [sheet] = cost_sheets(steward)
    assert sheet.valid_from == date(2026, 1, 1)
    assert sheet.document.charges[0].prices["EUR"].unit == Decimal("0.40")
    assert 'value="0.4' in client.get(f"{PAGE}?on=2026-01-01").text

    refused = client.post(f"{PAGE}/drop", data={"csrf_token": token, "valid_from": "2026-01-01", "word": "no"})
    assert refused.status_code >= 400
    client.post(f"{PAGE}/drop", data={"csrf_token": token, "valid_from": "2026-01-01", "word": "drop"})
    assert "No costs are known yet" in client.get(PAGE).text


def test_a_day_that_is_none_is_told_at_its_field(client, world):
    world.tenant()
    token = sign_in(client, world, "vendor_finance")

    answer = client.post(
        PAGE, data={"csrf_token": token, "document": '{"charges": []}', "valid_from": "soon", "act": "save"}
    )

    assert answer.status_code == 422
    assert "Write a date as 2026-01-31." in answer.text


def test_costs_are_for_those_who_approve_and_no_customer_sees_what_they_come_to(client, world, books, acme):
    finance, sales, admin = (world.key(role) for role in ("vendor_finance", "vendor_sales", "vendor_admin"))
    put = client.put("/v1/costs/2026-01-01", json={"document": DOCUMENT}, headers=bearer(finance))
    assert put.status_code == 200
    assert client.put("/v1/costs/2026-01-01", json={"document": DOCUMENT}, headers=bearer(sales)).status_code == 403
    assert client.get("/v1/costs", headers=bearer(sales)).status_code == 403
    assert [one["valid_from"] for one in client.get("/v1/costs", headers=bearer(admin)).json()["items"]] == [
        "2026-01-01"
    ]
    bad = {"document": DOCUMENT | {"features": {"courses": {}}}}
    refused = client.put("/v1/costs/2026-02-01", json=bad, headers=bearer(finance))
    assert (refused.status_code, refused.json()["code"]) == (422, "plan_invalid")
    assert refused.json()["errors"][0]["code"] == "costs_are_charges"

    terms = {"plan": "small", "starts_on": "2027-01-01"}
    to = bearer(sales) | {"Tbk-Tenant": acme.slug}
    made = client.post("/v1/quotes", json={"terms": terms, "valid_until": "2999-01-01", "key": "q"}, headers=to).json()
    assert {"cost", "term_cost", "margin_percent"} <= made.keys()
    assert made["cost"]["currency"] == "EUR"
    customer = client.get("/v1/quotes", headers=bearer(world.key("tenant_admin", acme))).json()["items"]
    assert [(one["key"], one["cost"], one["margin_percent"]) for one in customer] == [("q", None, None)]
    assert client.delete("/v1/costs/2026-01-01", headers=bearer(finance)).status_code == 204
    assert client.get("/v1/costs/2026-01-01", headers=bearer(finance)).status_code == 404


def test_what_is_left_is_asked_from_the_page_of_revenue(client, world, books, acme, db):
    with db.begin(StewardScope()) as steward:
        set_costs(steward, date(2025, 1, 1), parse_document(DOCUMENT), "user:controller", books.now)
    books.subscribe(acme, starts_on=date(2026, 4, 1))
    books.run()
    token = sign_in(client, world, "vendor_finance")
    assert "What is left after costs" in client.get("/sales/revenue").text

    waiting = client.post("/sales/revenue/margins", data={"csrf_token": token, "first": "2026-04", "last": "2026-05"})
    assert "Progress" in waiting.text
    answer_questions(db)
    done = client.get(waiting.url.path).text

    # April: 100.00 and 2 × 4.20, May 100.00; it cost 2 × 0.40.
    assert "208.40" in done
    assert "0.80" in done
    assert "99.62" in done
