"""The form of a comparison: plans are ticked and unticked, and the currency is chosen."""

import re
from decimal import Decimal

from billing.answers.reads.answers import answers_page
from core.scope import VENDOR_ID, StewardScope, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.charges import Charge
from tests.builders.bill import Books, price
from tests.builders.world import LONG_AGO

PAGE = "/sales/customers/acme/compare"


def test_only_ticked_plans_are_compared_in_the_currency_that_was_chosen(client, world, db):
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, LONG_AGO)
    world.tenant()
    seats = Charge(key="seats", name="Seats", model="per_unit", in_advance=True, prices=price(unit=Decimal(5)))
    Books(db, world, LONG_AGO).plan("bought", seats)
    world.key("vendor_sales")
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "vendor_sales@vendor.example", "password": "correct horse battery"})
    page = client.get(PAGE).text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token

    def ask(**said):
        form = {"csrf_token": token[1], "kind": "simulation", "starts_on": "2026-08-01", "ends_on": "2026-11-01"}
        fields = [(name, (None, text)) for name, text in (form | {"plans": "chosen"} | said).items()]
        return client.post(PAGE, files=fields)

    def ticked(text: str) -> dict[str, bool]:
        return {key: bool(on) for key, on in re.findall(r'name="plan\.([\w-]+)"( checked)?>', text)}

    assert set(ticked(page).values()) == {True}
    assert re.findall(r"<option( selected)?>([A-Z]{3})</option>", page)[0] == (" selected", "EUR")

    assert ask(**{"plan.light": "on", "currency": "USD"}).status_code == 200
    with db.begin(StewardScope()) as session:
        [asked] = answers_page(session, None, limit=9)
    assert ([one.plan for one in asked.question.plans], asked.question.currency) == (["light"], "USD")

    assert asked.question.assumed_seats is None
    unsaid = ask(**{"plan.light": "on", "seats": "number", "seats_number": "many"})
    assert "Write a whole number from 1 to 1,000,000." in unsaid.text
    assert ask(**{"plan.light": "on", "seats": "number", "seats_number": "40"}).status_code == 200
    with db.begin(StewardScope()) as session:
        assert answers_page(session, None, limit=1)[0].question.assumed_seats.number == 40

    # Of what is bought the form asks how many, and only of that.
    assert re.findall(r'name="quantity\.([\w-]+)"', page) == ["bought"]
    assert ask(**{"plan.bought": "on", "quantity.bought": "40"}).status_code == 200
    with db.begin(StewardScope()) as session:
        [bought] = answers_page(session, None, limit=1)[0].question.plans
    assert (bought.plan, bought.quantity) == ("bought", 40)

    none = ask(currency="USD")
    assert (none.status_code, set(ticked(none.text).values())) == (422, {False})
    assert "Name what is to be simulated" in none.text
    wrong = ask(**{"plan.light": "on", "currency": "ZZZ"})
    assert "Choose one of the currencies listed." in wrong.text
    assert [key for key, on in ticked(wrong.text).items() if on] == ["light"]
