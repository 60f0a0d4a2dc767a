"""What is simulated is what the invoice run bills, to the cent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from billing.drafts import draft_totals
from billing.reads import InvoiceView
from core.scope import TenantScope
from plans.charges import Charge, IncludedPer, Price, Tier
from plans.errors import CurrencyNotPriced
from tests.builders.bill import ACTIVE, FEE, SEATS, STARTS, Books
from tests.builders.terms import simulated, simulated_lines, terms

MONTHS = ("08", "09", "10")
METERS = (
    "members.active", "members.contributors", "members.registered.average", "seats.named.peak",
    "seats.named.prorated", "sessions.concurrent.peak", "sessions.concurrent.p95", "courses.transactions.charged",
    "contributions",
)  # fmt: skip


def history(books: Books) -> list[dict]:
    """Three months of everything that a charge of the catalogue counts, refunds and late ends among it."""
    events = []
    for month in MONTHS:
        day = f"2026-{month}-05"
        events += books.active(day, "ann", "bob", "cid")
        events += books.starts(f"2026-{month}-06", "ann", "bob", course=f"c{month}")
        events += books.enrols(f"2026-{month}-07", "ann", "cid", class_id=f"k{month}", class_at="2026-12-20T09:00:00Z")
        events += books.cancels(f"2026-{month}-20", "cid", class_id=f"k{month}", class_at="2026-12-20T09:00:00Z")
        events.append(books.event("seat.assigned", f"s{month}", day, pool="main"))
        events.append(books.event("membership.opened", f"m{month}", day, community_id="all"))
        for who in ("ann", "bob")[: int(month) % 2 + 1]:
            session = f"{who}-{month}"
            events.append(books.event("session.started", who, day, session_id=session))
            events.append(books.event("session.ended", who, f"2026-{month}-05T12:00:00Z", session_id=session))
        events.append(
            books.event(
                "contribution.created", "bob", f"2026-{month}-09", kind="answer", community_id="all", object_id=month
            )
        )
    return events


def billed_lines(invoices: list[InvoiceView]) -> list[list[tuple[str, str, str, int]]]:
    return [
        [
            (line.charge_key, line.kind, f"{line.quantity.normalize():f}", sign * line.amount.amount_minor)
            for line in one.lines
            for sign in [-1 if one.kind == "credit_note" else 1]
        ]
        for one in invoices
    ]


def amounts(low: str = "0.01", high: str = "40") -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=2)


@st.composite
def prices(draw: st.DrawFn, model: str) -> dict:
    match model:
        case "flat":
            figures: dict = {"amount": draw(amounts())}
        case "per_unit":
            figures = {"unit": draw(amounts())}
        case "package":
            figures = {"amount": draw(amounts()), "size": Decimal(draw(st.integers(1, 4)))}
        case _:
            what = "flat" if model == "stairstep" else "unit"
            first = Tier(up_to=Decimal(draw(st.integers(1, 3))), **{what: draw(amounts())})
            figures = {"tiers": (first, Tier(**{what: draw(amounts())}))}
    return figures | ({"minimum": draw(amounts("0", "5"))} if draw(st.booleans()) else {})


@st.composite
def charges(draw: st.DrawFn, key: str) -> Charge:
    model = draw(st.sampled_from(("flat", "per_unit", "graduated", "volume", "package", "stairstep")))
    figures = draw(prices(model))
    meter = None if model == "flat" else draw(st.sampled_from(METERS))
    fields: dict = {"in_advance": draw(st.booleans())} if meter is None else {}
    if meter == "courses.transactions.charged":
        fields = draw(st.sampled_from(({}, {"where": {"course_type": ("wbt",)}}, {"where": {"course_type": ("ilt",)}})))
        if model == "volume" and "minimum" not in figures and draw(st.booleans()):
            fields = fields | {"tier_period": "year"}
        elif model == "per_unit" and "minimum" not in figures and draw(st.booleans()):
            fields = fields | {"included_per": IncludedPer(meter="seats.named.peak", quantity=Decimal(1))}
    elif meter is not None:
        fields["included"] = Decimal(draw(st.integers(0, 2)))
    return Charge(
        key=key, name=key, model=model, meter=meter, prices={"EUR": Price(**figures)},
        proration=draw(st.sampled_from(("by_second", "by_day"))), **fields,
    )  # fmt: skip


@st.composite
def plans(draw: st.DrawFn) -> tuple[Charge, ...]:
    return tuple(draw(charges(f"c{number}")) for number in range(draw(st.integers(1, 4))))


@pytest.fixture
def books(db, world) -> Books:
    return Books(db, world, now=datetime(2026, 11, 20, 9, tzinfo=UTC))


def test_a_simulation_is_the_invoice_run_on_random_plans(books, world):
    numbers = count(1)

    @settings(
        max_examples=14,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        plan=plans(),
        first=st.dates(date(2026, 8, 1), date(2026, 8, 20)),
        last=st.dates(date(2026, 10, 2), date(2026, 11, 1)),
    )
    def law(plan, first, last):
        number = next(numbers)
        tenant = world.tenant(f"t{number}")
        books.send(tenant, *history(books))
        wish = terms(*plan, starts_on=first, ends_on=last)
        foreseen = simulated(books.db, tenant, wish)

        books.plan(f"p{number}", *plan)
        books.subscribe(tenant, f"p{number}", starts_on=first, ends_on=last)
        books.run(tenant_ids=[tenant.id])

        billed = books.invoices(tenant)
        assert simulated_lines(foreseen) == billed_lines(billed)
        totals = [draft_totals(one.draft) for one in foreseen]
        assert [abs(one.gross.amount_minor) for one in totals] == [one.gross.amount_minor for one in billed]

    law()


def test_every_kind_of_charge_of_a_quarter_is_foreseen_with_its_refunds(books, world):
    acme = world.tenant()
    books.send(acme, *history(books))

    documents = simulated(books.db, acme, terms(FEE, ACTIVE, STARTS, SEATS))

    assert simulated_lines(documents) == [
        [("fee", "advance", "1", 10000)],
        # ann, bob, cid: 3 × 4.20. Two starts × 2.50. Two seats: 5 + 4; cid's is given back: −4.
        [("active", "usage", "3", 1260), ("starts", "usage", "2", 500), ("seats", "usage", "2", 900),
         ("fee", "advance", "1", 10000), ("seats", "refund", "-1", -400)],
        # Four starts in the contract year are all at 2.00 by volume: 8.00 less 5.00.
        [("active", "usage", "3", 1260), ("starts", "usage", "2", 300), ("seats", "usage", "2", 900),
         ("fee", "advance", "1", 10000), ("seats", "refund", "-1", -400)],
        [("active", "usage", "3", 1260), ("starts", "usage", "2", 400), ("seats", "usage", "2", 900),
         ("seats", "refund", "-1", -400)],
    ]  # fmt: skip


def test_a_simulation_leaves_nothing_behind(books, world):
    acme = world.tenant()
    books.send(acme, *history(books))

    simulated(books.db, acme, terms(FEE, ACTIVE))

    with books.db.begin(TenantScope(acme.id)) as session:
        for table in ("subscription", "billing_period", "invoice", "rated_line", "policy_binding", "evidence_file"):
            assert session.execute(text(f"select count(*) from {table}")).scalar_one() == 0


def test_a_currency_without_a_price_is_refused(books, world):
    acme = world.tenant()
    charge = msgspec.structs.replace(ACTIVE, prices={"EUR": Price(unit=Decimal(1))})

    with pytest.raises(CurrencyNotPriced):
        simulated(books.db, acme, replace(terms(charge), currency="USD"))
