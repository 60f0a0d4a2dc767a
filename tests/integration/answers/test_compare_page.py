"""The form of a comparison: plans are ticked and unticked, the currency is chosen, a definition is written."""

import html
import re
from decimal import Decimal

import pytest

from billing.answers.reads.answers import answers_page
from core.scope import VENDOR_ID, StewardScope, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.actions.save_draft import DraftInput, save_draft
from plans.charges import Charge
from plans.documents import PlanDocument
from tests.builders.bill import ACTIVE, FEE, Books, price
from tests.builders.world import ACTOR, LONG_AGO

PAGE = "/sales/customers/acme/compare"
DEFINITION = f"{PAGE}/definition"


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


@pytest.fixture
def sales(client, world, db):
    """A seller at the browser, and what the newest question was."""
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, LONG_AGO)
    world.tenant()
    world.key("vendor_sales")
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "vendor_sales@vendor.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(PAGE).text)
    assert token

    def send(address, **said):
        form = {"csrf_token": token[1], "starts_on": "2026-08-01", "ends_on": "2026-11-01"} | said
        if address == PAGE:
            return client.post(PAGE, files=[(name, (None, text)) for name, text in form.items()])
        return client.post(address, data=form)

    def newest():
        with db.begin(StewardScope()) as session:
            return answers_page(session, None, limit=1)[0].question

    return send, newest


def test_versions_drafts_add_ons_growth_and_several_customers_are_asked_about(sales, client, world, db):
    send, newest = sales
    world.tenant("other")
    books = Books(db, world, LONG_AGO)
    books.plan("small", FEE)
    books.plan("small", FEE, ACTIVE)
    with db.begin(TenantScope(VENDOR_ID)) as session:
        save_draft(session, DraftInput("small", PlanDocument(charges=(FEE,)), None, ACTOR), LONG_AGO)
    page = client.get(PAGE).text
    for value in ("small", "small@1", "small@draft"):
        assert f'name="plan.{value}"' in page
    assert 'name="plan.small@1" checked' not in page, "older ones are asked about on purpose only"

    wishes = {"plan.small@1": "on", "plan.small@draft": "on", "addon.compliance": "2", "tenant.other": "on"}
    sent = send(PAGE, kind="simulation", plans="chosen", currency="own", more="12.5", **wishes)
    assert sent.status_code == 200
    asked = newest()
    assert [(one.plan, one.version, one.draft) for one in asked.plans] == [("small", 1, False), ("small", None, True)]
    assert {(one.key, one.quantity) for wish in asked.plans for one in wish.addons} == {("compliance", 2)}
    assert (asked.tenants, asked.growth_percent, asked.currency) == (("acme", "other"), Decimal("12.5"), None)

    assert send(PAGE, kind="timeout", plan="small@1").status_code == 200
    assert (newest().plan.plan, newest().plan.version) == ("small", 1)
    assert "Choose one of the plans." in send(PAGE, kind="timeout", plan="small@9").text


def test_drafts_are_offered_to_those_who_write_them(sales, client, world, db):
    books = Books(db, world, LONG_AGO)
    books.plan("small", FEE)
    with db.begin(TenantScope(VENDOR_ID)) as session:
        save_draft(session, DraftInput("small", PlanDocument(charges=(FEE,)), None, ACTOR), LONG_AGO)
    assert "small@draft" in client.get(PAGE).text

    world.key("vendor_finance")
    client.post("/sign-in", data={"email": "vendor_finance@vendor.example", "password": "correct horse battery"})

    assert "small@draft" not in client.get(PAGE).text
    assert "small@draft" not in client.get(DEFINITION).text


def test_every_part_of_a_definition_can_be_asked_about(sales):
    send, newest = sales
    plan = "full-active"
    assert send(PAGE, kind="definition", plan=plan).url.path == DEFINITION

    same = send(DEFINITION, plan=plan, currency="EUR", act="ask")
    assert (same.status_code, "This is how the plan counts already" in same.text) == (422, True)

    said = {
        "/policies/members/min_events": "3",
        "/policies/members/idle_days": "14",
        "set:/policies/members/active_types": "1",
        "has:/policies/members/active_types:contribution.created": "true",
        "/policies/sessions/timeout_s": "900",
        "/policies/sessions/count_by": "session",
        "/policies/courses/access_window_days": "90",
        "/policies/courses/triggers/wbt": "completed",
        "/policies/seats/cooldown_days": "10",
        "/policies/weights/audiences/partner": "0.5",
    }
    grown = send(DEFINITION, plan=plan, currency="EUR", act="add:/policies/courses/refunds/wbt/after_trigger", **said)
    carried = html.unescape(re.findall(r'name="carried" value="([^"]*)"', grown.text)[0])
    rule = {"/policies/courses/refunds/wbt/after_trigger/1/days": "30"}
    assert "after_trigger/1/days" in grown.text
    send(DEFINITION, plan=plan, currency="EUR", act="ask", carried=carried, **said, **rule)

    policies = newest().policies
    assert (policies.members.min_events, policies.members.idle_after) == (3, 14)
    assert policies.members.active_types == ("contribution.created",)
    assert (policies.sessions.timeout_s, policies.sessions.count_by) == (900, "session")
    assert (policies.courses.access_window_days, policies.courses.triggers["wbt"]) == (90, "completed")
    assert [one.days for one in policies.courses.refunds["wbt"].after_trigger] == [14, 30]
    assert policies.seats.cooldown_days == 10
    assert policies.weights.audiences["partner"] == Decimal("0.5")


def test_what_cannot_be_read_of_a_definition_stands_at_its_field(sales):
    send, _newest = sales

    page = send(DEFINITION, plan="full-active", act="ask", **{"/policies/sessions/timeout_s": "soon"})

    assert page.status_code == 422
    assert 'value="soon"' in page.text
    assert re.findall(r'class="error" id="f([\w-]+)-fault"', page.text) == ["-policies-sessions-timeout_s"]
    days = send(DEFINITION, plan="full-active", act="ask", starts_on="x", **{"/policies/seats/cooldown_days": "1"})
    assert re.findall(r'class="error" id="f([\w-]+)-fault"', days.text) == ["starts_on"]
