"""MRR movements add up exactly, whatever was billed; worked examples of each kind."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.revenue.movements import Kind, Slice, converted, months_of, report, spread
from core.money import Money
from core.periods import add_months

FIRST = date(2026, 1, 1)
MONTHS = months_of(FIRST, date(2026, 6, 1))
ANN, BOB = UUID(int=1), UUID(int=2)


def slices(customer: UUID, *minor: int, plan: str = "light", currency: str = "EUR", recurring: bool = True):
    """One slice a month from January on; 0 is none."""
    return [
        Slice(customer, customer, plan, add_months(FIRST, place), Money(amount, currency), recurring)
        for place, amount in enumerate(minor)
        if amount
    ]


def moved(found, month: int) -> dict[str, int]:
    return {kind.value: money.amount_minor for kind, money in found.months[month].moved.items() if money.amount_minor}


def test_every_kind_of_movement():
    #          Jan   Feb   Mar   Apr   May   Jun
    rows = slices(ANN, 1000, 1500, 1200, 0, 900, 900)

    found = report(rows, "EUR", MONTHS)

    assert [moved(found, n) for n in range(6)] == [
        {"new": 1000}, {"expansion": 500}, {"contraction": -300}, {"churn": -1200}, {"reactivation": 900}, {},
    ]  # fmt: skip
    assert [line.closing.amount_minor for line in found.months] == [1000, 1500, 1200, 0, 900, 900]
    assert found.months[1].yearly == Money(18000, "EUR")


def test_what_is_due_once_is_no_mrr():
    found = report([*slices(ANN, 100), *slices(ANN, 5000, recurring=False)], "EUR", MONTHS[:1])

    assert (found.months[0].closing, found.months[0].one_time) == (Money(100, "EUR"), Money(5000, "EUR"))


def test_retention_leaves_out_new_customers_and_gross_leaves_out_what_grew():
    carl = UUID(int=3)
    rows = [*slices(ANN, 1000, 1600), *slices(BOB, 1000, 400), *slices(carl, 0, 700)]

    found = report(rows, "EUR", MONTHS[1:2])

    # Net (1600 + 400) / 2000, gross (1000 + 400) / 2000.
    assert (found.net_retention, found.gross_retention) == (Fraction(1), Fraction(7, 10))
    assert found.retained_since == MONTHS[0]
    assert report(rows, "EUR", MONTHS[:1]).net_retention is None
    # Nothing was there before January: told of its own customers then.
    assert report(rows, "EUR", MONTHS[:2]).net_retention == Fraction(1)


def test_a_movement_stands_at_the_plan_where_it_arrives_and_a_loss_where_it_left():
    up = [Slice(ANN, ANN, "light", MONTHS[0], Money(100, "EUR")), Slice(ANN, ANN, "full", MONTHS[1], Money(300, "EUR"))]
    down = [
        Slice(BOB, BOB, "full", MONTHS[0], Money(300, "EUR")),
        Slice(BOB, BOB, "light", MONTHS[1], Money(50, "EUR")),
    ]

    tiers = {tier.plan: tier for tier in report([*up, *down], "EUR", MONTHS[1:2]).tiers}

    assert tiers["full"].moved[Kind.EXPANSION].amount_minor == 200
    assert tiers["full"].moved[Kind.CONTRACTION].amount_minor == -250
    assert (tiers["full"].by_month[0].amount_minor, tiers["light"].customers) == (300, 1)


@pytest.mark.parametrize(
    ("first", "until", "minor", "parts"),
    [
        (date(2026, 1, 1), date(2026, 2, 1), 999, {date(2026, 1, 1): 999}),
        # An anchor in the middle: the period belongs to the month it starts in.
        (date(2026, 1, 15), date(2026, 2, 15), 999, {date(2026, 1, 1): 999}),
        (date(2026, 1, 31), date(2026, 2, 28), 999, {date(2026, 1, 1): 999}),
        # A year: a twelfth each.
        (date(2025, 11, 1), date(2026, 11, 1), 12_000, {add_months(date(2025, 11, 1), n): 1000 for n in range(12)}),
        # A quarter of 1.00: the cent that is over goes to the first; given back, the mirror image.
        (
            date(2026, 4, 1),
            date(2026, 7, 1),
            -100,
            {date(2026, 4, 1): -34, date(2026, 5, 1): -33, date(2026, 6, 1): -33},
        ),
    ],
)
def test_a_period_counts_in_equal_parts_in_its_months(first, until, minor, parts):
    assert dict(spread(first, until, minor)) == parts


def test_one_rate_for_all_months_makes_no_movement_of_its_own():
    rows = converted(slices(ANN, 1000, 1000, 1000, currency="USD"), "EUR", {"USD": Decimal("0.9137")})

    found = report(rows, "EUR", MONTHS[:3])

    assert [moved(found, n) for n in range(3)] == [{"new": 914}, {}, {}]


minor = st.integers(-500, 500) | st.just(0)
year = st.lists(minor, min_size=6, max_size=6)
books = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["light", "full"]), st.sampled_from(["EUR", "USD"]), year)
)


@given(books)
def test_opening_and_movements_are_closing_for_whatever_was_billed(rows):
    billed = [one for n, plan, code, of in rows for one in slices(UUID(int=n), *of, plan=plan, currency=code)]
    whole = converted(billed, "EUR", {"USD": Decimal("0.87123")})

    found = report(whole, "EUR", MONTHS)

    for before, line in zip(found.months, found.months[1:], strict=False):
        assert line.opening == before.closing
    for line in found.months:
        steps = sum(money.amount_minor for money in line.moved.values())
        assert line.opening.amount_minor + steps == line.closing.amount_minor
        moves = [move for move in found.movements if move.month == line.month]
        assert sum(move.amount.amount_minor for move in moves) == steps
        of_tiers = [tier.by_month[MONTHS.index(line.month)].amount_minor for tier in found.tiers]
        assert sum(of_tiers) == line.closing.amount_minor
    for kind in Kind:
        by_tier = sum(tier.moved[kind].amount_minor for tier in found.tiers)
        assert by_tier == sum(line.moved[kind].amount_minor for line in found.months)
    assert found.months[-1].closing.amount_minor == sum(
        one.amount.amount_minor for one in whole if one.month == MONTHS[-1]
    )


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 900), st.integers(-(10**9), 10**9))
def test_the_months_of_a_line_are_the_line(first, days, minor):
    parts = spread(first, date.fromordinal(first.toordinal() + days), minor)

    assert sum(part for _, part in parts) == minor
    assert len({month for month, _ in parts}) == len(parts)
    assert max(part for _, part in parts) - min(part for _, part in parts) <= 1
