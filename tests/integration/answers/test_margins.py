"""What is left of customers' bills and of plans that are simulated, by the sheets of costs."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from billing.answers.actions.answer_question import work_out
from billing.answers.actions.ask import ask
from billing.answers.progress import UNWATCHED
from billing.answers.questions import MarginsQuestion, PlanWish, SimulationQuestion
from billing.answers.tasks import answer_questions
from billing.costs.actions.set_costs import drop_costs, set_costs
from core.errors import InvalidInput
from core.scope import StewardScope
from plans.documents import PlanDocument
from tests.builders.bill import ACTIVE, FEE, Books, price
from tests.builders.world import bearer

NOW = datetime(2026, 11, 24, tzinfo=UTC)
QUARTER = (date(2026, 8, 1), date(2026, 11, 1))
ONCE = replace(FEE, key="setup", name="Set-up", in_advance=False, once=True, prices=price(amount=Decimal(25)))


def monthly(fee: int, active: str, *more) -> PlanDocument:
    flat = replace(FEE, key="hosting", name="Hosting", in_advance=False, prices=price(amount=Decimal(fee)))
    return PlanDocument(charges=(flat, replace(ACTIVE, prices=price(unit=Decimal(active))), *more))


@pytest.fixture
def books(db, world) -> Books:
    books = Books(db, world, now=datetime(2026, 11, 20, 9, tzinfo=UTC))
    books.plan("small", FEE, ACTIVE)
    return books


@pytest.fixture
def costs(db):
    def set_on(day: date, document: PlanDocument) -> None:
        with db.begin(StewardScope()) as steward:
            set_costs(steward, day, document, "user:controller", NOW)

    return set_on


@pytest.fixture
def billed(books, world):
    """Three months of 100.00 and 4.20 for each of three people, from August on."""

    def make(name: str, **changes):
        tenant = world.tenant(name, time_zone="UTC", **changes)
        books.subscribe(tenant)
        for month in ("08", "09", "10"):
            books.send(tenant, *books.active(f"2026-{month}-05", "ann", "bob", "cid"))
        return tenant

    return make


def margins(books: Books, *days: date):
    first, after = days or QUARTER
    return work_out(books.db, MarginsQuestion(starts_on=first, ends_on=after), UNWATCHED)


def test_what_is_left_of_a_customers_bills(books, billed, costs):
    billed("acme")
    books.run()
    costs(date(2026, 1, 1), monthly(60, "1.00"))

    [one] = margins(books).customers

    # 3 × (100.00 + 3 × 4.20) = 337.80, less 3 × (60.00 + 3 × 1.00) = 189.00.
    assert (one.net.amount, one.cost.amount, one.margin_percent, one.plan) == ("337.80", "189.00", "44.05", "small")


def test_each_day_costs_what_the_sheet_of_that_day_says_and_once_is_once(books, billed, costs):
    billed("acme")
    books.run()
    costs(date(2026, 1, 1), monthly(60, "1.00", ONCE))
    costs(date(2026, 10, 1), monthly(90, "2.00", ONCE))

    [whole] = margins(books).customers
    [october] = margins(books, date(2026, 10, 1), date(2026, 11, 1)).customers

    # 25.00 as the contract begins, in August; 2 × 63.00; 96.00.
    assert whole.cost.amount == "247.00"
    assert (october.net.amount, october.cost.amount) == ("112.60", "96.00")


def test_costs_that_begin_within_the_months_are_not_known_for_all_of_them(books, billed, costs):
    billed("acme")
    billed("beta", currency="USD")
    books.run()
    euros = monthly(60, "1.00")
    only = tuple(replace(charge, prices={"EUR": charge.prices["EUR"]}) for charge in euros.charges)
    costs(date(2026, 8, 1), PlanDocument(charges=only))

    found = margins(books)
    earlier = margins(books, date(2026, 7, 1), date(2026, 11, 1))

    assert [(one.tenant, one.cost is None) for one in found.customers] == [("acme", False), ("beta", True)]
    # July is before the contract: what it would have cost does not matter.
    assert [one.cost is None for one in earlier.customers] == [False, True]
    assert [(one.net.currency, one.customers, one.margin_percent) for one in found.totals] == [
        ("EUR", 1, "44.05"), ("USD", 1, None),
    ]  # fmt: skip
    costs(date(2026, 8, 2), monthly(60, "1.00"))
    with books.db.begin(StewardScope()) as steward:
        drop_costs(steward, date(2026, 8, 1), "user:controller")
    assert all(one.cost is None for one in margins(books).customers)


def test_two_contracts_of_a_customer_use_costs_once(books, billed, costs):
    acme = billed("acme")
    books.subscribe(acme, key="second", starts_on=date(2026, 9, 1))
    books.run()
    costs(date(2026, 1, 1), monthly(60, "1.00"))

    [one] = margins(books).customers

    assert (one.net.amount, one.cost.amount) == ("563.00", "189.00")


def test_who_costs_more_than_they_bring_stands_first(books, billed, costs):
    billed("acme")
    gamma = billed("gamma")
    books.run()
    books.send(gamma, *books.active("2026-10-06", *(f"p{n}" for n in range(200))))
    costs(date(2026, 1, 1), monthly(60, "5.00"))

    found = margins(books)

    # Late facts cost as they are known now; they are billed with the next run.
    assert [(one.tenant, one.loses) for one in found.customers] == [("gamma", True), ("acme", False)]
    [euros] = found.totals
    assert (euros.customers, euros.plan) == (2, "")
    assert [(one.plan, one.customers) for one in found.plans] == [("small", 2)]


def test_a_simulated_plan_tells_what_is_left_by_todays_sheet(books, billed, costs):
    billed("acme")
    costs(date(2026, 1, 1), monthly(10, "1.00"))
    costs(date(2026, 11, 1), monthly(60, "1.00"))
    costs(date(2999, 1, 1), monthly(99, "1.00"))
    wish = PlanWish(plan="small")
    asked = SimulationQuestion(tenants=("acme",), plans=(wish,), starts_on=QUARTER[0], ends_on=QUARTER[1])

    [[plan]] = [one.plans for one in work_out(books.db, asked, UNWATCHED).tenants]
    doubled = replace(asked, growth_percent=Decimal(100))
    [[grown]] = [one.plans for one in work_out(books.db, doubled, UNWATCHED).tenants]

    assert (plan.net.amount, plan.cost.amount, plan.margin_percent) == ("337.80", "189.00", "44.05")
    assert (grown.net.amount, grown.cost.amount) == ("375.60", "198.00")


def test_margins_are_asked_of_whole_months_as_a_job_with_progress(client, books, billed, costs, world):
    billed("acme")
    books.run()
    costs(date(2026, 1, 1), monthly(60, "1.00"))
    with pytest.raises(InvalidInput) as refused, books.db.begin(StewardScope()) as steward:
        ask(steward, MarginsQuestion(starts_on=date(2026, 8, 2), ends_on=date(2026, 11, 1)), "user:me", NOW)
    assert refused.value.errors[0].code == "months_invalid"

    finance = bearer(world.key("vendor_finance"))
    body = {"kind": "margins", "starts_on": "2026-08-01", "ends_on": "2026-11-01"}
    asked = client.post("/v1/answers", json=body, headers=finance)
    assert (asked.status_code, asked.json()["steps_total"]) == (202, 1)
    answer_questions(books.db)

    told = client.get(f"/v1/answers/{asked.json()['id']}", headers=finance).json()
    assert (told["status"], told["steps_done"]) == ("done", 1)
    assert told["result"]["customers"][0]["margin_percent"] == "44.05"
