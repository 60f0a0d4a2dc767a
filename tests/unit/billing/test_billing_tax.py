from datetime import date
from decimal import Decimal

import pytest

from billing.tax import Supply, TaxDecision, TaxProblem, TaxRate, decide_tax, rate_in_force

RATES = (
    TaxRate("DE", date(2007, 1, 1), "S", Decimal(19)),
    TaxRate("DE", date(2020, 7, 1), "S", Decimal(16)),
    TaxRate("DE", date(2021, 1, 1), "S", Decimal(19)),
    TaxRate("FR", date(2014, 1, 1), "S", Decimal(20)),
    TaxRate("US", date(2000, 1, 1), "O", Decimal(0)),
)


def decide(seller, buyer, tax_id="", treatment="standard", on=date(2026, 10, 31)):
    return decide_tax(Supply(seller, buyer, tax_id, treatment, on), RATES)


@pytest.mark.parametrize(
    ("seller", "buyer", "tax_id", "treatment", "expected"),
    [
        ("DE", "DE", "DE1", "standard", ("S", Decimal(19))),
        ("DE", "DE", "", "standard", ("S", Decimal(19))),
        ("DE", "FR", "FR1", "standard", ("AE", Decimal(0))),
        ("DE", "FR", "", "standard", ("S", Decimal(20))),
        ("DE", "US", "", "standard", ("O", Decimal(0))),
        ("DE", "CH", "CHE1", "standard", ("O", Decimal(0))),
        ("US", "US", "", "standard", ("O", Decimal(0))),
        ("US", "DE", "DE1", "standard", ("O", Decimal(0))),
        ("DE", "DE", "DE1", "exempt", ("E", Decimal(0))),
        ("DE", "DE", "DE1", "reverse_charge", ("AE", Decimal(0))),
        ("US", "US", "", "exempt", ("E", Decimal(0))),
    ],
)
def test_place_and_treatment_decide_the_tax(seller, buyer, tax_id, treatment, expected):
    decision = decide(seller, buyer, tax_id, treatment)

    assert isinstance(decision, TaxDecision)
    assert (decision.category, decision.percent) == expected


@pytest.mark.parametrize(("seller", "buyer", "tax_id"), [("DE", "FR", "FR1"), ("DE", "US", ""), ("US", "US", "")])
def test_where_no_tax_is_charged_the_document_says_why(seller, buyer, tax_id):
    assert decide(seller, buyer, tax_id).note


@pytest.mark.parametrize(
    ("on", "percent"),
    [(date(2020, 6, 30), 19), (date(2020, 7, 1), 16), (date(2020, 12, 31), 16), (date(2021, 1, 1), 19)],
)
def test_the_rate_of_the_day_holds(on, percent):
    # Germany's rate was 16 % from 1 July to 31 December 2020.
    assert decide("DE", "DE", on=on).percent == percent


def test_a_country_without_a_rate_is_refused_not_guessed():
    problem = decide("DE", "ES")

    assert isinstance(problem, TaxProblem)
    assert problem.code == "tax_rate_missing"


def test_a_day_before_the_first_rate_has_none():
    assert rate_in_force(RATES, "DE", date(2006, 12, 31)) is None


def test_reverse_charge_without_the_customers_tax_id_is_refused():
    problem = decide("DE", "FR", treatment="reverse_charge")

    assert isinstance(problem, TaxProblem)
    assert problem.code == "tax_id_missing"
