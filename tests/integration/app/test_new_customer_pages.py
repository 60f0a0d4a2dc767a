"""A customer is taken on in the browser: its particulars, its first administrator by mail, and what may change."""

import re
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.mails import compose, over
from core.clock import utc_now
from core.db import Database
from core.scope import StewardScope, TenantScope
from tenants.invitations import NO_PASSWORD, UserLink, user_link
from tenants.mails.reads import MailView, mails
from tenants.reads import TenantView, find_account, find_tenant
from tests.builders.world import World, bearer
from tests.integration.app.test_new_plan_pages import Sales, faults, signed_in

FILLED = {
    "name": "Harbour Café", "slug": "", "country": "AT", "time_zone": "Europe/Vienna", "currency": "EUR",
    "legal_entity": "eu", "billing_name": "", "billing_address": "Kai 4\r\n1010 Wien", "tax_id": "ATU12345678",
    "tax_treatment": "reverse_charge", "payment_terms_days": "14", "grace_hours": "72", "parent": "",
    "holidays": "2026-12-26, 2026-12-25", "admin_name": "Ada Wien", "admin_email": " ada@harbour.example ",
}  # fmt: skip


@pytest.fixture
def sales(client: TestClient[Litestar], db: Database, world: World) -> Sales:
    world.entity()
    return signed_in(client, db, world)


def tenant(sales: Sales, slug: str) -> TenantView:
    with sales.db.begin(StewardScope()) as session:
        return find_tenant(session, slug)


def invitation(sales: Sales, slug: str) -> MailView:
    found = tenant(sales, slug)
    with sales.db.begin(TenantScope(found.id)) as session:
        [mail] = mails(session, found.id)
        assert over(session, found.id, mail) == ""
    return mail


def link_of(mail: MailView) -> str:
    letter = compose(mail)
    assert letter is not None
    assert letter.link is not None
    return letter.link[1][letter.link[1].index("/welcome/") :]


def test_a_customer_is_taken_on_and_its_administrator_comes_in_by_the_mail(sales: Sales) -> None:
    assert "/sales/customers/new" in sales.client.get("/sales/customers").text
    assert "Europe/Vienna" in sales.client.get("/sales/customers/new").text

    made = sales.send("/sales/customers", **FILLED)

    assert made.url.path == "/sales/customers/harbour-cafe"
    assert "ada@harbour.example" in made.text
    one = tenant(sales, "harbour-cafe")
    assert (one.name, one.billing_name, one.country, one.tax_treatment) == (
        "Harbour Café", "Harbour Café", "AT", "reverse_charge",
    )  # fmt: skip
    assert one.billing_address == "Kai 4\n1010 Wien"
    assert (one.payment_terms_days, len(one.holidays), one.parent_id) == (14, 2, None)

    link = link_of(invitation(sales, "harbour-cafe"))
    visitor = sales.client
    visitor.cookies.clear()
    shown = visitor.get(link)
    assert "Harbour Café" in shown.text
    assert shown.headers["referrer-policy"] == "no-referrer"
    short = visitor.post(link, data={"password": "short"})
    assert short.status_code == 422
    assert "at least 10 characters" in short.text
    chosen = visitor.post(link, data={"password": "a good long one"})
    assert chosen.url.path == "/admin/harbour-cafe", "signed in at once"
    again = visitor.post(link, data={"password": "somebody else's"})
    assert again.status_code == 409
    assert "used already or ran out" in again.text
    signed = visitor.post("/sign-in", data={"email": "ada@harbour.example", "password": "a good long one"})
    assert signed.status_code == 200


def test_an_invitation_runs_out_and_another_link_opens_nothing(sales: Sales) -> None:
    sales.send("/sales/customers", **FILLED)
    mail = invitation(sales, "harbour-cafe")
    with sales.db.begin(StewardScope()) as session:
        account = find_account(session, "ada@harbour.example")
    assert account is not None
    assert account.role == "tenant_admin"
    late = user_link(UserLink(account.id, utc_now() - timedelta(seconds=1), NO_PASSWORD))

    refused = sales.client.post(late[late.index("/welcome/") :], data={"password": "a good long one"})

    assert refused.status_code == 409
    forged = link_of(mail)[:-6] + "AAAAA="
    assert sales.client.get(forged).status_code == 404


def test_who_has_not_come_in_is_invited_again_and_then_no_more(sales: Sales) -> None:
    sales.send("/sales/customers", **FILLED | {"admin_name": "", "admin_email": ""})
    assert "nobody yet" in sales.client.get("/sales/customers/harbour-cafe").text
    address = "/sales/customers/harbour-cafe/particulars"
    assert 'name="admin_email"' in sales.client.get(address).text

    for _twice in range(2):
        assert "is invited by mail" in sales.send(address, **FILLED).text

    found = tenant(sales, "harbour-cafe")
    with sales.db.begin(TenantScope(found.id)) as session:
        first, second = mails(session, found.id)
    assert first.data["user"] == second.data["user"]
    sales.client.post(link_of(first), data={"password": "a good long one"})
    with sales.db.begin(TenantScope(found.id)) as session:
        assert "used or over" in over(session, found.id, second)
    vendor = {"email": "vendor_sales@vendor.example", "password": "correct horse battery"}
    sales.client.post("/sign-in", data=vendor)
    assert 'name="admin_email"' not in sales.client.get(address).text


def test_faults_stand_at_their_fields_and_nothing_is_made(sales: Sales, world: World) -> None:
    world.tenant("acme")

    empty = sales.send("/sales/customers", tax_treatment="reverse_charge")
    assert empty.status_code == 422
    assert faults(empty.text) == [
        "name", "country", "time_zone", "currency", "legal_entity", "billing_address", "tax_id",
    ]  # fmt: skip
    taken = sales.send("/sales/customers", **FILLED | {"slug": "acme"})
    assert faults(taken.text) == ["slug"]
    known = sales.send("/sales/customers", **FILLED | {"admin_email": "vendor_sales@vendor.example"})
    assert faults(known.text) == ["admin_email"]
    wrong = sales.send("/sales/customers", **FILLED | {"admin_email": "Ada <ada@harbour.example>"})
    assert faults(wrong.text) == ["admin_email"]
    nameless = sales.send("/sales/customers", **FILLED | {"admin_name": ""})
    assert faults(nameless.text) == ["admin_name"]
    odd = sales.send("/sales/customers", **FILLED | {"holidays": "Christmas", "payment_terms_days": "9999"})
    assert faults(odd.text) == ["payment_terms_days", "holidays"]
    for page in (taken, known, wrong, nameless, odd):
        assert 'value="Harbour Café"' in page.text, "what was written stays"
    with sales.db.begin(StewardScope()) as session:
        assert find_account(session, "ada@harbour.example") is None


def test_a_child_is_paid_for_by_its_parent(sales: Sales, world: World) -> None:
    parent = world.tenant("group")

    nobody = sales.send("/sales/customers", **FILLED | {"bill_to_parent": "true"})
    assert faults(nobody.text) == ["bill_to_parent"]
    sales.send("/sales/customers", **FILLED | {"parent": "group", "bill_to_parent": "true"})

    child = tenant(sales, "harbour-cafe")
    assert (child.parent_id, child.payer_id) == (parent.id, parent.id)


def test_particulars_change_in_the_browser_and_by_the_api(sales: Sales, world: World) -> None:
    sales.send("/sales/customers", **FILLED)
    address = "/sales/customers/harbour-cafe/particulars"
    shown = sales.client.get(address).text
    assert "Kai 4" in shown
    assert 'value="ATU12345678"' in shown

    said = {name: FILLED[name] for name in ("tax_treatment", "tax_id", "payment_terms_days", "grace_hours")}
    wrong = sales.send(address, **said, name="Harbour", billing_name="Harbour GmbH", billing_address=" ")
    assert faults(wrong.text) == ["billing_address"]
    done = sales.send(address, **said, name="Harbour", billing_name="Harbour GmbH", billing_address="Kai 5\n1010 Wien")
    assert done.url.path == "/sales/customers/harbour-cafe"

    one = tenant(sales, "harbour-cafe")
    assert (one.name, one.billing_name, one.billing_address, one.holidays) == (
        "Harbour", "Harbour GmbH", "Kai 5\n1010 Wien", frozenset(),
    )  # fmt: skip
    key = bearer(world.key("vendor_admin"))
    patched = sales.client.patch("/v1/tenants/harbour-cafe", headers=key, json={"purchase_order": "PO-7"})
    assert patched.status_code == 200
    assert (patched.json()["purchase_order"], patched.json()["name"]) == ("PO-7", "Harbour")
    refused = sales.client.patch("/v1/tenants/harbour-cafe", headers=key, json={"tax_id": ""})
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/tax_id"]
    trail = sales.client.get("/v1/audit", headers=key).json()["items"]
    changes = [one["detail"] for one in trail if one["action"] == "change_tenant"]
    assert {"purchase_order": {"from": "", "to": "PO-7"}} in changes


def test_the_api_invites_the_administrator_with_the_customer_or_makes_neither(sales: Sales, world: World) -> None:
    body = {
        "slug": "byapi", "name": "By API", "legal_entity": "eu", "time_zone": "Europe/Berlin", "currency": "EUR",
        "country": "DE", "billing_name": "By API GmbH", "billing_address": "Weg 1\n10115 Berlin",
        "admin": {"email": "nobody", "name": "Ada"},
    }  # fmt: skip
    key = bearer(world.key("vendor_admin"))

    refused = sales.client.post("/v1/tenants", headers=key, json=body)

    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/admin/email"]
    assert sales.client.get("/v1/tenants/byapi", headers=key).status_code == 404
    made = sales.client.post("/v1/tenants", headers=key, json=body | {"admin": {"email": "a@b.example", "name": "Ada"}})
    assert made.status_code == 201, made.text
    assert invitation(sales, "byapi").to == "a@b.example"


def test_only_who_may_take_customers_on_sees_and_does_it(
    client: TestClient[Litestar], db: Database, world: World
) -> None:
    world.entity()
    world.tenant()
    finance = signed_in(client, db, world, "vendor_finance")

    assert "/sales/customers/new" not in finance.client.get("/sales/customers").text
    for path in ("/sales/customers/new", "/sales/customers/acme/particulars"):
        assert finance.client.get(path).status_code == 403
    for path in ("/sales/customers", "/sales/customers/acme/particulars"):
        assert finance.send(path, **FILLED).status_code == 403
    assert not re.search("harbour", finance.client.get("/sales/customers").text)
