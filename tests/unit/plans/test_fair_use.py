"""Fair-use credit: idle members are credited by the day, on a line of its own, whatever the tiers are."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import Period
from metering.measurement import Measurement
from metering.registry import METERS
from plans.rating import Sources, rate_period
from plans.validation import faults_of
from tests.unit.plans.contracts import contract, held, month, plan

MEMBERS = {
    "key": "members", "name": "Members", "model": "per_unit", "meter": "members.registered.average", "fair_use": True,
    "prices": {"USD": {"unit": "2.00"}},
}  # fmt: skip
TIERS = [{"up_to": "10", "unit": "3"}, {"unit": "1", "flat": "5"}]


def counted(registered: Fraction, idle: Fraction) -> Sources:
    def measure(meter: str, period: Period) -> Measurement:
        quantity = {"members.registered.average": registered, "members.idle": idle}[meter]
        return Measurement(meter, period, "person", quantity, (), ())

    return Sources(measure)


def bill(registered: Fraction, idle: Fraction, **charge) -> list[tuple[str, str, int]]:
    lines = rate_period(contract(held(plan(MEMBERS | charge))), month(1), counted(registered, idle))
    return [(line.charge_key, f"{line.quantity:f}", line.rated.amount.amount_minor) for line in lines]


def test_idle_members_are_credited_pro_rata():
    # 12 members of whom one was idle on 10 of 31 days: 24.00, and 2.00 × 10/31 = 0.645 → 23.354… → 23.35.
    assert bill(Fraction(12), Fraction(10, 31)) == [
        ("members", "12", 2400),
        ("members:fair_use", "-0.322580645161", -65),
    ]
    assert bill(Fraction(12), Fraction(0))[1] == ("members:fair_use", "0", 0)


@given(
    st.fractions(0, 50, max_denominator=31),
    st.fractions(0, 1, max_denominator=31),
    st.sampled_from(
        [
            {},
            {"model": "graduated", "prices": {"USD": {"tiers": TIERS}}},
            {"model": "volume", "prices": {"USD": {"tiers": TIERS, "minimum": "7"}}},
            {"included": "4"},
        ]
    ),
)
def test_charge_and_credit_are_the_price_of_those_who_are_not_idle(registered, share, charge):
    idle = registered * share
    whole, credit = bill(registered, idle, **charge)
    [active_only] = bill(registered - idle, Fraction(0), fair_use=False, **charge)

    assert whole[2] + credit[2] == active_only[2]


@pytest.mark.parametrize("meter", ["members.active", "members.registered.peak", None])
def test_only_what_is_charged_by_the_day_has_a_fair_use_credit(meter):
    document = plan(MEMBERS | {"meter": meter})

    faults = faults_of(document, METERS)

    assert [(fault.pointer, fault.code) for fault in faults] == [("/charges/0/fair_use", "fair_use_needs_members")]


def test_a_commitment_to_the_charge_counts_what_is_left_of_it():
    floor = {"key": "floor", "name": "Minimum", "amounts": {"USD": "30"}, "charges": ["members"]}
    lines = rate_period(
        contract(held(plan(MEMBERS, commitments=[floor]))), month(1), counted(Fraction(12), Fraction(2))
    )

    # 24.00 − 4.00 = 20.00, so that 10.00 are missing.
    assert [line.rated.amount.decimal() for line in lines] == [Decimal("24.00"), Decimal("-4.00"), Decimal("10.00")]
