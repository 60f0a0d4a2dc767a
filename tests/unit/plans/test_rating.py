"""A billing period of a subscription, from fabricated measurements to amounts worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import Period
from metering.measurement import Entry, Measurement
from plans.catalogue import CATALOGUE
from plans.charges import Charge, Price
from plans.documents import PlanDocument
from plans.periods import Schedule, Span, cut, spans
from plans.rating import RatedCharge, Sources, rate_advance, rate_period, rate_refunds, refund_origins
from plans.states import State
from plans.subscriptions import Holding, SubscriptionView, charges_of

DOCUMENTS = {entry.key: entry.document for entry in CATALOGUE}
START = datetime(2026, 1, 1, tzinfo=UTC)


def day(month: int, number: int = 1) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def holding(
    key: str, *, slot: str = "base", quantity: int = 1, starts_at=START, ends_at=None, document=None
) -> Holding:
    return Holding(
        slot, key, key.title(), uuid5(NAMESPACE_OID, key), 1, document or DOCUMENTS[key], quantity, starts_at, ends_at
    )


def subscription(*holdings: Holding, currency: str = "USD", ends_at=None) -> SubscriptionView:
    return SubscriptionView(
        id=UUID(int=2),
        tenant_id=UUID(int=3),
        key="main",
        payer_tenant_id=UUID(int=3),
        currency=currency,
        starts_at=START,
        ends_at=ends_at,
        anchor_on=date(2026, 1, 1),
        time_zone="UTC",
        purchase_order="",
        status=State.ACTIVE,
        holdings=holdings,
        as_of=START,
    )


def month(number: int) -> Span:
    full = Schedule(date(2026, 1, 1), 1, START.tzinfo).period(number - 1)
    return Span(full, full)


def entry(at: datetime, quantity: str | int | Fraction = 1, **keys: str) -> Entry:
    return Entry(
        UUID(int=9),
        1,
        Fraction(quantity),
        Fraction(1),
        "counted",
        at,
        None,
        None,
        None,
        tuple(keys.items()),
        ((None, Fraction(1)),),
    )


class Facts:
    """What was measured: entries by meter for meters that add up, figures by meter for levels."""

    def __init__(self, levels: dict[str, list[tuple[datetime, int]]] | None = None, **flows: list[Entry]) -> None:
        self.levels = levels or {}
        self.flows = {name.replace("__", "."): entries for name, entries in flows.items()}

    def measure(self, meter: str, period: Period) -> Measurement:
        if meter in self.levels:
            # The highest of the levels noted inside the period.
            peak = max((level for at, level in self.levels[meter] if at in period), default=0)
            return Measurement(meter, period, "unit", Fraction(peak), (), ())
        inside = tuple(e for e in self.flows.get(meter, ()) if e.at in period)
        return Measurement(meter, period, "unit", sum((e.quantity for e in inside), Fraction(0)), inside, ())


def told(charges: tuple[RatedCharge, ...]) -> list[tuple[str, str, str]]:
    return [(c.charge_key, f"{c.quantity:f}", c.rated.amount.text()) for c in charges]


def test_a_full_plan_with_add_ons_is_rated_line_by_line_in_the_order_of_a_bill():
    facts = Facts(
        {
            "members.active": [(day(1, 5), 100)],
            "members.contributors": [(day(1, 5), 10)],
            "members.registered.average": [(day(1, 5), 600)],
        },
        courses__transactions__charged=[entry(day(1, 9), course_type="ilt"), entry(day(1, 9), course_type="wbt")],
    )
    held = subscription(
        holding("full-active"),
        holding("branded-app", slot="branded-app"),
        holding("extended-enterprise", slot="extended-enterprise", quantity=3),
    )

    rated = rate_period(held, month(1), Sources(facts.measure))

    # 100 × 4.20, 10 × 1.80, one class seat at 4.00 (the web course is free), 249 up to 5,000, 3 × 150.
    assert told(rated) == [
        ("active_members", "100", "420.00"),
        ("contributors", "10", "18.00"),
        ("ilt_seats", "1", "4.00"),
        ("branded-app.members", "600", "249.00"),
        ("extended-enterprise.fee", "3", "450.00"),
    ]
    assert [e.key("course_type") for e in rated[2].measurement.entries] == ["ilt"]
    assert [key for key, _ in charges_of(held)] == [c.charge_key for c in rated]


def test_a_period_cut_by_a_change_bills_each_plan_for_its_part():
    # June has 30 days, the change is on the 11th: 10 seats × 6.50 × 10/30 = 21.666… → 21.67,
    # then 20 active × 4.20 × 20/30 = 56.00 and 3 contributors × 1.80 × 20/30 = 3.60.
    facts = Facts(
        {
            "seats.named.peak": [(day(6, 2), 10)],
            "members.active": [(day(6, 2), 50), (day(6, 20), 20)],
            "members.contributors": [(day(6, 20), 3)],
        }
    )
    at = day(6, 11)
    held = subscription(holding("standard-named", ends_at=at), holding("full-active", starts_at=at))
    before, after = cut(month(6), at)

    assert told(rate_period(held, before, Sources(facts.measure))) == [
        ("named_seats", "3.333333333333", "21.67"),
        ("courses", "0", "0.00"),
    ]
    assert told(rate_period(held, after, Sources(facts.measure))) == [
        ("active_members", "13.333333333333", "56.00"),
        ("contributors", "2", "3.60"),
        ("ilt_seats", "0", "0.00"),
    ]


def test_light_bills_its_minimum_and_yearly_volume_tiers_by_difference():
    starts = [
        entry(day(1, 3), 4_000, course_type="wbt"),
        entry(day(2, 3), 1_001, course_type="wbt"),
        entry(day(2, 4), 7, course_type="ilt"),
    ]
    facts = Facts({"members.registered.average": [(day(1), 100), (day(2), 100)]}, courses__transactions__charged=starts)
    held = subscription(holding("light"))
    asked = []

    def earlier(held, period: Period) -> Fraction:
        asked.append((held.key, period))
        return Fraction(4_000)

    assert told(rate_period(held, month(1), Sources(facts.measure, earlier))) == [
        ("registered_members", "100", "250.00"),
        ("wbt_starts", "4000", "10000.00"),
    ]
    assert asked == []
    # 5,001 × 2.25 = 11,252.25, less 10,000 of January.
    assert told(rate_period(held, month(2), Sources(facts.measure, earlier)))[1] == ("wbt_starts", "1001", "1252.25")
    assert asked == [("wbt_starts", Period(START, day(2)))]


def test_a_new_contract_year_starts_the_tiers_anew():
    facts = Facts(courses__transactions__charged=[entry(datetime(2027, 1, 3, tzinfo=UTC), 10, course_type="wbt")])
    january = Schedule(date(2026, 1, 1), 1, UTC).period(12)

    rated = rate_period(subscription(holding("light")), Span(january, january), Sources(facts.measure, _refuse))

    assert told(rated)[1] == ("wbt_starts", "10", "25.00")


def _refuse(held, period: Period) -> Fraction:
    raise AssertionError("a contract year's first bill has no earlier ones")


def test_pooled_courses_follow_the_most_seats_so_far_and_never_shrink():
    # 5 seats in January, 7 in March, 3 in April; courses 8, 4, 3, 1: see the pricing example.
    facts = Facts(
        {"seats.named.peak": [(day(1, 2), 5), (day(2, 2), 5), (day(3, 2), 7), (day(4, 2), 3)]},
        courses__transactions__charged=[
            entry(day(m, 9), n, course_type="wbt") for m, n in ((1, 8), (2, 4), (3, 3), (4, 1))
        ],
    )
    held = subscription(holding("standard-named"))

    def earlier(held, period: Period) -> Fraction:
        return facts.measure("courses.transactions.charged", period).quantity

    bills = [told(rate_period(held, month(m), Sources(facts.measure, earlier)))[1][2] for m in (1, 2, 3, 4)]

    assert bills == ["0.00", "4.00", "-2.00", "2.00"]


def test_refunds_are_priced_against_their_origin_period():
    origin = day(3, 10).isoformat()
    facts = Facts(
        courses__transactions__charged=[entry(day(3, 10), course_type="ilt"), entry(day(3, 11), course_type="ilt")],
        courses__transactions__refunded=[
            entry(day(4, 2), "1/2", course_type="ilt", origin_at=origin),
            entry(day(5, 2), 1, course_type="ilt", origin_at=day(3, 11).isoformat()),
            entry(day(4, 3), 1, course_type="wbt", origin_at=origin),
        ],
    )
    held = subscription(holding("full-active"))

    april = rate_refunds(held, month(3), day(5), Sources(facts.measure))
    may = rate_refunds(held, month(3), day(6), Sources(facts.measure))

    # Half a class seat at 4.00 back by the end of April, one and a half by the end of May.
    assert told(april) == [("ilt_seats", "-0.5", "-2.00")]
    assert told(may) == [("ilt_seats", "-1.5", "-6.00")]
    assert april[0].period == month(3).period
    assert refund_origins(facts.measure("courses.transactions.refunded", month(4).period)) == (day(3, 10),)
    assert rate_refunds(held, month(5), day(5), Sources(facts.measure)) == ()


def test_revenue_in_other_currencies_is_told_but_not_priced():
    facts = Facts(
        courses__revenue=[
            entry(day(1, 3), 1_000, currency="USD"),
            entry(day(1, 4), 500, currency="EUR"),
            entry(day(1, 5), -100, currency="USD"),
        ]
    )
    held = subscription(holding("full-active"), holding("content-library", slot="content-library"))

    share = rate_period(held, month(1), Sources(facts.measure))[-1]

    # 7.5 % of 900 = 67.50; the 500 EUR stand in a step.
    assert (share.charge_key, share.rated.amount.text()) == ("content-library.revenue_share", "67.50")
    assert (share.rated.steps[-1].code, share.rated.steps[-1].quantity, share.rated.steps[-1].params) == (
        "not_converted",
        "500",
        {"currency": "EUR"},
    )


def fee(**fields) -> PlanDocument:
    return PlanDocument(
        charges=(Charge(key="fee", name="Fee", model="flat", prices={"USD": Price(amount=Decimal(1200))}, **fields),)
    )


def test_a_yearly_fee_in_a_monthly_subscription_comes_with_the_last_month():
    held = subscription(holding("yearly", document=fee(interval_months=12)))

    rated = [told(rate_period(held, month(m), Sources(Facts().measure))) for m in (1, 11)]

    assert rated == [[], []]
    december = rate_period(held, month(12), Sources(Facts().measure))
    assert told(december) == [("fee", "1", "1200.00")]
    assert december[0].period == Period(START, datetime(2027, 1, 1, tzinfo=UTC))


def test_a_yearly_fee_ends_with_its_plan_and_is_due_for_its_part():
    # Ended on 15 March: 73 of 365 days, a fifth of 1,200.
    ends_at = day(3, 15)
    held = subscription(holding("yearly", document=fee(interval_months=12), ends_at=ends_at), ends_at=ends_at)
    last = list(spans(held.full_at, START, ends_at, until=ends_at))[-1]

    assert told(rate_period(held, last, Sources(Facts().measure))) == [("fee", "1", "240.00")]


def test_a_fee_in_advance_comes_at_the_beginning_only():
    held = subscription(holding("ahead", document=fee(in_advance=True)))

    assert rate_period(held, month(2), Sources(Facts().measure)) == ()
    assert [(c.kind, c.rated.amount.text()) for c in rate_advance(held, month(2))] == [("advance", "1200.00")]


def test_a_price_list_goes_by_the_entries_dimension():
    charge = Charge(
        key="by_type",
        name="By type",
        model="price_list",
        meter="courses.transactions.charged",
        dimension="course_type",
        prices={"USD": Price(entries={"ilt": Decimal(4)}, default=Decimal(1))},
    )
    held = subscription(holding("list", document=PlanDocument(charges=(charge,))))
    facts = Facts(
        courses__transactions__charged=[
            entry(day(1, 2), course_type="ilt"),
            entry(day(1, 2), course_type="wbt"),
            entry(day(1, 3)),
        ]
    )

    (rated,) = rate_period(held, month(1), Sources(facts.measure))

    assert rated.rated.amount.text() == "6.00"  # 4 + 1 + 1
    assert [(s.params["key"], s.quantity) for s in rated.rated.steps] == [("", "1"), ("ilt", "1"), ("wbt", "1")]


MONTHS = st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 40)), min_size=1, max_size=12)


@given(MONTHS)
def test_a_years_pooled_bills_sum_to_what_lies_over_the_whole_pool(months):
    facts = Facts(
        {"seats.named.peak": [(day(m, 2), seats) for m, (_, seats) in enumerate(months, start=1)]},
        courses__transactions__charged=[entry(day(m, 9), n) for m, (n, _) in enumerate(months, start=1)],
    )
    held = subscription(holding("standard-named"))

    def earlier(held, period: Period) -> Fraction:
        return facts.measure("courses.transactions.charged", period).quantity

    billed = sum(
        rate_period(held, month(m), Sources(facts.measure, earlier))[1].rated.amount.amount_minor
        for m in range(1, len(months) + 1)
    )

    over = max(0, sum(n for n, _ in months) - 2 * max(seats for _, seats in months))
    assert billed == over * 200


@given(st.integers(1, 10**6), st.integers(0, 500))
def test_cutting_a_period_never_changes_what_levels_cost_together_by_more_than_rounding(place, seats):
    full = month(6)
    at = full.period.starts_at + timedelta(microseconds=full.period.duration_us * place // (10**6 + 1))
    charge = DOCUMENTS["standard-named"].charges[0]
    document = PlanDocument(charges=(charge,))
    whole = subscription(holding("seats", document=document))
    held = subscription(
        holding("seats", document=document, ends_at=at), holding("more", document=document, starts_at=at)
    )
    facts = Facts({"seats.named.peak": [(full.period.starts_at, seats), (at, seats)]})

    pieces = [rate_period(held, piece, Sources(facts.measure))[0].rated.amount.amount_minor for piece in cut(full, at)]

    uncut = rate_period(whole, full, Sources(facts.measure))[0].rated.amount.amount_minor
    assert abs(sum(pieces) - uncut) <= 1


@pytest.mark.parametrize("instant", [START, day(6, 10), day(6, 11)])
def test_the_plan_is_told_as_of_an_instant(instant):
    at = day(6, 11)
    held = subscription(holding("light", ends_at=at), holding("full-active", starts_at=at))

    assert held.at(instant).plan_key == ("full-active" if instant >= at else "light")
    assert held.at(START - timedelta(days=1)).plan_key == "light"
