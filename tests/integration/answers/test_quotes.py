"""A quote is simulated on the real year, approved where it gives much away, and accepted as exactly that contract."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from billing.quotes.actions.decide_quote import accept_quote, approve_quote, decline_quote
from billing.quotes.actions.make_quote import QuoteInput, make_quote
from billing.quotes.errors import (
    BelowFloor,
    QuoteApproverIsMaker,
    QuoteExpired,
    QuoteNotOpen,
    QuoteSuperseded,
    QuoteTooDear,
)
from billing.quotes.offers import TRANSITIONS, QuoteTerms, State, Trigger, advance, months_back, moved
from billing.quotes.reads import LimitView
from core.scope import TenantScope
from plans.reads import get_subscription
from plans.terms import Discount
from tests.builders.bill import ACTIVE, FEE, Books, lines
from tests.builders.world import bearer

SELLER, OTHER = "user:seller", "user:other"
LIMIT = LimitView("*", Decimal(10), Decimal(50))
LATER = datetime(2026, 12, 1, 9, tzinfo=UTC)


def offer(percent: int = 0, **changes: object) -> QuoteTerms:
    discounts = (Discount(key="deal", name="Deal", percent=Decimal(percent)),) if percent else ()
    fields: dict = {"plan": "small", "starts_on": date(2026, 12, 1), "discounts": discounts}
    return QuoteTerms(**(fields | changes))


@pytest.fixture
def books(db, world) -> Books:
    books = Books(db, world, now=datetime(2026, 11, 24, 9, tzinfo=UTC))
    books.plan("small", FEE, ACTIVE)
    return books


@pytest.fixture
def acme(books, world):
    tenant = world.tenant(time_zone="UTC")
    # In the year before: ten months with the fee alone, two with two active people.
    books.send(tenant, *books.active("2026-03-05", "ann", "bob"), *books.active("2026-04-05", "ann", "bob"))
    return tenant


@pytest.fixture
def quote(books, acme):
    def make(terms: QuoteTerms, limit: LimitView = LIMIT, **changes: object):
        given = {"terms": terms, "valid_until": date(2026, 12, 24), "actor": SELLER, "limit": limit, "key": "deal"}
        with books.db.begin(TenantScope(acme.id)) as session:
            return make_quote(session, acme, QuoteInput(**(given | changes)), books.now)

    return make


@pytest.fixture
def decide(books, acme):
    def act(action, quote_id, *arguments, now=LATER):
        with books.db.begin(TenantScope(acme.id)) as session:
            return action(session, acme, quote_id, *arguments, now)

    return act


def test_a_quote_carries_the_first_year_on_the_customers_real_use(quote):
    made = quote(offer(10))

    # Moved back to the last twelve whole months. 12 × 100.00 + 2 × 2 × 4.20 = 1,216.80.
    assert (made.simulated_from, made.simulated_until) == (date(2025, 11, 1), date(2026, 11, 1))
    assert (made.listed.text(), made.net.text()) == ("1216.80", "1095.12")
    assert (made.discount_percent, made.status, made.needs_approval) == (Decimal("10.00"), State.OPEN, False)
    assert sum(Decimal(invoice.net.amount) for invoice in made.first_year) == Decimal("1095.12")


def test_what_gives_more_away_than_the_seller_may_waits_for_somebody_elses_approval(quote, decide):
    made = quote(offer(20))

    assert (made.status, made.needs_approval) == (State.PENDING, True)
    with pytest.raises(QuoteNotOpen):
        decide(accept_quote, made.id, OTHER)
    with pytest.raises(QuoteApproverIsMaker):
        decide(approve_quote, made.id, SELLER, Decimal(100))
    with pytest.raises(QuoteTooDear):
        decide(approve_quote, made.id, OTHER, Decimal(15))
    approved = decide(approve_quote, made.id, OTHER, Decimal(20))
    assert (approved.status, approved.approved_by) == (State.OPEN, OTHER)


def test_below_the_floor_nobody_sells(quote):
    with pytest.raises(BelowFloor):
        quote(offer(60))


def test_accepted_it_is_the_contract_with_exactly_its_terms_and_bills_what_was_simulated(quote, decide, books, acme):
    made = quote(offer(10))

    accepted = decide(accept_quote, made.id, "user:admin")
    assert decide(accept_quote, made.id, "user:admin").subscription_id == accepted.subscription_id

    with books.db.begin(TenantScope(acme.id)) as session:
        begun = get_subscription(session, acme.id, accepted.subscription_id, LATER)
    assert (begun.plan_key, begun.starts_at, begun.ends_at) == (
        "small", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC),
    )  # fmt: skip
    assert [agreed.discount.percent for agreed in begun.discounts] == [Decimal(10)]
    # The same use a year later: every line of the two real bills stands in the quote.
    now = datetime(2027, 4, 20, tzinfo=UTC)
    books.send(acme, *books.active("2027-03-05", "ann", "bob"), now=now)
    books.run("2027-04-20T00:00:00+00:00")
    march = books.invoices(acme)[-1]
    # The year began with a document for November's fee alone; the sixth bills March.
    foreseen = made.first_year[5]
    assert lines(march) == [
        (line.charge_key, line.kind, line.quantity.rstrip("0").rstrip(".") or "0", line.amount.amount)
        for line in foreseen.lines
    ]
    assert march.net.text() == foreseen.net.amount


def test_what_is_published_later_changes_no_quote(quote, decide, books, acme):
    made = quote(offer())
    books.plan("small", FEE)

    accepted = decide(accept_quote, made.id, "user:admin")

    with books.db.begin(TenantScope(acme.id)) as session:
        begun = get_subscription(session, acme.id, accepted.subscription_id, LATER)
    assert [charge.key for charge in begun.document.charges] == ["fee", "active"]


def test_an_expired_or_replaced_quote_is_refused(quote, decide):
    first = quote(offer())
    second = quote(offer(5))

    assert (first.version, second.version, second.newest) == (1, 2, 2)
    with pytest.raises(QuoteSuperseded):
        decide(accept_quote, first.id, "user:admin")
    with pytest.raises(QuoteExpired):
        decide(accept_quote, second.id, "user:admin", now=datetime(2026, 12, 25, 0, 1, tzinfo=UTC))
    # The last day counts to its end.
    assert decide(accept_quote, second.id, "user:admin", now=datetime(2026, 12, 24, 23, 59, tzinfo=UTC))


def test_a_declined_quote_is_over(quote, decide):
    made = quote(offer())

    assert decide(decline_quote, made.id, "user:admin", "too dear").status is State.DECLINED
    with pytest.raises(QuoteNotOpen):
        decide(accept_quote, made.id, "user:admin")


def test_the_database_refuses_a_maker_who_approves(quote, books, acme):
    made = quote(offer(20))

    with (
        pytest.raises(IntegrityError, match="ck_quote_approver_is_not_maker"),
        books.db.begin(TenantScope(acme.id)) as session,
    ):
        session.execute(text("update quote set approved_by = created_by where id = :id"), {"id": made.id})


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("trigger", Trigger)
def test_every_step_that_is_not_listed_is_refused(state, trigger):
    assert advance(state, trigger) == TRANSITIONS.get((state, trigger))


def test_the_first_year_is_moved_back_by_as_few_months_as_will_do():
    terms = offer(starts_on=date(2028, 2, 29), term_months=24)

    assert months_back(terms, date(2026, 11, 24)) == 28
    past = moved(terms, 28)
    assert (past.starts_on, past.ends_on) == (date(2025, 10, 29), date(2026, 10, 29))


def test_the_vendor_quotes_and_the_customers_admin_accepts(client, world, books, acme):
    sales, admin = world.key("vendor_sales"), world.key("tenant_admin", acme)
    body = {
        "terms": {"plan": "small", "starts_on": "2026-12-01"},
        "valid_until": "2099-12-31",
        "key": "deal",
    }
    assert client.post("/v1/quotes", json=body, headers=bearer(admin)).status_code == 403

    made = client.post("/v1/quotes", json=body, headers=bearer(sales, "acme"))
    assert made.status_code == 201, made.text
    path = f"/v1/quotes/{made.json()['id']}"
    assert made.json()["listed"]["currency"] == made.json()["net"]["currency"]

    seen = client.get(path, headers=bearer(admin)).json()
    assert (seen["status"], seen["listed"], seen["discount_percent"]) == ("open", None, None)
    pdf = client.get(f"{path}/pdf", headers=bearer(admin))
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    assert client.post(f"{path}/accept", headers=bearer(sales, "acme")).status_code == 403
    accepted = client.post(f"{path}/accept", headers=bearer(admin))
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted"), accepted.text
    held = client.get(f"/v1/subscriptions/{accepted.json()['subscription_id']}", headers=bearer(admin)).json()
    assert held["key"] == "quote-deal-1"


def test_limits_are_set_by_who_may_approve_and_hold_for_the_seller(client, world, books, acme):
    sales, finance = world.key("vendor_sales"), world.key("vendor_finance")
    assert client.put("/v1/seller-limits/*", json={"discount_percent": "5"}, headers=bearer(sales)).status_code == 403
    limit = client.put("/v1/seller-limits/*", json={"discount_percent": "5"}, headers=bearer(finance))
    assert limit.json() == {"seller": "*", "discount_percent": "5", "floor_percent": "0"}
    deal = {"key": "d", "name": "D", "percent": "6"}
    body = {
        "terms": {"plan": "small", "starts_on": "2026-12-01", "discounts": [deal]},
        "valid_until": "2099-12-31",
    }

    made = client.post("/v1/quotes", json=body, headers=bearer(sales, "acme")).json()

    assert (made["status"], made["needs_approval"]) == ("pending", True)
    admin = world.key("tenant_admin", acme)
    assert client.get(f"/v1/quotes/{made['id']}", headers=bearer(admin)).status_code == 404
    answer = client.post(f"/v1/quotes/{made['id']}/approve", headers=bearer(finance, "acme"))
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_limit_exceeded")
