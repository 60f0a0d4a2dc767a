"""What an offer costs, what is left of it, and the floor after costs."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from billing.costs.actions.set_costs import drop_costs, set_costs
from billing.costs.reads import costs_on
from billing.quotes.actions.decide_quote import accept_quote, send_quote
from billing.quotes.actions.price_quote import QuoteInput, price_quote
from billing.quotes.actions.set_limit import set_limit
from billing.quotes.errors import BelowMargin, QuoteNeedsApproval
from billing.quotes.floors import below_floor, below_margin
from billing.quotes.offers import OfferPhase, State
from billing.quotes.reads import LimitView, QuoteFilter, Why, quotes_page, why_it_waits
from core.errors import NotFound
from core.scope import StewardScope, TenantScope
from plans.documents import Feature, PlanDocument
from plans.errors import PlanInvalid
from tests.builders.bill import ACTIVE, FEE, price
from tests.builders.quote import LATER, SELLER, offer

FREE_HAND = LimitView("*", Decimal(100), Decimal(0))
KEPT = LimitView("*", Decimal(100), Decimal(0), Decimal(30))
# 60.00 a month and 1.00 for everybody who is active.
COSTS = PlanDocument(
    charges=(replace(FEE, prices=price(amount=Decimal(60))), replace(ACTIVE, prices=price(unit=Decimal(1))))
)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def costs(db):
    def set_on(day: date, document: PlanDocument = COSTS):
        with db.begin(StewardScope()) as steward:
            return set_costs(steward, day, document, "user:controller", NOW)

    return set_on


def test_a_quote_tells_what_it_costs_and_what_is_left(quote, costs):
    sheet = costs(date(2026, 1, 1))

    made = quote(offer(10), FREE_HAND, costs=sheet)

    # 12 × 60.00 and two months of two people: 724.00 of 1,095.12. 371.12 are left: 33.89 %.
    assert (made.net.text(), made.cost.text(), made.margin_percent) == ("1095.12", "724.00", Decimal("33.89"))


def test_of_first_year_and_whole_term_the_lesser_margin_counts(quote, costs):
    sheet = costs(date(2026, 1, 1))
    half = PlanDocument(charges=(replace(FEE, prices=price(amount=Decimal(50))), ACTIVE))

    made = quote(
        offer(term_months=24, phases=(OfferPhase(starts_on=date(2027, 12, 1), terms=half),)), FREE_HAND, costs=sheet
    )

    # The second year: 12 × 50.00 and 16.80 of use. 1,448.00 of 1,833.60 over both.
    assert (made.term_net.text(), made.term_cost.text()) == ("1833.60", "1448.00")
    assert made.margin_percent == Decimal("21.03")


def test_below_the_floor_after_costs_nobody_sells(quote, costs):
    sheet = costs(date(2026, 1, 1))
    quote(offer(10), KEPT, costs=sheet)

    with pytest.raises(BelowMargin) as refused:
        quote(offer(20), KEPT, costs=sheet)

    # 20 % off is 973.44: 25.62 % are left.
    assert "25.62 %" in refused.value.detail
    assert "30 %" in refused.value.detail
    with pytest.raises(BelowMargin, match="nothing is billed"):
        quote(offer(100), KEPT, costs=sheet)


def test_a_preview_tells_the_floor_after_costs_and_refuses_nothing(books, acme, costs):
    given = QuoteInput(offer(20), date(2026, 12, 24), SELLER, KEPT, costs=costs(date(2026, 1, 1)))

    with books.db.begin(TenantScope(acme.id)) as session:
        priced = price_quote(session, acme, given, books.now)

    assert (below_margin(priced, KEPT), below_floor(priced, KEPT), priced.margin_percent) == (
        True,
        False,
        Decimal("25.62"),
    )


def test_where_costs_are_not_known_a_floor_after_them_asks_for_an_approval(quote, costs):
    dollars = tuple(replace(charge, prices={"USD": charge.prices["EUR"]}) for charge in COSTS.charges)

    nothing_set = quote(offer(), KEPT)
    other_currency = quote(offer(), KEPT, costs=costs(date(2026, 1, 1), PlanDocument(charges=dollars)))

    assert (nothing_set.status, nothing_set.cost) == (State.PENDING, None)
    assert (other_currency.status, other_currency.cost, other_currency.margin_percent) == (State.PENDING, None, None)
    assert quote(offer(), FREE_HAND).status is State.OPEN


def test_a_floor_raised_after_costs_holds_for_what_is_out(db, quote, decide, costs):
    sheet = costs(date(2026, 1, 1))
    out, draft = quote(offer(10), FREE_HAND, costs=sheet), quote(offer(20), FREE_HAND, key="other", draft=True)
    higher = LimitView("*", Decimal(100), Decimal(0), Decimal(40))

    with pytest.raises(QuoteNeedsApproval):
        decide(accept_quote, out.id, "user:admin", higher)
    # Of the draft nobody knows what is left: somebody has to approve it.
    assert decide(send_quote, draft.id, SELLER, higher).status is State.PENDING
    assert why_it_waits(out, higher) is Why.BELOW_FLOOR

    with db.begin(StewardScope()) as steward:
        set_limit(steward, higher, "user:controller", NOW)
        waiting = quotes_page(steward, QuoteFilter(waiting_on=LATER.date()))
    assert {one.key for one in waiting} == {"deal", "other"}


def test_a_sheet_holds_from_its_day_until_the_next_ones(db, costs):
    costs(date(2026, 1, 1))
    costs(date(2026, 7, 1), PlanDocument(charges=COSTS.charges[:1]))

    with db.begin(StewardScope()) as steward:
        assert costs_on(steward, date(2025, 12, 31)) is None
        assert len(costs_on(steward, date(2026, 6, 30)).document.charges) == 2
        assert len(costs_on(steward, date(2026, 7, 1)).document.charges) == 1
        drop_costs(steward, date(2026, 7, 1), "user:controller")
        assert len(costs_on(steward, date(2026, 7, 1)).document.charges) == 2
        with pytest.raises(NotFound):
            drop_costs(steward, date(2026, 7, 1), "user:controller")


def test_a_sheet_says_charges_only_and_each_fault_has_its_place(costs):
    document = PlanDocument(
        charges=(replace(ACTIVE, meter="no.such", prices=price(unit=Decimal(-1))),), features={"courses": Feature()}
    )

    with pytest.raises(PlanInvalid) as refused:
        costs(date(2026, 1, 1), document)

    told = {(fault.pointer, fault.code) for fault in refused.value.errors}
    assert {("/features", "costs_are_charges"), ("/charges/0/meter", "meter_unknown")} <= told
