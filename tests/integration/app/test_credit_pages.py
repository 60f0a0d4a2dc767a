"""The pages of prepaid credits: what can be used, until when, and the ledger of a block."""

import re
from datetime import UTC, date, datetime

from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from tests.builders.bill import ACTIVE, Books
from tests.builders.credits import BOUGHT, NOVEMBER, buy, euros
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
