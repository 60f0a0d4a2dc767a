"""Runs, documents, credits and the ledger by HTTP."""

import hashlib
import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from billing.documents.content import document_content
from billing.documents.render import render_pdf
from billing.documents.words import Words
from core.scope import VENDOR_ID, TenantScope
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.bill import ACTIVE, FEE, Books
from tests.builders.world import ACTOR, bearer

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def books(db, world):
    books = Books(db, world, NOW)
    books.plan("small", FEE, ACTIVE)
    return books


@pytest.fixture
def acme(books, world):
    # A sandbox: its time is November 2026 whenever the test runs.
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        clock = create_test_clock(session, "november", NOW, ACTOR, NOW)
    acme = world.tenant(test_clock_id=clock)
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cid"))
    return acme


@pytest.fixture
def finance(world):
    return bearer(world.key("vendor_finance"))


def run(client, finance, **body):
    wanted = {"period": "2026-10", "skip_grace": True, "reason": "month end"} | body
    answer = client.post("/v1/invoice-runs", json=wanted, headers=finance)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_month_is_run_and_its_documents_are_shown(client, finance, acme, world):
    made = run(client, finance)

    assert (made["status"], made["failures"], made["busy"]) == ("done", [], [])
    opening, october = made["invoices"]
    # 3 × 4.20 + 100.00 = 112.60, 19 % = 21.39, 133.99.
    assert october["gross"] == {"amount": "133.99", "currency": "EUR"}
    assert client.get(f"/v1/invoice-runs/{made['id']}", headers=finance).json() == made
    assert client.get("/v1/invoice-runs", headers=finance).json() == {"items": [made], "next_cursor": None}
    own = bearer(world.key("tenant_finance", acme))
    shown = client.get(f"/v1/invoices/{october['id']}", headers=own).json()
    assert [(line["charge_key"], line["quantity"], line["amount"]["amount"]) for line in shown["lines"]] == [
        ("active", "3", "12.60"),
        ("fee", "1", "100.00"),
    ]
    assert shown["lines"][0]["period"] == {
        "starts_at": "2026-09-30T22:00:00Z",
        "ends_at": "2026-10-31T23:00:00Z",
        "first_day": "2026-10-01",
        "last_day": "2026-10-31",
    }
    assert client.get(f"/v1/invoices/{october['id']}", headers=finance).json() == shown
    listed = client.get("/v1/invoices", headers=own).json()
    assert [item["id"] for item in listed["items"]] == [october["id"], opening["id"]]
    assert client.get("/v1/invoices", headers=finance).json() == listed
    page = client.get("/v1/invoices?limit=1", headers=own).json()
    assert page["next_cursor"] == october["id"]
    assert client.get(f"/v1/invoices?limit=1&cursor={page['next_cursor']}", headers=own).json()["items"] == [opening]


def test_the_pdf_and_the_evidence_are_given_with_the_hash_on_the_document(client, finance, acme, world):
    october = run(client, finance)["invoices"][1]
    own = bearer(world.key("tenant_admin", acme))

    pdf = client.get(f"/v1/invoices/{october['id']}.pdf", headers=own)
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert client.get(f"/v1/invoices/{october['id']}/pdf", headers=finance).content == pdf.content
    evidence = client.get(f"/v1/invoices/{october['id']}/evidence", headers=own)
    shown = client.get(f"/v1/invoices/{october['id']}", headers=own).json()
    assert hashlib.sha256(evidence.content).hexdigest() == shown["evidence"]["sha256"]
    assert len(evidence.content.splitlines()) == shown["evidence"]["count"] == 3
    assert all(json.loads(line)["counted"] for line in evidence.content.splitlines())


def test_what_was_issued_stays_byte_for_byte_when_somebody_on_it_is_erased(client, finance, books, acme, world):
    october = run(client, finance)["invoices"][1]
    own = bearer(world.key("tenant_admin", acme))

    def issued():
        shown = [client.get(f"/v1/invoices/{october['id']}{part}", headers=own) for part in ("", ".pdf", "/evidence")]
        assert [answer.status_code for answer in shown] == [200] * 3
        return [answer.content for answer in shown]

    before = issued()
    assert client.post("/v1/people/ann/erase", json={}, headers=own).status_code == 200
    assert client.get("/v1/people/ann", headers=own).json()["code"] == "person_unknown"

    assert issued() == before
    invoice, pdf, evidence = before
    assert json.loads(invoice)["evidence"]["sha256"] == hashlib.sha256(evidence).hexdigest()
    # Not only what was kept of it: made anew it would be the same.
    assert render_pdf(document_content(books.invoice(acme, UUID(october["id"])), Words())) == pdf


def test_a_paying_parent_sees_how_much_its_children_used_and_not_who(client, finance, books, acme, world):
    child = world.tenant("child", parent_id=acme.id, bill_to_parent=True, test_clock_id=acme.test_clock_id)
    books.subscribe(child, starts_on=date(2026, 10, 1))
    books.send(child, *books.active("2026-10-05", "zoe"))
    october = run(client, finance)["invoices"][-1]
    own, childs = bearer(world.key("tenant_admin", acme)), bearer(world.key("tenant_admin", child))

    files = [
        json.loads(line)
        for line in client.get(f"/v1/invoices/{october['id']}/evidence", headers=own).content.splitlines()
    ]
    assert {(file["tenant_id"], file["count"]) for file in files} == {(str(acme.id), 3), (str(child.id), 1)}
    assert client.get("/v1/invoices", headers=childs).json()["items"] == []
    assert client.get(f"/v1/invoices/{october['id']}", headers=childs).status_code == 404


def test_drafts_are_refreshed_and_issued_and_documents_voided_and_credited(client, finance, books, acme):
    opening, october = run(client, finance, finalise=False)["invoices"]
    assert (october["status"], october["number"]) == ("draft", None)
    named = finance | {"Tbk-Tenant": "acme"}
    books.send(acme, *books.active("2026-10-06", "dora"))

    refreshed = client.post(f"/v1/invoices/{october['id']}/refresh", headers=named).json()
    assert refreshed["lines"][0]["quantity"] == "4"
    issued = client.post(f"/v1/invoices/{october['id']}/finalise", headers=named)
    assert (issued.status_code, issued.json()["number"][-11:]) == (200, "2026-000001")
    again = client.post(f"/v1/invoices/{october['id']}/finalise", headers=named)
    assert (again.status_code, again.json()["code"]) == (409, "invoice_already_finalised")

    lines = [{"position": 1, "amount": {"amount": "6.80", "currency": "EUR"}}]
    note = client.post(
        f"/v1/invoices/{october['id']}/credit-notes", json={"reason": "goodwill", "lines": lines}, headers=named
    )
    # 6.80 at 19 %: tax on 116.80 is 22.192 → 22.19, on 110.00 20.90: 1.29 back.
    assert (note.status_code, note.json()["kind"], note.json()["tax"]["amount"]) == (201, "credit_note", "1.29")
    beyond = client.post(
        f"/v1/invoices/{october['id']}/credit-notes",
        json={"reason": "x", "lines": [lines[0] | {"amount": {"amount": "16.81", "currency": "EUR"}}]},
        headers=named,
    )
    assert (beyond.status_code, beyond.json()["code"]) == (409, "credit_exceeds_invoice")
    digits = client.post(
        f"/v1/invoices/{october['id']}/credit-notes",
        json={"reason": "x", "lines": [lines[0] | {"amount": {"amount": "1.001", "currency": "EUR"}}]},
        headers=named,
    )
    assert (digits.status_code, digits.json()["errors"][0]["code"]) == (422, "amount_digits")

    client.post(f"/v1/invoices/{opening['id']}/finalise", headers=named)
    void = client.post(f"/v1/invoices/{opening['id']}/void", json={"reason": "wrong"}, headers=named).json()
    assert (void["status"], void["status_reason"]) == ("void", "wrong")


def test_the_trial_balance_is_zero_and_its_transfers_are_listed(client, finance, acme, world):
    run(client, finance)

    balance = client.get("/v1/ledger/trial-balance", headers=finance).json()
    assert balance["sums"] == [{"amount": "0.00", "currency": "EUR"}]
    accounts = {row["account"]: row["balance"]["amount"] for row in balance["accounts"]}
    # Opening 119.00 + October's 133.99; October's advance is earned, November's 100.00 not yet.
    assert accounts == {"receivable": "252.99", "revenue": "-112.60", "deferred_revenue": "-100.00", "tax": "-40.39"}
    transfers = client.get("/v1/ledger/transfers", headers=finance).json()["items"]
    assert sorted(item["kind"] for item in transfers) == [
        "net",
        "net_in_advance",
        "net_in_advance",
        "recognise",
        "tax",
        "tax",
    ]
    assert client.get("/v1/ledger/trial-balance", headers=bearer(world.key("tenant_finance", acme))).status_code == 403


def test_who_may_not_run_or_change_documents_is_refused(client, finance, acme, world):
    october = run(client, finance)["invoices"][1]
    own = bearer(world.key("tenant_finance", acme))
    stranger = bearer(world.key("tenant_admin", world.tenant("other")))

    assert client.post("/v1/invoice-runs", json={}, headers=own).status_code == 403
    for path, body in (
        ("finalise", None),
        ("refresh", None),
        ("void", {"reason": "x"}),
        ("credit-notes", {"reason": "x"}),
    ):
        assert client.post(f"/v1/invoices/{october['id']}/{path}", json=body, headers=own).status_code == 403
    for path in ("", ".pdf", "/pdf", "/evidence"):
        assert client.get(f"/v1/invoices/{october['id']}{path}", headers=stranger).status_code == 404
    assert client.get("/v1/invoices/nonsense", headers=own).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"skip_grace": True}, 422, "run_needs_reason"),
        ({"period": "2026-13"}, 422, "period_invalid"),
        ({"period": "2999-01"}, 409, "period_not_ended"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(client, finance, acme, body, status, code):
    answer = client.post("/v1/invoice-runs", json=body, headers=finance)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_same_run_again_with_its_key_gives_the_first_answer(client, finance, acme):
    body = {"period": "2026-10", "skip_grace": True, "reason": "month end"}
    keyed = finance | {"Idempotency-Key": "october"}

    first = client.post("/v1/invoice-runs", json=body, headers=keyed)
    assert client.post("/v1/invoice-runs", json=body, headers=keyed).json() == first.json()
    assert len(first.json()["invoices"]) == 2


def test_rates_are_added_once_per_day(client, finance):
    rate = {"currency": "CHF", "base_currency": "EUR", "valid_from": "2026-11-01", "rate": "1.07", "source": "ECB"}

    assert client.post("/v1/exchange-rates", json=rate, headers=finance).status_code == 201
    assert (
        client.post("/v1/exchange-rates", json=rate | {"rate": "0"}, headers=finance).json()["errors"][0]["code"]
        == "rate_invalid"
    )
    assert (
        client.post("/v1/exchange-rates", json=rate | {"currency": "XQX"}, headers=finance).json()["code"]
        == "currency_unknown"
    )
    tax = {"country": "JP", "valid_from": "2019-10-01", "percent": "10", "source": "National Tax Agency"}
    assert client.post("/v1/tax-rates", json=tax, headers=finance).status_code == 201


def test_credits_are_previewed_bought_listed_printed_and_given_back(client, finance, acme, world):
    there = finance | {"Tbk-Tenant": "acme"}
    own = bearer(world.key("tenant_finance", acme))
    wanted = {"name": "Credits", "amount": {"amount": "20.00", "currency": "EUR"}, "refundable": True}
    # It pays October too, which was used before it was bought, but no fees.
    wanted |= {"starts_on": "2026-10-01", "charges": ["active"]}

    shown = client.post("/v1/credits", json=wanted | {"preview": True}, headers=there)
    bought = client.post("/v1/credits", json=wanted, headers=there)
    assert (shown.status_code, bought.status_code) == (200, 201)
    assert [shown.json()[part] for part in ("net", "tax", "gross")] == [
        bought.json()[p] for p in ("net", "tax", "gross")
    ]
    october = run(client, finance)["invoices"][-1]

    # 3 × 4.20 = 12.60 are paid, the fee of 100.00 is left: 119.00 with tax, and 7.40 of the credits.
    assert october["gross"]["amount"] == "119.00"
    line = next(ln for ln in client.get(f"/v1/invoices/{october['id']}", headers=own).json()["lines"] if ln["grant_id"])
    assert (line["kind"], line["amount"]["amount"], line["grant_id"]) == (
        "prepaid",
        "-12.60",
        bought.json()["credits"]["id"],
    )
    for invoice_id in (bought.json()["invoice_id"], october["id"]):
        printed = client.get(f"/v1/invoices/{invoice_id}.pdf", headers=own)
        assert printed.content.startswith(b"%PDF-1.7")

    page = client.get("/v1/credits", headers=own).json()
    [block] = page["items"]
    assert (block["remaining"]["amount"], page["balances"]) == ("7.40", [{"amount": "7.40", "currency": "EUR"}])
    moved = client.get(f"/v1/credits/{block['id']}/movements", headers=own).json()["items"]
    assert [item["kind"] for item in moved] == ["drawn", "granted"]
    refunds = f"/v1/credits/{block['id']}/refund"
    asked = client.post(refunds, json={"reason": "please", "preview": True}, headers=there).json()
    given = client.post(refunds, json={"reason": "please"}, headers=there).json()
    assert (asked["net"]["amount"], asked["invoice_id"], given["credits"]["remaining"]["amount"]) == (
        "7.40",
        None,
        "0.00",
    )
    note = client.get(f"/v1/invoices/{given['invoice_id']}", headers=own).json()
    assert (note["kind"], note["gross"]["amount"]) == ("credit_note", "8.81")
    refused = client.post(refunds, json={"reason": "again"}, headers=there)
    assert (refused.status_code, refused.json()["code"]) == (409, "credits_not_refundable")
    assert client.post("/v1/credits", json=wanted, headers=own).status_code == 403
    bad = client.post("/v1/credits", json=wanted | {"amount": {"amount": "1.005", "currency": "EUR"}}, headers=there)
    assert bad.json()["errors"][0]["pointer"] == "/amount"
