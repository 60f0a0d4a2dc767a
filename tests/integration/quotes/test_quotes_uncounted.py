"""What nothing is known of is not offered for 0.00, neither on the page nor in the document."""

from decimal import Decimal

from msgspec.structs import replace

from app.pages.sales.quote_preview import first_year, simulated_text
from app.pages.tables import TableQuery
from billing.documents.words import Words
from billing.quotes.document import quote_content
from billing.quotes.reads import quote_names
from core.scope import TenantScope
from tenants.reads import get_legal_entity
from tests.builders.bill import ACTIVE, price
from tests.builders.quote import offer

NAMED = replace(ACTIVE, key="named", name="Named seats", meter="seats.named.peak", prices=price(unit=Decimal(9)))


def test_a_charge_by_a_meter_without_any_facts_says_that_nothing_was_counted(quote, books, acme):
    books.plan("seats", ACTIVE, NAMED)
    made = quote(offer(plan="seats"))

    with books.db.begin(TenantScope(acme.id)) as session:
        seller = get_legal_entity(session, acme.legal_entity_id)
        names = quote_names(session, acme.id, made.terms, books.now)
    content = quote_content(made, (seller, acme), names, Words())
    active, named = content["lines"]
    # Two active people in two of twelve months: 4 × 4.20. Of seats nobody ever told anything.
    assert (active["quantity"], active["amount"]) == ("0.33 people", "16.80")
    assert (named["quantity"], named["amount"]) == ("nothing counted", "–")
    assert any(note.startswith("Of Named seats nothing was counted") for note in content["notes"])
    _bars, table = first_year(made.first_year, made.currency, TableQuery.of("", {}))
    assert [row[1].text for row in table.rows] == ["0.33 people", "nothing counted"]
    told = simulated_text(made.simulated_from, made.simulated_until, made.first_year)
    assert "Nothing was counted in these days for Named seats" in told
