"""Alerts on the running bill and on budgets: in which currency, for whom, and what a changed rule keeps."""

from datetime import date
from typing import Any

from core.db import Database
from tests.builders.alerts import ALERTS, EACH_START, Desk
from tests.builders.bill import FEE, Books
from tests.builders.world import bearer


def test_spend_is_the_running_bill_and_other_customers_see_nothing(desk: Desk, db: Database) -> None:
    alert = desk.alert(name="Bill", subject="spend", key="", when="absolute", value="1")
    other = bearer(desk.world.key("tenant_admin", desk.world.tenant("beta")))

    assert desk.watch() == 0  # no contract: nothing is spent
    assert desk.call("GET", f"/{alert}").json()["figure"] == "0"
    for path in (f"/{alert}", f"/{alert}/test"):
        method = "POST" if path.endswith("test") else "GET"
        assert desk.client.request(method, f"{ALERTS}{path}", headers=other).status_code == 404
    assert desk.client.get(f"{ALERTS}/history", headers=other).json()["items"] == []
    assert desk.client.get(ALERTS, headers=other).json()["items"] == []
    reader = bearer(desk.world.key("tenant_auditor", desk.tenant))
    assert desk.client.post(f"{ALERTS}/{alert}/test", headers=reader).status_code == 403


def test_spend_of_another_currency_is_said_and_not_counted_as_nothing(desk: Desk, db: Database) -> None:
    bill = desk.alert(name="Bill", subject="spend", key="", when="absolute", value="1")
    books = Books(db, desk.world)
    books.subscribe(desk.tenant, books.plan("small", FEE), date(2026, 11, 1), currency="USD")
    body = {"name": "B", "subject": "spend", "when": "absolute", "value": "1"}

    assert desk.watch() == 0
    shown = desk.call("GET", f"/{bill}").json()
    refused = [desk.call("POST", path, body) for path in ("", "/preview")]

    assert (shown["figure"], shown["error"][:58]) == (
        None,
        "A contract bills in USD and the customer's currency is EUR",
    )
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "alert_currency_other")] * 2
    assert "`currency`" in refused[0].json()["detail"]


def test_a_budget_in_the_currency_of_a_contract_is_watched_in_it_and_told_in_it(desk: Desk, db: Database) -> None:
    books = Books(db, desk.world)
    books.subscribe(desk.tenant, books.plan("small", EACH_START), date(2026, 11, 1), currency="USD")
    books.subscribe(desk.tenant, books.plan("local", EACH_START), date(2026, 11, 1))
    desk.enrol("2026-11-02", kind="course.launched")
    rule = {"subject": "spend", "key": "", "when": "absolute"}
    dollars = desk.alert(name="Dollars", value="1", currency="USD", **rule)

    assert desk.watch() == 1

    figure = desk.call("GET", f"/{dollars}").json()
    euros = desk.call("POST", "/preview", {"name": "E", "value": "1", "currency": "EUR"} | rule).json()
    assert (figure["figure"], figure["error"], figure["currency"]) == ("2", "", "USD")
    assert euros["figure"] == "2", "each of the two bills the course, and neither what the other bills"
    assert desk.subjects() == ["Dollars: level US$1.00 reached, November 2026"]
    nobodys = desk.call("POST", "", {"name": "K", "value": "1", "currency": "KWD"} | rule)
    assert nobodys.json()["errors"][0]["code"] == "currency_of_no_contract"
    assert "EUR, USD" in nobodys.json()["errors"][0]["detail"]


def test_a_rule_that_is_changed_begins_anew_and_what_it_fired_keeps_what_it_was_about(desk: Desk, db: Database) -> None:
    books = Books(db, desk.world)
    books.subscribe(desk.tenant, books.plan("small", EACH_START), date(2026, 11, 1))
    desk.enrol("2026-11-01", kind="course.launched")
    alert = desk.alert(name="Bill", subject="spend", key="", when="absolute", value="1")
    assert desk.watch() == 1
    narrow = {"name": "narrow", "scopes": ["usage:read", "connect:write"]}
    reader = bearer(desk.client.post("/v1/api-keys", headers=desk.headers, json=narrow).json()["token"])
    body = {"name": "Courses", "subject": "meter", "key": "members.active", "when": "absolute", "value": "3"}

    assert desk.call("PUT", f"/{alert}", body).status_code == 200

    shown = desk.client.get(f"{ALERTS}/{alert}", headers=reader).json()
    assert (shown["figure"], shown["looked_at"]) == (None, None), "what the bill came to is no number of courses"
    assert desk.client.get(f"{ALERTS}/history", headers=reader).json()["items"] == [], "it was told of a bill"
    assert [(one["subject"], one["key"]) for one in desk.history()] == [("spend", "")]
    assert desk.watch() == 0
    desk.enrol("2026-11-02", "2026-11-03", kind="course.launched")
    assert [desk.watch(), desk.watch()] == [1, 0], "in the same month, of something else"
    assert [(one["subject"], one["round"]) for one in desk.history()] == [("meter", 2), ("spend", 1)]
    # A name and who is told are no other watch.
    assert desk.call("PUT", f"/{alert}", body | {"name": "C", "recipients": ["a@acme.example"]}).status_code == 200
    assert desk.watch() == 0
    # A level that it has not told of is.
    assert desk.call("PUT", f"/{alert}", body | {"value": "4"}).status_code == 200
    assert desk.watch() == 0
    desk.enrol("2026-11-04", kind="course.launched")
    assert desk.watch() == 1


def test_the_running_bill_takes_the_permission_for_invoices(desk: Desk) -> None:
    bill = desk.alert(name="Bill", subject="spend", key="", when="absolute", value="1")
    courses = desk.alert()
    body = {"name": "narrow", "scopes": ["usage:read", "connect:write"]}
    key = desk.client.post("/v1/api-keys", headers=desk.headers, json=body).json()["token"]
    spend = {"name": "B", "subject": "spend", "when": "absolute", "value": "1", "recipients": ["me@acme.example"]}

    def status(method: str, path: str = "", data: Any = None) -> int:
        return desk.client.request(method, f"{ALERTS}{path}", headers=bearer(key), json=data).status_code

    assert [one["id"] for one in desk.client.get(ALERTS, headers=bearer(key)).json()["items"]] == [courses]
    assert (status("GET", f"/{courses}"), status("GET", f"/{bill}"), status("POST", f"/{bill}/test")) == (200, 403, 403)
    assert [status("POST", "", spend), status("POST", "/preview", spend), status("PUT", f"/{courses}", spend)] == [
        403
    ] * 3
    assert status("PUT", f"/{bill}", spend | {"subject": "meter", "key": "courses.transactions.net"}) == 403
