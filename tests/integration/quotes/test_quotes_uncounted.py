"""What nothing is known of is not offered for 0.00, neither on the page nor in the document."""

from decimal import Decimal

from msgspec.structs import replace

from app.pages.sales.offer_form import parse_offer, said_of
from app.pages.sales.quote_preview import first_year, simulated_text
from app.pages.tables import TableQuery
from billing.answers.questions import AssumedSeats
from billing.quotes.actions.decide_quote import above_limit
from billing.quotes.offers import State
from plans.documents import PlanDocument
from tests.builders.bill import ACTIVE, price
from tests.builders.quote import LIMIT, offer

NAMED = replace(ACTIVE, key="named", name="Named seats", meter="seats.named.peak", prices=price(unit=Decimal(9)))


def test_a_charge_by_a_meter_without_any_facts_says_that_nothing_was_counted(quote, books, document):
    books.plan("seats", ACTIVE, NAMED)
    made = quote(offer(plan="seats"))

    content = document(made)
    active, named = content["lines"]
    # Two active people in two of twelve months: 4 × 4.20. Of seats nobody ever told anything.
    assert (active["quantity"], active["amount"]) == ("0.33 people", "16.80")
    assert (named["quantity"], named["amount"]) == ("nothing counted", "–")
    assert any(note.startswith("Of Named seats nothing was counted") for note in content["notes"])
    _bars, table = first_year(made.first_year, made.currency, TableQuery.of("", {}))
    assert [row[1].text for row in table.rows] == ["0.33 people", "nothing counted"]
    told = simulated_text(made.simulated_from, made.simulated_until, made.first_year)
    assert "Nothing was counted in these days for Named seats" in told


def test_seats_that_a_seller_assumes_are_offered_as_assumed_and_the_whole_term_takes_them(quote, books, document):
    plan = PlanDocument(charges=(ACTIVE, NAMED))
    books.plan("seats", *plan.charges)

    made = quote(offer(plan="seats", term_months=24), assumed_seats=AssumedSeats(number=40))

    # Twelve months of 40 × 9.00 beside 16.80 for the active; the second year is as the first.
    assert (made.net.text(), made.term_net.text()) == ("4336.80", "8673.60")
    _active, named = document(made)["lines"]
    assert (named["quantity"], named["amount"]) == ("40.00 seats", "4,320.00")
    assert named["about"].endswith("; assumed: 40")
    _bars, table = first_year(made.first_year, made.currency, TableQuery.of("", {}))
    assert table.rows[1][1].sub == "assumed: 40"
    assert "Named seats assumed: 40." in simulated_text(made.simulated_from, made.simulated_until, made.first_year)
    # The next version begins with the same.
    assert parse_offer(said_of(made, plan), plan, [("seats", "Seats")], made.currency).assumed_seats == AssumedSeats(
        number=40
    )
    # As many as were active at most: ann and bob, 12 × 2 × 9.00.
    like = quote(offer(plan="seats"), assumed_seats=AssumedSeats(like="peak_active"))
    assert like.net.text() == "232.80"
    # Whoever assumes a million would give away next to nothing: with anything negotiated somebody else approves.
    assert like.status is State.OPEN
    dear = quote(offer(1, plan="seats"), assumed_seats=AssumedSeats(number=1_000_000))
    assert (dear.discount_percent, dear.status) == (Decimal("1.00"), State.PENDING)
    assert above_limit(dear, LIMIT)
