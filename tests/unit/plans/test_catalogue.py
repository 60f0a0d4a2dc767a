"""The shipped catalogue says what catalogue.md says, and passes its own validation."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from metering.policies import DEFAULT_POLICIES
from metering.registry import METERS
from plans.catalogue import CATALOGUE, FAMILIES
from plans.documents import document_hash, document_json, parse_document
from plans.pricing import UsageQuantity, rate
from plans.validation import faults_of, warnings_of

ENTRIES = {entry.key: entry for entry in CATALOGUE}


def amount(plan: str, charge: str, quantity: int, currency: str = "USD") -> str:
    found = ENTRIES[plan].document.charge(charge)
    assert found is not None
    return rate(found, UsageQuantity(Fraction(quantity)), currency).amount.text()


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.key)
def test_every_plan_is_valid_and_survives_being_stored(entry):
    stored = parse_document(msgspec.json.decode(document_json(entry.document)))

    assert faults_of(entry.document, METERS) == []
    assert document_hash(stored) == document_hash(entry.document)
    assert list(stored.currencies()) == ["EUR", "GBP", "USD"]
    assert entry.family_key in {family.key for family in FAMILIES}


@pytest.mark.parametrize(
    ("plan", "charge", "quantity", "dollars"),
    [
        ("light", "registered_members", 10, "250.00"),  # 10 × 1.20 = 12, minimum 250
        ("light", "registered_members", 5_100, "4245.00"),  # 600 + 3,600 + 100 × 0.45
        ("light", "wbt_starts", 20_000, "35000.00"),  # all at 1.75
        ("standard-named", "named_seats", 40_000, "260000.00"),  # × 6.50
        ("standard-named", "courses", 3, "6.00"),  # × 2.00, no seats, no pool
        ("standard-concurrent", "concurrent_users", 10, "380.00"),
        ("full-active", "active_members", 10, "42.00"),
        ("full-active", "contributors", 10, "18.00"),
        ("full-active", "ilt_seats", 10, "40.00"),
        ("full-concurrent", "concurrent_users", 10, "550.00"),
        ("compliance", "fee", 1, "400.00"),
        ("extended-enterprise", "fee", 3, "450.00"),
        ("branded-app", "members", 501, "249.00"),
        ("virtual-classroom", "hours", 101, "240.00"),
        ("content-library", "revenue_share", 100, "50.00"),  # 7.50, minimum 50
        ("content-library", "revenue_share", 1_000, "75.00"),
        ("offline-borrow", "fee", 1, "60.00"),
    ],
)
def test_list_prices_in_dollars(plan, charge, quantity, dollars):
    assert amount(plan, charge, quantity) == dollars


@pytest.mark.parametrize(
    ("plan", "charge", "currency", "amount_of_one"),
    [
        # × 0.92 and × 0.80, rounded to 0.01 half away from zero.
        ("standard-named", "named_seats", "EUR", "5.98"),  # 6.50 × 0.92 = 5.98
        ("standard-named", "named_seats", "GBP", "5.20"),
        ("full-active", "active_members", "EUR", "3.86"),  # 3.864
        ("full-active", "contributors", "EUR", "1.66"),  # 1.656
        ("full-active", "contributors", "GBP", "1.44"),
        ("light", "wbt_starts", "EUR", "2.30"),
        ("compliance", "fee", "EUR", "368.00"),
        ("content-library", "revenue_share", "GBP", "40.00"),  # the minimum of 50 × 0.80
    ],
)
def test_other_lists_follow_by_factor(plan, charge, currency, amount_of_one):
    assert amount(plan, charge, 1, currency) == amount_of_one


def test_the_last_starts_tier_in_euros_is_087():
    # 0.95 × 0.92 = 0.874 → 0.87; 60,000 × 0.87 = 52,200.
    assert amount("light", "wbt_starts", 60_000, "EUR") == "52200.00"


def test_tiers_rise_with_rank_and_alternatives_share_it():
    ranks = {entry.key: entry.rank for entry in CATALOGUE if entry.kind == "base"}

    assert ranks == {"light": 1, "standard-named": 2, "standard-concurrent": 2, "full-active": 3, "full-concurrent": 3}


def test_a_web_course_start_is_a_launch_and_a_class_seat_an_enrolment():
    for entry in CATALOGUE:
        if entry.kind == "base":
            assert entry.document.policies is not None
            assert entry.document.policies.courses.triggers["wbt"] == "launched"
            assert entry.document.policies.courses.triggers["ilt"] == "enrolled"
            assert entry.document.policies.weights == DEFAULT_POLICIES.weights
            assert entry.document.policies.weights.audiences["partner"] == Decimal("0.6")
        else:
            assert entry.document.policies is None


def test_yearly_volume_tiers_carry_a_warning():
    assert [(w.pointer, w.code) for w in warnings_of(ENTRIES["light"].document)] == [
        ("/charges/1/tier_period", "bill_may_be_negative")
    ]
