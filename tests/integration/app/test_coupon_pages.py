"""Coupons in the browser: made within limits, redeemed by whom, ended for good."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from core.db import Database
from core.scope import StewardScope, TenantScope
from plans.actions.redeem_coupon import RedeemInput, redeem_coupon
from plans.errors import CouponNotUsable
from plans.reads import CouponView, get_coupon
from tests.builders.bill import FEE, Books
from tests.builders.world import ACTOR, World, bearer

PAGE = "/sales/coupons"
ALWAYS = {"code": "WELCOME-10", "name": "Welcome", "percent": "10"}


def sign_in(client: TestClient[Litestar], world: World, role: str) -> str:
    """Return the token for forms of who is signed in now."""
    world.key(role)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": f"{role}@vendor.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sales/customers").text)
    assert token
    return token[1]


def held(db: Database, code: str) -> CouponView:
    with db.begin(StewardScope()) as session:
        return get_coupon(session, code)


def test_a_coupon_is_made_redeemed_and_ended(client: TestClient[Litestar], world: World, db: Database) -> None:
    books, acme = Books(db, world), world.tenant()
    books.plan("small", FEE)
    contract = books.subscribe(acme, starts_on=date(2026, 8, 1))
    token = sign_in(client, world, "vendor_sales")

    def send(path: str, **said: str) -> Any:
        return client.post(path, data={"csrf_token": token, **said})

    assert "No coupon yet" in client.get(PAGE).text
    assert f'href="{PAGE}"' in client.get("/sales/customers").text
    until = utc_now().date() + timedelta(days=30)
    limits = {
        "max_redemptions": "2",
        "last_day": until.isoformat(),
        "has:plans:small": "true",
        "has:charges:fee": "true",
    }
    made = send(PAGE, **ALWAYS | {"code": "welcome-10"} | limits)
    for text in ("WELCOME-10", "10% off, of Platform fee", "0 of 2", "Nobody has redeemed it yet", "Can be used"):
        assert text in made.text
    coupon = held(db, "WELCOME-10")
    assert (coupon.plan_keys, coupon.discount.charges, coupon.max_redemptions) == (("small",), ("fee",), 2)
    assert coupon.valid_until == datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1)

    with db.begin(TenantScope(acme.id)) as session:
        redeem_coupon(session, RedeemInput(acme.id, contract.id, "WELCOME-10", ACTOR), books.now)
    page = client.get(f"{PAGE}/WELCOME-10").text
    assert "1 of 2" in page
    assert f"/sales/customers/acme#contract-{contract.id}" in page

    assert send(f"{PAGE}/WELCOME-10/end", word="stop").status_code == 422
    over = send(f"{PAGE}/WELCOME-10/end", word="end").text
    assert "Ended" in over
    assert "End this coupon" not in over
    other = world.tenant("other")
    theirs = books.subscribe(other, starts_on=date(2026, 8, 1))
    with pytest.raises(CouponNotUsable), db.begin(TenantScope(other.id)) as session:
        redeem_coupon(session, RedeemInput(other.id, theirs.id, "WELCOME-10", ACTOR), utc_now())


def test_amounts_by_currency_stand_in_the_list(client: TestClient[Litestar], world: World, db: Database) -> None:
    token = sign_in(client, world, "vendor_sales")
    said = {
        "csrf_token": token,
        "code": "FIFTY",
        "name": "Fifty",
        "amount:EUR": "50",
        "amount:USD": "55",
        "periods": "3",
    }

    assert client.post(PAGE, data=said, follow_redirects=False).status_code == 303

    assert held(db, "FIFTY").discount.amounts == {"EUR": Decimal(50), "USD": Decimal(55)}
    listed = client.get(PAGE).text
    assert "€50.00 off a period" in listed
    assert "in the first 3 periods" in listed


def test_faults_stand_at_their_fields(client: TestClient[Litestar], world: World, db: Database) -> None:
    token = sign_in(client, world, "vendor_sales")

    def faults(**said: str) -> list[str]:
        answer = client.post(PAGE, data={"csrf_token": token, **said})
        assert answer.status_code in (409, 422)
        return re.findall(r'class="error" id="f([\w-]+)-fault"', answer.text)

    wrong = {"code": "OK1", "name": "", "percent": "120", "periods": "0", "max_redemptions": "-1", "last_day": "soon"}
    assert faults(**wrong) == ["name", "percent", "periods", "max_redemptions", "last_day"]
    assert faults(code="X", name="x", percent="5") == ["code"]
    assert faults(code="BOTH", name="x", percent="5", **{"amount:EUR": "5"}) == ["percent"]
    assert faults(code="NONE", name="x") == ["percent"]
    assert client.post(PAGE, data={"csrf_token": token, **ALWAYS}, follow_redirects=False).status_code == 303
    assert faults(**ALWAYS) == ["code"]
    with db.begin(StewardScope()) as session:
        assert get_coupon(session, ALWAYS["code"]).redeemed == 0


def test_coupons_are_for_those_who_write_the_catalogue(client: TestClient[Litestar], world: World) -> None:
    token = sign_in(client, world, "vendor_finance")

    assert PAGE not in client.get("/sales/customers").text
    for path in (PAGE, f"{PAGE}/new", f"{PAGE}/WELCOME"):
        assert client.get(path).status_code == 403
    for path in (PAGE, f"{PAGE}/WELCOME/end"):
        assert client.post(path, data={"csrf_token": token, **ALWAYS}).status_code == 403


def test_a_coupon_is_ended_by_the_api_and_ending_it_again_changes_nothing(
    client: TestClient[Litestar], world: World
) -> None:
    key = world.key("vendor_admin")
    discount = {"key": "w", "name": "Welcome", "percent": "10"}
    assert (
        client.post("/v1/coupons", headers=bearer(key), json={"code": "ABC", "discount": discount}).status_code == 201
    )

    first = client.post("/v1/coupons/ABC/end", headers=bearer(key))
    again = client.post("/v1/coupons/ABC/end", headers=bearer(key))

    assert first.status_code == 200
    assert first.json()["valid_until"] is not None
    assert first.json() == again.json()
    assert client.post("/v1/coupons/NOTHING/end", headers=bearer(key)).status_code == 404
    sales = world.key("vendor_finance")
    assert client.post("/v1/coupons/ABC/end", headers=bearer(sales)).status_code == 403
