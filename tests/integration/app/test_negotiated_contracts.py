"""A new contract with a discount, prices of its own and minimums: as far as its seller may, in the quote's words."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from billing.quotes.actions.set_limit import set_limit
from billing.quotes.reads import EVERYBODY, LimitView
from core.clock import utc_now
from core.db import Database
from core.scope import StewardScope
from plans.terms import Commitment
from tests.builders.bill import ACTIVE, FEE, Books
from tests.builders.world import ACTOR, LONG_AGO, World
from tests.integration.app.test_contract_pages import NEW, Sales, carried, faults

FIRST = utc_now().date().replace(day=1)


@pytest.fixture
def sales(client: TestClient[Litestar], db: Database, world: World) -> Sales:
    books, tenant = Books(db, world), world.tenant()
    books.plan("small", FEE)
    world.key("vendor_sales")
    with db.begin(StewardScope()) as session:
        set_limit(session, LimitView(EVERYBODY, Decimal(10), Decimal(50)), ACTOR, LONG_AGO)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "vendor_sales@vendor.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sales/customers").text)
    assert token
    return Sales(client, db, tenant, token[1], books)


def said(**more: str) -> dict[str, str]:
    return {"plan": "small@1", "currency": "EUR", "quantity": "1", "starts_on": FIRST.isoformat()} | more


def test_a_discount_own_prices_and_minimums_are_previewed_and_agreed_on(sales: Sales) -> None:
    form = sales.client.get(f"{NEW}/new").text
    for name in ("discount_percent", "agreed_minimum_1_amount", "phase1_on", "/charges/0/prices/EUR/amount"):
        assert f'name="{name}"' in form
    asked = said(
        discount_amount="3", discount_name="Partner", discount_periods="6",
        agreed_minimum_1_amount="1000", agreed_minimum_1_months="12", agreed_minimum_1_early_end="due",
        **{"prices_of": "small@1", "/charges/0/prices/EUR/amount": "95"},
    )  # fmt: skip

    page = sales.post(f"{NEW}/preview", asked)

    assert page.status_code == 200, page.text
    # The fee of 100.00 is 95.00 here, and 3.00 less in the first six of twelve periods: 78.00 of 1,200.00.
    assert "It gives away 6.5% of the list price" in page.text
    assert "€92.00" in page.text
    assert sales.post(NEW, carried(page.text)).status_code == 303
    [held] = sales.held()
    [charge] = held.document.charges
    assert charge.prices["EUR"].amount == Decimal(95)
    assert held.document.commitments == (
        Commitment(
            key="agreed_minimum_1", name="Minimum of 12 months", amounts={"EUR": Decimal(1000)}, months=12,
            early_end="due",
        ),
    )  # fmt: skip
    [agreed] = held.discounts
    assert (agreed.discount.name, agreed.discount.amounts, agreed.discount.periods) == (
        "Partner",
        {"EUR": Decimal(3)},
        6,
    )


def test_what_is_above_the_seller_s_limit_is_led_to_a_quote_and_what_is_below_a_floor_to_nothing(sales: Sales) -> None:
    above = said(discount_percent="20")

    page = sales.post(f"{NEW}/preview", above)

    assert page.status_code == 422
    assert "This gives away 20% of the list price" in page.text
    assert "you may grant 10% alone" in page.text
    assert 'href="/sales/customers/acme/quotes/new' in page.text
    assert sales.post(NEW, above | {"key": "deal", "seen": "x"}).status_code == 422
    below = sales.post(f"{NEW}/preview", said(discount_percent="60"))
    assert below.status_code == 422
    assert "the floor is 50 %" in below.text
    assert sales.held() == ()


def test_what_a_customer_without_use_is_given_is_not_called_nothing(sales: Sales) -> None:
    sales.books.plan("usage", ACTIVE)

    page = sales.post(f"{NEW}/preview", said(plan="usage@1", discount_percent="5"))

    assert page.status_code == 422
    assert "What this gives away is not known" in page.text


def test_faults_of_what_is_agreed_on_stand_at_their_fields(sales: Sales) -> None:
    def wrong(**more: str) -> list[str]:
        return faults(sales.post(f"{NEW}/preview", said(**more)).text)

    assert wrong(discount_percent="5", discount_amount="5") == ["discount_amount"]
    assert wrong(discount_percent="120") == ["discount_percent"]
    assert wrong(agreed_minimum_1_months="12") == ["agreed_minimum_1_amount"]
    assert wrong(agreed_minimum_2_amount="much") == ["agreed_minimum_2_amount"]
    assert wrong(**{"prices_of": "small@1", "/charges/0/prices/EUR/amount": "-1"}) == ["-charges-0-prices-EUR-amount"]


def test_prices_of_another_plan_are_left_behind(sales: Sales) -> None:
    sales.books.plan("large", FEE)
    asked = said(plan="large@1", prices_of="small@1", **{"/charges/0/prices/EUR/amount": "1"})

    page = sales.post(f"{NEW}/preview", asked)

    assert 'name="prices_of" value="large@1"' in page.text
    assert 'name="/charges/0/prices/EUR/amount" value="100"' in page.text
    assert "gives away" not in page.text


def test_a_quote_takes_minimums_and_an_amount_off_too_and_its_next_version_begins_with_them(sales: Sales) -> None:
    quotes = "/sales/customers/acme/quotes"
    offered = {
        "plan": "small", "quantity": "1", "starts_on": date(FIRST.year + 1, 2, 1).isoformat(), "term_months": "12",
        "valid_until": (utc_now() + timedelta(days=2)).date().isoformat(), "key": "deal", "act": "draft", "discount_amount": "5",
        "agreed_minimum_1_amount": "900", "agreed_minimum_1_months": "12", "phase1_on": "", "replaces": "",
    }  # fmt: skip

    made = sales.client.post(quotes, data={"csrf_token": sales.token, **offered})

    assert made.status_code == 200, faults(made.text)
    assert made.url.path.startswith(f"{quotes}/")
    assert "Minimum of 12 months" in made.text
    again = sales.client.get(f"{quotes}/new", params={"from": made.url.path.rpartition("/")[2]}).text
    assert 'name="agreed_minimum_1_amount" value="900"' in again
    assert 'name="discount_amount" value="5"' in again
