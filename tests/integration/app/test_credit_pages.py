"""The pages of prepaid credits: what can be used, until when, and the ledger of a block."""

import re
from datetime import UTC, date, datetime

from litestar import Litestar
from litestar.testing import TestClient

from billing.reads import grants_page
from core.db import Database
from tests.builders.bill import ACTIVE, Books
from tests.builders.credits import BOUGHT, NOVEMBER, buy, euros, grant
from tests.builders.world import World


def sign_in(client: TestClient[Litestar], email: str) -> None:
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": email, "password": "correct horse battery", "next": ""})


def test_a_customer_sees_what_is_left_and_each_movement_with_its_bill(
    client: TestClient[Litestar], db: Database, world: World
) -> None:
    books, acme = Books(db, world, BOUGHT), world.tenant()
    books.plan("small", ACTIVE)
    world.key("tenant_admin", acme)
    world.key("vendor_sales")
    sign_in(client, "tenant_admin@acme.example")
    assert "No prepaid credits" in client.get("/admin/acme/credits").text

    # 10.00 granted until long from now; October's three people are 12.60, of which they pay 10.00, and 5.00 are left.
    buy(books, acme, "15.00", price=euros("0.00"), reason="a sorry", expires_on=date(2036, 1, 1))
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cid"), now=NOVEMBER)
    books.run(datetime(2026, 11, 4, 9, tzinfo=UTC))
    page = client.get("/admin/acme/credits").text
    assert page.count("€2.40") == 2, "what can be used, and what is left of the block"
    assert "before 1 Jan 2036" in page

    [href] = re.findall(r'href="(/admin/acme/credits/[0-9a-f-]+)"', page)
    ledger = client.get(href).text
    for text in ("Paid a bill", "Brought", "+€15.00", "a sorry", books.invoices(acme)[-1].number):
        assert str(text) in ledger

    sign_in(client, "vendor_sales@vendor.example")
    assert "/admin/acme/credits" in client.get("/sales/customers/acme").text
    assert client.get(href).status_code == 200
    assert client.get(f"/admin/acme/credits/{acme.id}").status_code == 404


def token_of(client: TestClient[Litestar]) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/admin/acme/credits").text)
    assert found
    return found[1]


def carried(page: str) -> dict[str, str]:
    confirm = page[page.index('id="preview"') :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', confirm))


def faults(page: str) -> list[str]:
    return re.findall(r'class="error" id="f?([\w-]+)-fault"', page)


def test_credits_are_granted_as_previewed_once_and_taken_back(
    client: TestClient[Litestar], db: Database, world: World
) -> None:
    books, acme = Books(db, world, BOUGHT), world.tenant()
    books.plan("small", ACTIVE)
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    world.key("vendor_finance")
    sign_in(client, "vendor_finance@vendor.example")
    csrf = {"csrf_token": token_of(client)}
    assert "/admin/acme/credits/new" in client.get("/admin/acme/credits").text
    assert 'name="has:charges:active"' in client.get("/admin/acme/credits/new").text
    said = {
        "name": "Goodwill", "amount": "25.50", "currency": "EUR", "how": "granted", "reason": "a bad week",
        "priority": "5", "last_day": "2036-01-31", "rollover_months": "3", "rollover_percent": "50",
        "set:charges": "1", "has:charges:active": "true", "set:meters": "1",
    }  # fmt: skip

    shown = client.post("/admin/acme/credits/preview", data=csrf | said)
    assert shown.status_code == 200, faults(shown.text)
    for text in ("There is no invoice", "€25.50", "before 1 Feb 2036", "at most 50 % of the block", "Active members"):
        assert text in shown.text
    assert books.act(acme, grants_page, acme.id, None, 10) == (), "a preview writes nothing"
    request = csrf | carried(shown.text)
    granted = client.post("/admin/acme/credits", data=request)
    assert "The credits are there" in granted.text
    again = client.post("/admin/acme/credits", data=request)
    assert again.status_code == 409
    assert "Other credits came in the meantime" in again.text
    held = grant(books, acme)
    assert len(books.act(acme, grants_page, acme.id, None, 10)) == 1
    assert (held.remaining, held.priority, held.charges, held.rollover_months) == (euros("25.50"), 5, ("active",), 3)
    assert held.reason == "a bad week"

    block = f"/admin/acme/credits/{held.id}"
    assert "Take back what is left" in client.get(block).text
    unsure = client.post(f"{block}/leave", data=csrf | {"act": "withdraw", "reason": "agreed", "word": "no"})
    assert unsure.status_code == 422
    why = client.post(f"{block}/leave", data=csrf | {"act": "withdraw", "word": "withdraw"})
    assert "Say why" in why.text
    done = client.post(f"{block}/leave", data=csrf | {"act": "withdraw", "reason": "agreed", "word": "withdraw"})
    assert "What was left is taken back" in done.text
    assert "Taken back" in done.text
    assert grant(books, acme).remaining == euros("0.00")


def test_credits_are_sold_with_an_invoice_and_given_back_by_a_credit_note(
    client: TestClient[Litestar], db: Database, world: World
) -> None:
    books, acme = Books(db, world, BOUGHT), world.tenant()
    world.key("vendor_finance")
    sign_in(client, "vendor_finance@vendor.example")
    csrf = {"csrf_token": token_of(client)}
    said = {"name": "Winter", "amount": "1000", "currency": "EUR", "how": "price", "price": "900", "refundable": "true"}

    shown = client.post("/admin/acme/credits/preview", data=csrf | said)
    # 900.00 and 19 % of it.
    assert "€1,071.00" in shown.text
    assert "€900.00 and €171.00 tax" in shown.text
    client.post("/admin/acme/credits", data=csrf | carried(shown.text))
    assert [one.gross for one in books.invoices(acme)] == [euros("1071.00")]

    block = f"/admin/acme/credits/{grant(books, acme).id}"
    assert "A credit note over €900.00 before tax" in client.get(block).text
    done = client.post(f"{block}/leave", data=csrf | {"act": "refund", "reason": "they leave", "word": "refund"})
    assert "the credit note stands among the bills" in done.text
    assert [one.gross for one in books.invoices(acme)] == [euros("1071.00"), euros("1071.00")]
    assert books.invoices(acme)[-1].kind == "credit_note"


def test_faults_of_credits_stand_at_their_fields_and_only_finance_sells(
    client: TestClient[Litestar], world: World
) -> None:
    world.tenant()
    world.key("vendor_finance")
    world.key("vendor_sales")
    sign_in(client, "vendor_finance@vendor.example")
    csrf = {"csrf_token": token_of(client)}

    def wrong(**said: str) -> list[str]:
        return faults(
            client.post("/admin/acme/credits/preview", data=csrf | {"currency": "EUR", "how": "sold"} | said).text
        )

    assert wrong() == ["amount"]
    assert wrong(amount="10") == ["name"]
    assert wrong(name="A", amount="1.234") == ["amount"]
    assert wrong(name="A", amount="10", how="granted") == ["reason"]
    assert wrong(name="A", amount="10", how="price") == ["price"]
    assert wrong(name="A", amount="10", last_day="2020-01-01") == ["last_day"]
    assert wrong(name="A", amount="10", rollover_months="3") == ["rollover_months"]
    assert wrong(name="A", amount="10", priority="5000", starts_on="soon") == ["starts_on", "priority"]
    assert wrong(name="A", amount="10", how="granted", reason="x", refundable="true") == ["refundable"]

    sign_in(client, "vendor_sales@vendor.example")
    csrf = {"csrf_token": token_of(client)}
    assert "/credits/new" not in client.get("/admin/acme/credits").text
    assert client.get("/admin/acme/credits/new").status_code == 403
    for path in ("/admin/acme/credits", "/admin/acme/credits/preview"):
        assert client.post(path, data=csrf | {"name": "A"}).status_code == 403
