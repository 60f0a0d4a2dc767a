"""What a quote comes to on the real year, and what it gives away."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from billing.quotes.actions.decide_quote import accept_quote
from billing.quotes.actions.price_quote import QuoteInput, price_quote
from billing.quotes.errors import (
    BelowFloor,
)
from billing.quotes.floors import below_floor
from billing.quotes.offers import (
    OfferPhase,
    State,
    first_year,
    months_back,
    moved,
)
from billing.quotes.reads import LimitView, QuoteFilter, quotes_page
from core.scope import TenantScope
from plans.documents import PlanDocument
from plans.reads import get_subscription
from plans.terms import Discount
from tests.builders.bill import ACTIVE, FEE, price
from tests.builders.quote import LATER, LIMIT, SELLER, offer


def test_a_quote_carries_the_first_year_on_the_customers_real_use(quote):
    made = quote(offer(10))

    # Moved back to the last twelve whole months. 12 × 100.00 + 2 × 2 × 4.20 = 1,216.80.
    assert (made.simulated_from, made.simulated_until) == (date(2025, 11, 1), date(2026, 11, 1))
    assert (made.listed.text(), made.net.text()) == ("1216.80", "1095.12")
    assert (made.discount_percent, made.status, made.needs_approval) == (Decimal("10.00"), State.OPEN, False)
    assert sum(Decimal(invoice.net.amount) for invoice in made.first_year) == Decimal("1095.12")


def test_below_the_floor_nobody_sells(quote):
    with pytest.raises(BelowFloor):
        quote(offer(60))


def test_what_is_published_later_changes_no_quote(quote, decide, books, acme):
    made = quote(offer())
    books.plan("small", FEE)

    accepted = decide(accept_quote, made.id, "user:admin")

    with books.db.begin(TenantScope(acme.id)) as session:
        begun = get_subscription(session, acme.id, accepted.subscription_id, LATER)
    assert [charge.key for charge in begun.document.charges] == ["fee", "active"]


def test_a_preview_tells_what_is_made_and_writes_nothing(quote, books, acme):
    given = QuoteInput(offer(60), date(2026, 12, 24), SELLER, LIMIT)
    with books.db.begin(TenantScope(acme.id)) as session:
        priced = price_quote(session, acme, given, books.now)
        assert quotes_page(session, QuoteFilter(acme.id)) == ()

    # 40 % of the list price are left, the floor is 50 %: told here, refused when it is made.
    assert (below_floor(priced, LIMIT), priced.needs_approval, priced.discount_percent) == (
        True,
        True,
        Decimal("60.00"),
    )
    made = quote(offer(10))
    with books.db.begin(TenantScope(acme.id)) as session:
        again = price_quote(session, acme, QuoteInput(made.terms, made.valid_until, SELLER, LIMIT), books.now)
    assert (again.net, again.listed, again.first_year) == (made.net, made.listed, made.first_year)


def test_what_later_years_give_away_counts_as_much_as_the_first(quote, acme):
    # Three years at 100.00 a month for the first, for nothing afterwards: 1,216.80 of 3,650.40 are left.
    free = PlanDocument(charges=(replace(FEE, prices=price(amount=Decimal(0))), ACTIVE))
    later = (OfferPhase(starts_on=date(2027, 12, 1), terms=free),)

    with pytest.raises(BelowFloor):
        quote(offer(term_months=36, phases=later))
    made = quote(offer(term_months=24, phases=later), LimitView("*", Decimal(10), Decimal(0)))

    # Of two years at 1,216.80 the second keeps its 16.80 of use: 1,200.00 ÷ 2,433.60 = 49.31 %.
    assert (made.listed.text(), made.net.text()) == ("1216.80", "1216.80")
    assert (made.term_listed.text(), made.term_net.text()) == ("2433.60", "1233.60")
    assert (made.discount_percent, made.status) == (Decimal("49.31"), State.PENDING)


def test_a_long_term_dilutes_nothing_that_its_first_year_gives_away(quote):
    deal = Discount(key="deal", name="Deal", percent=Decimal(20), periods=12)

    made = quote(offer(term_months=60, discounts=(deal,)))

    assert (made.discount_percent, made.status) == (Decimal("20.00"), State.PENDING)


def test_the_first_year_is_moved_back_by_as_few_months_as_will_do():
    terms = offer(starts_on=date(2028, 2, 29), term_months=24)

    assert months_back(terms, date(2026, 11, 24)) == 28
    past = first_year(moved(terms, 28))
    assert (past.starts_on, past.ends_on) == (date(2025, 10, 29), date(2026, 10, 29))


def test_a_ramp_inside_a_period_cuts_it_as_the_invoice_run_does(quote):
    made = quote(
        offer(phases=(OfferPhase(starts_on=date(2026, 12, 16), quantity=2),)), LimitView("*", Decimal(0), Decimal(0))
    )

    # Half of November at 100.00, the other at 200.00; then eleven months at 200.00, and 16.80 of use.
    assert made.net.text() == "2366.80"
    assert [one.net.amount for one in made.first_year][:3] == ["50.00", "100.00", "200.00"]


def test_what_is_recorded_between_two_previews_is_in_the_second_one(books, acme):
    given = QuoteInput(offer(), date(2026, 12, 24), SELLER, LIMIT)

    def net() -> str:
        with books.db.begin(TenantScope(acme.id)) as session:
            return price_quote(session, acme, given, books.now).net.text()

    # 1,200.00 of fees, and 4.20 for each of two people in two months; then for one more, who was late.
    assert (net(), net()) == ("1216.80", "1216.80")
    books.send(acme, *books.active("2026-04-06", "cid"))
    assert net() == "1221.00"
