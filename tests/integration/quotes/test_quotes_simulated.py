"""A quote that is simulated beside plans is what it was priced at, and what it bills once it is accepted."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID, uuid4

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from billing.answers.actions.answer_question import work_out
from billing.answers.progress import UNWATCHED
from billing.answers.questions import PlanWish, SimulationQuestion
from billing.answers.results import PlanResult, SimulatedInvoice
from billing.answers.tasks import answer_questions
from billing.quotes.actions.decide_quote import accept_quote
from billing.quotes.actions.offer_quotes import QuotesOffered
from billing.quotes.offers import OfferPhase, QuoteAddon, QuoteTerms
from billing.quotes.reads import LimitView
from billing.reads import InvoiceView
from core.errors import NotFound
from core.scope import StewardScope, TenantScope
from plans.documents import PlanDocument
from plans.terms import Commitment, CreditBlock, Discount
from tests.builders.bill import ACTIVE, CURRENCIES, FEE, Books, price
from tests.builders.quote import offer
from tests.builders.world import bearer
from tests.simulation.long import settled

FREE_HAND = LimitView("*", Decimal(100), Decimal(0))
FIRST = date(2026, 8, 1)


@pytest.fixture
def seats(books: Books) -> str:
    return books.plan("seats", replace(FEE, key="seat", prices=price(amount=Decimal("7.77"))), kind="addon")


@pytest.fixture
def simulate(books: Books, acme):
    def ask(*quotes: UUID, days: tuple[date, date], tenants=("acme",), **more: object) -> list[PlanResult]:
        first, after = days
        question = SimulationQuestion(tenants=tenants, quotes=quotes, starts_on=first, ends_on=after, **more)
        result = work_out(books.db, question, UNWATCHED, QuotesOffered())
        return [plan for tenant in result.tenants for plan in tenant.plans]

    return ask


def each(amount: int) -> dict[str, Decimal]:
    return dict.fromkeys(CURRENCIES, Decimal(amount))


def negotiated() -> st.SearchStrategy[PlanDocument | None]:
    fee = replace(FEE, prices=price(amount=Decimal("33.33")))
    least = (Commitment(key="least", name="Least", amounts=each(150)),)
    block = (CreditBlock(key="block", name="Block", amounts=each(20), prices=each(15)),)
    return st.sampled_from(
        (None, PlanDocument(charges=(fee, ACTIVE)), PlanDocument(charges=(fee, ACTIVE), commitments=least),
         PlanDocument(charges=(ACTIVE,), credits=block))
    )  # fmt: skip


@st.composite
def offers(draw: st.DrawFn) -> QuoteTerms:
    starts_on = draw(st.dates(date(2026, 1, 1), date(2026, 12, 20)))
    trial = draw(st.sampled_from((0, 0, 14)))
    term = draw(st.integers(2, 14))
    last = term * 28 - 1
    begins = sorted(draw(st.sets(st.integers(trial + 1, last), max_size=2)))
    phases = tuple(
        OfferPhase(
            starts_on=starts_on + timedelta(days=days), quantity=draw(st.integers(1, 5)), terms=draw(negotiated())
        )
        for days in begins
    )
    deal = Discount(key="deal", name="Deal", percent=Decimal("12.5"), periods=draw(st.sampled_from((None, 1))))
    return QuoteTerms(
        plan="small", starts_on=starts_on, term_months=term, quantity=draw(st.integers(1, 4)), trial_days=trial,
        addons=draw(st.sampled_from(((), (QuoteAddon(key="seats", quantity=3),)))), terms=draw(negotiated()),
        phases=phases, discounts=draw(st.sampled_from(((), (deal,)))),
    )  # fmt: skip


def told(invoices: tuple[SimulatedInvoice, ...]) -> list[list[tuple[str, str, Decimal, Decimal]]]:
    return [
        [(line.charge_key, line.kind, Decimal(line.quantity), Decimal(line.amount.amount)) for line in one.lines]
        for one in invoices
    ]


def bill(invoice: InvoiceView, subscription_id: UUID) -> list[tuple[str, str, Decimal, Decimal]]:
    sign = -1 if invoice.kind == "credit_note" else 1
    return [
        (line.charge_key, line.kind, line.quantity, sign * line.amount.decimal())
        for line in invoice.lines
        if line.subscription_id == subscription_id
    ]


def test_a_simulated_quote_is_its_own_first_year_and_once_accepted_its_bills(
    quote, decide, simulate, seats, books, acme
):
    numbers = count()

    @settings(settled(4), phases=[Phase.generate])
    @given(offers())
    def law(terms):
        key = f"q{next(numbers)}"
        made = quote(terms, FREE_HAND, key=key)

        [simulated] = simulate(made.id, days=(made.simulated_from, made.simulated_until))

        assert (simulated.refused, simulated.label, simulated.quote) == (None, f"{key} · 1", made.id)
        assert (simulated.invoices, simulated.net.amount) == (made.first_year, made.net.text())

        # As it stands, over the days of its own contract: what the run bills of them, its last grace over.
        if terms.ends_on > (books.now - timedelta(hours=acme.grace_hours)).date():
            return
        [simulated] = simulate(made.id, days=(terms.starts_on, terms.ends_on))
        accepted = decide(accept_quote, made.id, "user:admin", FREE_HAND, now=books.now)
        before = len(books.invoices(acme))
        books.run(tenant_ids=[acme.id])
        assert told(simulated.invoices) == [
            bill(one, accepted.subscription_id) for one in books.invoices(acme)[before:]
        ]

    law()


def test_phases_keep_their_distance_from_the_first_day_and_what_begins_later_is_not_billed(quote, simulate):
    # 100.00 for one, from the third month on 200.00 for two, from the second year on 300.00 for three.
    ramp = (
        OfferPhase(starts_on=date(2027, 2, 1), quantity=2),
        OfferPhase(starts_on=date(2027, 12, 1), quantity=3),
    )
    made = quote(offer(term_months=24, phases=ramp), FREE_HAND)

    [year] = simulate(made.id, days=(FIRST, date(2026, 11, 1)))
    [odd] = simulate(made.id, days=(date(2026, 1, 15), date(2026, 4, 15)))

    assert [invoice.net.amount for invoice in year.invoices] == ["100.00", "100.00", "200.00", "0.00"]
    # 4.20 for each of two people in the months from 15 February and 15 March.
    assert [invoice.net.amount for invoice in odd.invoices] == ["100.00", "100.00", "208.40", "8.40"]


def test_a_discount_may_be_for_what_begins_after_the_year_that_is_simulated(quote, decide, simulate):
    second = PlanDocument(charges=(replace(FEE, key="second"), ACTIVE))
    deal = Discount(key="deal", name="Deal", percent=Decimal(50), charges=("second",))
    ramp = (OfferPhase(starts_on=date(2027, 12, 1), terms=second),)
    made = quote(offer(term_months=24, phases=ramp, discounts=(deal,)), FREE_HAND)

    [year] = simulate(made.id, days=(FIRST, date(2026, 11, 1)))

    # Nothing is off in the first year; of the whole term, which is priced too, half of the second one's fees.
    assert (year.refused, year.net.amount) == (None, "300.00")
    assert made.term_net.decimal() == made.term_listed.decimal() - 12 * 50
    assert decide(accept_quote, made.id, "user:admin", FREE_HAND).subscription_id is not None


def test_a_quote_stands_beside_plans_for_every_customer_that_is_asked_about(quote, simulate, books, world):
    made = quote(offer(50, quantity=2, term_months=2), FREE_HAND)
    books.send(world.tenant("globex", time_zone="UTC"), *books.active("2026-08-05", "cid"))
    world.tenant("dollar", time_zone="UTC", currency="USD")

    plans = (PlanWish(plan="small"),)
    found = simulate(
        made.id, made.id, days=(FIRST, date(2026, 11, 1)), tenants=("acme", "globex", "dollar"), plans=plans
    )

    # Three months at 100.00, globex with one active member; of the quote half of two months at 200.00.
    assert [(one.label, one.net.amount) for one in found] == [
        ("small 1", "300.00"), ("deal · 1", "200.00"),
        ("small 1", "304.20"), ("deal · 1", "202.10"),
        ("small 1", "300.00"), ("deal · 1", "0.00"),
    ]  # fmt: skip
    # Its term is over a month before the days are.
    assert [one.ends_on for one in found] == [None, date(2026, 10, 1), None, date(2026, 10, 1), None, None]
    assert found[-1].refused is not None
    assert found[-1].refused["code"] == "currency_differs"
    [grown] = simulate(made.id, days=(FIRST, date(2026, 9, 1)), tenants=("globex",), growth_percent=Decimal(100))
    assert grown.net.amount == "104.20"


def test_by_the_api_quotes_are_named_by_id_and_one_that_there_is_not_is_refused_at_once(client, world, db, quote):
    made = quote(offer(10), draft=True)
    sales, admin = world.key("vendor_sales"), world.key("tenant_admin", world.tenant("globex"))
    body = {"tenants": ["acme"], "quotes": [str(made.id)], "starts_on": "2026-08-01", "ends_on": "2026-11-01"}

    def refused(change: dict, key: str = sales) -> tuple[int, str, str]:
        answer = client.post("/v1/simulations", json=body | change, headers=bearer(key))
        return answer.status_code, answer.json()["code"], str(answer.json().get("errors", ""))

    assert refused({"quotes": [str(uuid4())]})[:2] == (404, "not_found")
    assert refused({}, admin)[:2] == (403, "forbidden")
    status, code, errors = refused({"quotes": []})
    assert (status, code) == (422, "invalid_input")
    assert "nothing_to_simulate" in errors

    queued = client.post("/v1/simulations", json=body, headers=bearer(sales))
    assert queued.status_code == 202, queued.text
    answer_questions(db, QuotesOffered())
    answer = client.get(f"/v1/simulations/{queued.json()['id']}", headers=bearer(sales)).json()
    [plan] = answer["result"]["tenants"][0]["plans"]
    assert (answer["status"], answer["steps_done"], answer["steps_total"]) == ("done", 1, 1)
    assert (plan["quote"], plan["label"], plan["net"]["amount"]) == (str(made.id), "deal · 1", "270.00")


def test_quotes_are_the_customers_rows_whoever_asks(quote, books, world):
    made, globex = quote(offer()), world.tenant("globex")

    with books.db.begin(StewardScope()) as session:
        assert QuotesOffered().find(session, made.id).label == "deal · 1"
    with books.db.begin(TenantScope(globex.id)) as session, pytest.raises(NotFound):
        QuotesOffered().find(session, made.id)
