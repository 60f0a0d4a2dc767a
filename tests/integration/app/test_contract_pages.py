"""Contracts in the browser: previewed, then done exactly as previewed, or refused in plain words at the field."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from time import sleep
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.pages.formats import day
from core.clock import utc_now
from core.db import Database
from core.periods import add_months
from core.scope import StewardScope, TenantScope
from plans.actions.create_coupon import CouponInput, create_coupon
from plans.actions.subscribe import SubscribeInput, subscribe
from plans.charges import Charge
from plans.reads import SubscriptionView, subscriptions
from plans.terms import Discount
from tenants.reads import TenantView
from tests.builders.bill import FEE, Books, price
from tests.builders.locks import waiting_for_a_lock
from tests.builders.world import ACTOR, LONG_AGO, World

CHEAP = Charge(key="fee", name="Basic fee", model="flat", prices=price(amount=Decimal(10)))
PACK = Charge(key="pack", name="Support pack", model="flat", prices=price(amount=Decimal(7)))
NEW = "/sales/customers/acme/contracts"


@dataclass
class Sales:
    """A seller at the browser, without JavaScript."""

    client: TestClient[Litestar]
    db: Database
    tenant: TenantView
    token: str
    books: Books

    def held(self) -> tuple[SubscriptionView, ...]:
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            return subscriptions(session, self.tenant.id, utc_now())

    def post(self, address: str, said: dict[str, str]) -> Any:
        return self.client.post(address, data={"csrf_token": self.token, **said}, follow_redirects=False)

    def address(self, act: str) -> str:
        return f"{NEW}/{self.held()[-1].id}/{act}"

    def previewed(self, address: str, **said: str) -> dict[str, str]:
        """Return the request that the preview carries to its confirmation."""
        page = self.post(f"{address}/preview", said)
        assert page.status_code == 200, faults(page.text)
        return carried(page.text)

    def do(self, address: str, **said: str) -> Any:
        """Preview and confirm."""
        return self.post(address, self.previewed(address, **said))


def carried(page: str) -> dict[str, str]:
    confirm = page[page.index('id="preview"') :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', confirm))


def faults(page: str) -> list[str]:
    return re.findall(r'class="error" id="f([\w-]+)-fault"', page)


@pytest.fixture
def sales(client: TestClient[Litestar], db: Database, world: World) -> Sales:
    books, tenant = Books(db, world), world.tenant()
    books.plan("small", FEE)
    books.plan("cheap", CHEAP)
    books.plan("pack", PACK, kind="addon")
    world.key("vendor_sales")
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "vendor_sales@vendor.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sales/customers").text)
    assert token
    return Sales(client, db, tenant, token[1], books)


def begun(sales: Sales, **said: str) -> SubscriptionView:
    first = utc_now().date().replace(day=1).isoformat()
    told = {"plan": "small@1", "currency": "EUR", "quantity": "1", "starts_on": first} | said
    assert sales.do(NEW, **told).status_code == 303
    return sales.held()[-1]


def test_a_contract_is_begun_as_it_was_previewed_and_sent_twice_it_is_one(sales: Sales) -> None:
    assert f"{NEW}/new" in sales.client.get("/sales/customers/acme").text
    assert "small, version 1" in sales.client.get(f"{NEW}/new").text
    first = add_months(utc_now().date().replace(day=1), 1)
    said = {
        "plan": "small@1", "currency": "EUR", "quantity": "2", "starts_on": first.isoformat(), "addon:pack": "3",
        "last_day": add_months(first, 12).replace(day=1).isoformat(), "renews_months": "12", "notice_days": "30",
        "phase1_on": add_months(first, 3).isoformat(), "phase1_plan": "cheap@1",
    }  # fmt: skip

    page = sales.post(f"{NEW}/preview", said)
    request = carried(page.text)

    assert "small, version 1 × 2 from" in page.text
    # Two fees of 100.00 in advance; three packs of 7.00 in arrears, in each of the two periods.
    assert page.text.count("€200.00") >= 2
    assert page.text.count("€21.00") >= 2
    assert sales.held() == (), "a preview writes nothing"
    assert sales.post(NEW, request).status_code == sales.post(NEW, request).status_code == 303
    [held] = sales.held()
    assert (held.plan_key, held.base.quantity, held.renews_months, held.notice_days) == ("small", 2, 12, 30)
    assert [(one.plan_key, one.quantity) for one in held.holdings] == [("small", 2), ("cheap", 2), ("pack", 3)]
    assert held.ends_at is not None


def test_plan_quantity_and_add_ons_are_changed_at_once_or_with_the_period(sales: Sales) -> None:
    begun(sales)

    page = sales.post(f"{sales.address('change')}/preview", {"plan": "cheap@1", "when": "at_period_end"})
    assert "small, version 1 becomes cheap, version 1" in page.text
    # Of the running period nothing more is due; the next costs 10.00 in place of 100.00.
    assert "€0.00 if nothing is done" in page.text
    assert "€100.00 if nothing is done" in page.text
    assert page.text.count("€10.00") >= 2
    assert sales.do(sales.address("change"), quantity="1", when="prorate_now", **{"addon:pack": "2"}).status_code == 303
    [held] = sales.held()
    assert [(one.slot, one.quantity) for one in held.addon_holdings] == [("pack", 2)]

    ends = {"plan": "cheap@1", "quantity": "4", "when": "at_period_end", "addon:pack": ""}
    assert sales.do(sales.address("change"), **ends).status_code == 303
    [held] = sales.held()
    assert held.plan_key == "small"
    later = held.at(held.edges()[-1])
    assert (later.plan_key, later.base.quantity, later.addon_holdings) == ("cheap", 4, ())

    # What is agreed on for later can be taken back.
    [at] = re.findall(r'<option value="([^"]+T[^"]+)"', sales.client.get(sales.address("withdraw")).text)
    assert sales.do(sales.address("withdraw"), at=at).status_code == 303
    assert sales.held()[0].at(later.as_of).plan_key == "small"


def test_it_is_paused_resumed_renewed_and_ended(sales: Sales) -> None:
    last = add_months(utc_now().date().replace(day=1), 6)
    begun(sales, last_day=last.isoformat())

    assert sales.do(sales.address("pause"), when="prorate_now").status_code == 303
    assert sales.held()[0].base.mode == "paused"
    assert sales.do(sales.address("resume"), when="prorate_now").status_code == 303
    assert sales.held()[0].base.mode == "regular"

    assert sales.do(sales.address("renew"), last_day="").status_code == 303
    assert sales.held()[0].ends_at is None
    unfit = sales.client.get(sales.address("renew"))
    assert "does not fit the contract as it stands" in unfit.text, "without an end there is nothing to renew"
    assert unfit.url.path == "/sales/customers/acme"

    request = sales.previewed(sales.address("cancel"), when="at_period_end", reason="moved away")
    unsure = sales.post(sales.address("cancel"), request)
    assert unsure.status_code == 422
    assert "Type the word" in unsure.text
    assert sales.post(sales.address("cancel"), request | {"word": "end"}).status_code == 303
    assert sales.held()[0].status == "ending"


def test_what_was_changed_since_its_preview_is_not_done_and_previewed_anew(sales: Sales) -> None:
    begun(sales)
    request = sales.previewed(sales.address("change"), quantity="5", when="prorate_now")
    assert sales.do(sales.address("change"), quantity="2", when="prorate_now").status_code == 303

    late = sales.post(sales.address("change"), request)

    assert late.status_code == 409
    assert "Somebody changed this in the meantime" in late.text
    assert sales.held()[0].base.quantity == 2
    assert "× 2 becomes small, version 1 × 5" in late.text, "the preview of what is now"
    assert sales.post(sales.address("change"), carried(late.text)).status_code == 303
    assert sales.held()[0].base.quantity == 5


def test_a_new_contract_is_not_begun_beside_one_that_nobody_saw(sales: Sales) -> None:
    first = utc_now().date().replace(day=1).isoformat()
    said = {"plan": "small@1", "currency": "EUR", "quantity": "1", "starts_on": first}
    request = sales.previewed(NEW, **said)
    begun(sales, key="another")

    assert sales.post(NEW, request).status_code == 409
    assert [one.key for one in sales.held()] == ["another"]


def test_of_two_who_begin_a_contract_at_once_after_the_same_preview_one_does(sales: Sales) -> None:
    first = utc_now().date().replace(day=1)
    said = {"plan": "small@1", "currency": "EUR", "quantity": "1", "starts_on": first.isoformat()}
    request = sales.previewed(NEW, **said)
    with ThreadPoolExecutor(1) as pool:
        with sales.db.begin(TenantScope(sales.tenant.id)) as session:
            subscribe(session, SubscribeInput(sales.tenant.id, "small", ACTOR, key="first", starts_on=first), utc_now())
            second = pool.submit(sales.post, NEW, request)
            while not waiting_for_a_lock(sales.db) and not second.done():
                sleep(0.01)
        answer = second.result()

    assert answer.status_code == 409
    assert "Somebody changed this in the meantime" in answer.text
    assert [one.key for one in sales.held()] == ["first"]


def test_faults_stand_in_plain_words_at_their_fields(sales: Sales) -> None:
    begun(sales)
    start = {"plan": "nothing", "currency": "EUR", "starts_on": "soon", "quantity": "0", "phase1_quantity": "x"}
    assert faults(sales.post(f"{NEW}/preview", start).text) == ["plan", "quantity", "starts_on", "phase1_on", "phase1_quantity"]  # fmt: skip
    today = utc_now().date()
    wrong = {"plan": "small@1", "currency": "EUR", "starts_on": today.isoformat(), "last_day": "2020-01-01"}
    assert faults(sales.post(f"{NEW}/preview", wrong).text) == ["last_day"]
    alone = {"plan": "small@1", "currency": "EUR", "starts_on": today.isoformat(), "renews_months": "12"}
    assert "Only a contract with a last day renews" in sales.post(f"{NEW}/preview", alone).text

    change = f"{sales.address('change')}/preview"
    same = sales.post(change, {"quantity": "1", "when": "prorate_now"})
    assert same.status_code == 409
    assert "holds exactly this already" in same.text
    for on in ("2020-01-01", add_months(today.replace(day=1), 3).isoformat()):
        assert faults(sales.post(change, {"quantity": "2", "when": "on", "on": on}).text) == ["on"]
    assert sales.do(sales.address("change"), quantity="2", when="at_period_end").status_code == 303
    assert "stays as it is; withdraw it first" in sales.client.get(sales.address("change")).text
    taken = sales.post(change, {"quantity": "3", "when": "at_period_end"})
    assert faults(taken.text) == ["when"]
    for page in (same.text, taken.text):
        assert "/v1/" not in page
        assert "at_period_end'" not in page


def test_a_change_that_is_withdrawn_leaves_the_running_period_as_it_is(sales: Sales) -> None:
    begun(sales, plan="cheap@1")
    assert sales.do(sales.address("change"), quantity="3", when="at_period_end").status_code == 303
    [at] = re.findall(r'<option value="([^"]+T[^"]+)"', sales.client.get(sales.address("withdraw")).text)

    page = sales.post(f"{sales.address('withdraw')}/preview", {"at": at}).text

    # 10.00 in each period, in place of 30.00 in the next one.
    assert "€10.00 if nothing is done" in page
    assert "€30.00 if nothing is done" in page
    assert re.findall(r'class="stat-figure">([^<]+)', page) == ["€10.00", "€10.00"]


def test_a_coupon_is_previewed_redeemed_and_refused_in_words(sales: Sales) -> None:
    with sales.db.begin(StewardScope()) as session:
        brought = Discount(key="hello", name="Welcome", percent=Decimal(10))
        create_coupon(session, CouponInput("WELCOME10", brought, ACTOR, max_redemptions=1), LONG_AGO)
    begun(sales)

    assert "WELCOME10: 10% off" in sales.client.get(sales.address("coupon")).text
    page = sales.post(f"{sales.address('coupon')}/preview", {"coupon": "welcome10"})
    # The fee of the running period is billed; of the next 10.00 of 100.00 are taken off.
    assert "€90.00" in page.text
    assert "€100.00 if nothing is done" in page.text
    assert sales.post(sales.address("coupon"), carried(page.text)).status_code == 303
    assert [one.coupon for one in sales.held()[0].discounts] == ["WELCOME10"]

    for code, words in (
        ("WELCOME10", "redeemed as often as it may be"),
        ("NOTHING", "no such coupon"),
        ("", "Write the code"),
    ):
        again = sales.post(f"{sales.address('coupon')}/preview", {"coupon": code})
        assert words in again.text
        assert faults(again.text) == ["coupon"]


def test_only_who_may_change_contracts_sees_and_does_it(sales: Sales, world: World) -> None:
    begun(sales)
    address = sales.address("change")
    world.key("vendor_finance")
    world.key("tenant_admin", sales.tenant)

    for email in ("vendor_finance@vendor.example", "tenant_admin@acme.example"):
        sales.client.post("/sign-in", data={"email": email, "password": "correct horse battery"})
        seen = sales.client.get("/sales/customers/acme")
        assert seen.status_code == 403 or "/contracts/" not in seen.text
        token = re.search(r'name="csrf-token" content="([^"]+)"', sales.client.get("/admin/acme").text)
        assert token
        sales.token = token[1]
        for path in (f"{NEW}/new", address):
            assert sales.client.get(path).status_code == 403
        for path in (NEW, f"{NEW}/preview", address, f"{address}/preview"):
            assert sales.post(path, {"quantity": "9"}).status_code == 403
    assert sales.held()[0].base.quantity == 1


def test_another_customers_contract_cannot_be_reached(sales: Sales, world: World) -> None:
    begun(sales)
    world.tenant("other")

    address = sales.address("change").replace("/acme/", "/other/")

    assert sales.client.get(address).status_code == 404
    assert sales.client.get(sales.address("dance")).status_code == 404


def test_a_day_of_the_end_is_the_last_one_included(sales: Sales) -> None:
    begun(sales)
    last = add_months(utc_now().date().replace(day=1), 2)

    request = sales.previewed(sales.address("cancel"), when="on", on=last.isoformat())
    assert sales.post(sales.address("cancel"), request | {"word": "end"}).status_code == 303

    [held] = sales.held()
    assert held.ends_at is not None
    assert (held.ends_at.astimezone(held.schedule.tz).date() - last).days == 1


def test_a_day_before_what_is_billed_is_refused_with_the_first_day_that_works_and_offers_it(sales: Sales) -> None:
    today = utc_now().date()
    last_month, this_month = add_months(today.replace(day=1), -1), today.replace(day=1)
    begun(sales, starts_on=last_month.isoformat())
    sales.books.run(utc_now(), skip_grace=True, reason="a test")
    change, early = f"{sales.address('change')}/preview", last_month.replace(day=5).isoformat()

    refused = sales.post(change, {"quantity": "2", "when": "on", "on": early})

    assert refused.status_code == 422
    assert faults(refused.text) == ["on"]
    told = f"The first day that works is {day(this_month)}"
    assert told in refused.text
    [offered] = re.findall(r'name="take" value="([^"]+)"', refused.text)
    assert offered == this_month.isoformat()
    taken = sales.post(change, {"quantity": "2", "when": "on", "on": early, "take": offered})
    assert taken.status_code == 200
    assert f'name="on" value="{offered}"' in taken.text
    assert carried(taken.text)["on"] == offered
    # Of an end the last day is chosen: it is over with that day.
    ends = sales.post(f"{sales.address('cancel')}/preview", {"when": "on", "on": early})
    [last] = re.findall(r'name="take" value="([^"]+)"', ends.text)
    assert sales.post(f"{sales.address('cancel')}/preview", {"when": "on", "on": last}).status_code == 200
