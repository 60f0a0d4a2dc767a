"""Recurring revenue is what the documents bill, to the cent, told by month and by customer."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.revenue.movements import Kind
from billing.revenue.reads import Wanted, read_revenue, read_risks
from core.scope import StewardScope, TenantScope
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.subscribe import SubscribeInput, subscribe
from plans.charges import Charge
from tests.builders.bill import ACTIVE, Books, price
from tests.builders.world import ACTOR, bearer

YEARLY = Charge(
    key="yearly", name="Platform, a year", model="flat", in_advance=True, interval_months=12,
    prices=price(amount=Decimal(1200)),
)  # fmt: skip
SETUP = Charge(
    key="setup", name="Setting up", model="flat", once=True, in_advance=True, prices=price(amount=Decimal(500))
)


@pytest.fixture
def books(db, world) -> Books:
    books = Books(db, world, now=datetime(2026, 11, 4, 9, tzinfo=UTC))
    books.plan("yearly", YEARLY, SETUP, ACTIVE)
    return books


def begin(books: Books, tenant, starts_on: date):
    """A contract whose year begins with it."""
    with books.db.begin(TenantScope(tenant.id)) as session:
        return subscribe(session, SubscribeInput(tenant.id, "yearly", ACTOR, starts_on=starts_on), books.now)


@pytest.fixture
def acme(books, world):
    tenant = world.tenant(time_zone="UTC", currency="EUR")
    begin(books, tenant, date(2026, 8, 1))
    books.send(tenant, *books.active("2026-09-05", "ann", "bob"))
    books.run()
    return tenant


def read(db, **wanted):
    with db.begin(StewardScope()) as session:
        return read_revenue(session, Wanted(**wanted))


def test_the_waterfall_of_a_contract_adds_up_to_its_documents(db, books, acme):
    found = read(db, first=date(2026, 7, 1), last=date(2026, 10, 1)).base.report

    # 1,200.00 a year is 100.00 a month; two active people in September are 2 × 4.20.
    closing = [line.closing.text() for line in found.months]
    assert closing == ["0.00", "100.00", "108.40", "100.00"]
    assert [line.moved[Kind.NEW].text() for line in found.months] == ["0.00", "100.00", "0.00", "0.00"]
    assert found.months[2].moved[Kind.EXPANSION].text() == "8.40"
    assert found.months[3].moved[Kind.CONTRACTION].text() == "-8.40"
    assert found.months[1].one_time.text() == "500.00"
    billed = sum(invoice.net.amount_minor for invoice in books.invoices(acme))
    whole = read(db, first=date(2026, 1, 1), last=date(2027, 12, 1)).base.report
    assert billed == sum(line.closing.amount_minor + line.one_time.amount_minor for line in whole.months)


def test_months_that_are_not_billed_yet_say_so(db, books, acme):
    found = read(db, first=date(2026, 10, 1), last=date(2026, 12, 1))

    assert found.unbilled == {date(2026, 11, 1): 1, date(2026, 12, 1): 1}
    assert read(db).last == date(2026, 10, 1)


def test_a_contract_that_ends_or_holds_an_old_version_is_at_risk(db, books, acme, world):
    books.plan("yearly", YEARLY, SETUP)
    other = world.tenant("other", time_zone="UTC", currency="EUR")
    held = begin(books, other, date(2026, 9, 1))
    books.run()
    with db.begin(TenantScope(other.id)) as session:
        cancel_subscription(session, CancelInput(other.id, held.id, ACTOR), books.now)

    with db.begin(StewardScope()) as session:
        found = read_risks(session, books.now, 60)

    assert [(risk.customer, risk.reason.value, risk.amount.text()) for risk in found] == [
        (acme.id, "old_version", "100.00"), (other.id, "ends", "100.00"),
    ]  # fmt: skip


def test_the_api_tells_it_to_the_vendor_alone(client, db, books, acme, world):
    finance, admin = world.key("vendor_finance"), world.key("tenant_admin", acme)

    answer = client.get("/v1/revenue?first=2026-08&last=2026-09", headers=bearer(finance))
    assert answer.status_code == 200, answer.text
    assert [month["closing"]["amount"] for month in answer.json()["base"]["months"]] == ["100.00", "108.40"]
    moves = client.get("/v1/revenue/movements?month=2026-09&currency=EUR", headers=bearer(finance)).json()["items"]
    assert [(move["kind"], move["amount"]["amount"], move["customer"]) for move in moves] == [
        ("expansion", "8.40", str(acme.id))
    ]
    assert client.get("/v1/revenue/at-risk", headers=bearer(finance)).json()["items"] == []
    assert client.get("/v1/revenue", headers=bearer(admin)).status_code == 403
    assert client.get("/v1/revenue?first=2026-13", headers=bearer(finance)).json()["code"] == "invalid_input"
    assert client.get("/v1/revenue/movements?month=2026-09&currency=JPY", headers=bearer(finance)).status_code == 404
