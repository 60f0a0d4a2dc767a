"""Every fault of a plan document has its pointer and code, and all are told at once."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import registry
from metering.custom.definition import Filter, MeterDefinition
from metering.custom.spec import custom_spec
from metering.registry import CustomMeter
from plans.charges import Price, Tier
from plans.documents import PlanDocument, parse_document
from plans.validation import faults_of, named_in_full

OWN = MeterDefinition(Filter(("lab.booked",)), "sum", "hour", value_field="hours", dimensions=("course", "bench"))
METERS = registry.METERS | {"lab.hours@1": custom_spec(CustomMeter(UUID(int=1), "lab.hours", 1, OWN))}


def faults(document: PlanDocument) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults_of(document, METERS)]


def plan(model: str = "per_unit", price: dict[str, Any] | None = None, **charge: Any) -> PlanDocument:
    fields = {"key": "c", "name": "C", "model": model, "meter": "contributions"} | charge
    fields.setdefault("prices", {"EUR": {"unit": "1"} if price is None else price})
    return parse_document({"charges": [fields]})


def tiers(*rows: tuple[str | None, str]) -> dict[str, Any]:
    return {"tiers": [{"unit": unit} | ({} if up_to is None else {"up_to": up_to}) for up_to, unit in rows]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (plan(), []),
        (parse_document({"charges": []}), [("/charges", "charges_missing")]),
        (plan(meter="seats.sold"), [("/charges/0/meter", "meter_unknown")]),
        (plan(key="Courses Taken"), [("/charges/0/key", "charge_key_invalid")]),
        (plan(key=""), [("/charges/0/key", "charge_key_invalid")]),
        (plan(prices={}), [("/charges/0/prices", "price_missing")]),
        (plan(prices={"EURO": {"unit": "1"}}), [("/charges/0/prices/EURO", "currency_unknown")]),
        (plan(price={}), [("/charges/0/prices/EUR/unit", "price_incomplete")]),
        (plan(price={"unit": "0"}), []),
        (plan(price={"unit": "-1"}), [("/charges/0/prices/EUR/unit", "number_negative")]),
        (plan(price={"unit": "NaN"}), [("/charges/0/prices/EUR/unit", "number_invalid")]),
        (plan(price={"unit": "1e16"}), [("/charges/0/prices/EUR/unit", "number_too_large")]),
        (plan(price={"unit": "0.000000000001"}), []),
        (plan(price={"unit": "0.0000000000001"}), [("/charges/0/prices/EUR/unit", "too_many_decimals")]),
        (plan(price={"unit": "1", "amount": "2"}), [("/charges/0/prices/EUR/amount", "price_field_unused")]),
        (
            plan(price={"unit": "1", "minimum": "5", "cap": "4.99"}),
            [("/charges/0/prices/EUR/cap", "cap_below_minimum")],
        ),
        (plan(price={"unit": "1", "minimum": "5", "cap": "5"}), []),
        (plan("graduated", tiers(("10", "1"), (None, "2"))), []),
        (plan("graduated", tiers(("10", "1"))), [("/charges/0/prices/EUR/tiers/0/up_to", "last_tier_not_open")]),
        (
            plan("volume", tiers(("10", "1"), ("10", "2"), (None, "3"))),
            [("/charges/0/prices/EUR/tiers/1/up_to", "tiers_not_ascending")],
        ),
        (
            plan("volume", tiers((None, "1"), (None, "2"))),
            [("/charges/0/prices/EUR/tiers/1/up_to", "tiers_not_ascending")],
        ),
        (
            plan("volume", tiers(("0", "1"), (None, "2"))),
            [("/charges/0/prices/EUR/tiers/0/up_to", "tiers_not_ascending")],
        ),
        (plan("graduated", {"tiers": [{}]}), [("/charges/0/prices/EUR/tiers/0", "price_incomplete")]),
        (
            plan("stairstep", tiers((None, "1"))),
            [("/charges/0/prices/EUR/tiers/0/unit", "price_field_unused")],
        ),
        (plan("package", {"amount": "5", "size": "0"}), [("/charges/0/prices/EUR/size", "size_invalid")]),
        (plan("percentage", {"percent": "7.5"}, meter="courses.revenue"), []),
        (
            plan("percentage", {"percent": "101"}, meter="courses.revenue"),
            [("/charges/0/prices/EUR/percent", "percent_invalid")],
        ),
        (
            plan("percentage", {"percent": "1", "least": "2", "most": "1"}, meter="courses.revenue"),
            [("/charges/0/prices/EUR/most", "most_below_least")],
        ),
        (plan("percentage", {"percent": "1"}), [("/charges/0/meter", "percentage_needs_money")]),
        (plan("price_list", {"entries": {"a": "1"}}), [("/charges/0/dimension", "dimension_invalid")]),
        (plan("price_list", {"entries": {"a": "1"}}, dimension="kind"), []),
        (plan(dimension="kind"), [("/charges/0/dimension", "dimension_invalid")]),
        (plan(in_advance=True), [("/charges/0/in_advance", "in_advance_metered")]),
        (plan("flat", {"amount": "1"}, meter=None, in_advance=True), []),
        (plan(interval_months=0), [("/charges/0/interval_months", "interval_invalid")]),
        (plan(interval_months=12), []),
        (plan(meter="courses.transactions.charged", where={"class": []}), [("/charges/0/where/class", "where_empty")]),
        (
            plan(meter="members.active", where={"audience": ["partner"]}),
            [("/charges/0/where", "where_needs_counted_meter")],
        ),
        (
            plan(meter="members.active", tier_period="year"),
            [("/charges/0/tier_period", "tier_period_needs_counted_meter")],
        ),
        (
            plan("price_list", {"entries": {"a": "1"}}, dimension="kind", tier_period="year"),
            [("/charges/0/tier_period", "cumulative_model")],
        ),
        (plan(included_per={"meter": "seats.named.peak", "quantity": "2"}), []),
        (
            plan(included_per={"meter": "contributions", "quantity": "2"}),
            [("/charges/0/included_per/meter", "meter_unknown")],
        ),
        (
            plan("graduated", tiers((None, "1")), included_per={"meter": "seats.named.peak", "quantity": "2"}),
            [("/charges/0/tier_period", "included_per_needs_tier_period")],
        ),
        (
            parse_document({"charges": [], "interval_months": 0}),
            [("/charges", "charges_missing"), ("/interval_months", "interval_invalid")],
        ),
    ],
)
def test_a_fault_is_told_by_pointer_and_code(document, expected):
    assert faults(document) == expected


def test_all_faults_are_told_at_once_and_missing_currencies_by_name():
    document = parse_document(
        {
            "charges": [
                {"key": "a", "name": "A", "model": "flat", "prices": {"EUR": {"amount": "1"}, "USD": {"amount": "-1"}}},
                {"key": "a", "name": "B", "model": "per_unit", "meter": "nope", "prices": {"EUR": {}}},
            ],
            "features": {"ilt": {"granted": False, "limit": 3}},
        }
    )

    assert faults(document) == [
        ("/charges/1/prices", "price_missing_currency"),
        ("/features/ilt/limit", "feature_limit_invalid"),
        ("/charges/0/prices/USD/amount", "number_negative"),
        ("/charges/1/key", "charge_key_taken"),
        ("/charges/1/meter", "meter_unknown"),
        ("/charges/1/prices/EUR/unit", "price_incomplete"),
    ]


FIGURES = st.none() | st.decimals(allow_nan=True, allow_infinity=True)
TIERS = st.builds(Tier, up_to=FIGURES, unit=FIGURES, flat=FIGURES)
PRICES = st.builds(
    Price,
    **dict.fromkeys(
        ("amount", "unit", "size", "percent", "fixed", "least", "most", "default", "minimum", "cap"), FIGURES
    ),
    tiers=st.lists(TIERS, max_size=3).map(tuple),
    entries=st.dictionaries(st.text(max_size=3), st.decimals(), max_size=2),
)


@given(st.sampled_from(["flat", "graduated", "volume", "package", "stairstep", "percentage", "price_list"]), PRICES)
def test_no_figures_however_wild_break_the_validation(model, price):
    charge = msgspec.structs.replace(plan().charges[0], model=model, prices={"EUR": price})

    faults_of(PlanDocument(charges=(charge,)), METERS)


def test_a_document_that_passes_has_no_negative_figure():
    assert faults(plan(included=Decimal(-1))) == [("/charges/0/included", "number_negative")]


def agreed(**terms: Any) -> PlanDocument:
    return parse_document(
        {"charges": [{"key": "c", "name": "C", "model": "flat", "prices": {"EUR": {"amount": "1"}}}], **terms}
    )


DISCOUNT = {"key": "d", "name": "D", "percent": "10"}
FLOOR = {"key": "f", "name": "F", "amounts": {"EUR": "100"}}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (agreed(discounts=[DISCOUNT], commitments=[FLOOR]), []),
        (agreed(discounts=[DISCOUNT | {"charges": ["c"], "periods": 3}], commitments=[FLOOR | {"months": 12}]), []),
        (agreed(discounts=[DISCOUNT | {"percent": None}]), [("/discounts/0", "discount_incomplete")]),
        (agreed(discounts=[DISCOUNT | {"amounts": {"EUR": "5"}}]), [("/discounts/0", "discount_incomplete")]),
        (agreed(discounts=[DISCOUNT | {"percent": "100.5"}]), [("/discounts/0/percent", "percent_invalid")]),
        (agreed(discounts=[DISCOUNT | {"percent": "-1"}]), [("/discounts/0/percent", "number_negative")]),
        (agreed(discounts=[DISCOUNT | {"periods": 0}]), [("/discounts/0/periods", "discount_periods_invalid")]),
        (agreed(discounts=[DISCOUNT | {"charges": ["x"]}]), [("/discounts/0/charges/0", "charge_unknown")]),
        (agreed(discounts=[DISCOUNT | {"key": "D d"}]), [("/discounts/0/key", "agreement_key_invalid")]),
        (agreed(discounts=[DISCOUNT, DISCOUNT]), [("/discounts/1/key", "agreement_key_taken")]),
        (agreed(commitments=[FLOOR | {"amounts": {}}]), [("/commitments/0/amounts", "price_missing")]),
        (
            agreed(commitments=[FLOOR | {"amounts": {"EURO": "1", "EUR": "1"}}]),
            [("/commitments/0/amounts/EURO", "currency_unknown")],
        ),
        (
            agreed(commitments=[FLOOR | {"amounts": {"USD": "1"}}]),
            [("/commitments/0/amounts", "price_missing_currency")],
        ),
        (agreed(commitments=[FLOOR | {"months": 0}]), [("/commitments/0/months", "interval_invalid")]),
        (agreed(features={"x": {"limit": 5, "meter": "contributions"}}), []),
        (agreed(features={"x": {"limit": 5, "meter": "nothing"}}), [("/features/x/meter", "meter_unknown")]),
        (agreed(features={"x": {"meter": "contributions"}}), [("/features/x/limit", "feature_limit_invalid")]),
        (plan(once=True), [("/charges/0/once", "once_is_a_fee")]),
        (plan(rollover_months=12), [("/charges/0/rollover_months", "rollover_needs_allowance")]),
        (plan(rollover_months=0, included="5"), [("/charges/0/rollover_months", "rollover_invalid")]),
        (plan(rollover_months=12, included="5"), []),
        (plan(meter=None, included_per_item="1"), [("/charges/0/included_per_item", "included_per_item_needs_meter")]),
        (plan(included_per_item="-1"), [("/charges/0/included_per_item", "number_negative")]),
        (plan(included_per={"meter": "members.active", "quantity": "5", "period": "period"}), []),
    ],
)
def test_agreements_are_refused_with_a_pointer_too(document, expected):
    assert faults(document) == expected


TRANSACTIONS = "courses.transactions.charged"


@pytest.mark.parametrize(
    ("meter", "dimension", "where", "expected"),
    [
        (TRANSACTIONS, "course_id", {"course_type": ["wbt"], "class": ["guest"]}, []),
        (TRANSACTIONS, "cost_centre", {}, []),
        (TRANSACTIONS, "course", {"course": ["c1"]}, []),
        (TRANSACTIONS, "course-type", {}, ["/charges/0/dimension"]),
        (TRANSACTIONS, "pool", {"course-type": ["wbt"], "a/b": ["c"]},
         ["/charges/0/dimension", "/charges/0/where/course-type", "/charges/0/where/a~1b"]),
        (TRANSACTIONS, "class", {"cost_centre": ["A"]}, ["/charges/0/where/cost_centre"]),
        ("seats.named.peak", "pool", {}, []),
        ("seats.named.peak", "course_type", {}, ["/charges/0/dimension"]),
        ("lab.hours@1", "course", {"bench": ["b1"]}, []),
        ("lab.hours@1", "course_id", {"hours": ["2"]}, ["/charges/0/dimension", "/charges/0/where/hours"]),
        ("lab.minutes@1", "nothing", {}, ["/charges/0/meter"]),
        (None, "course_id", {}, ["/charges/0/meter"]),
    ],
)  # fmt: skip
def test_a_list_and_what_counts_go_by_names_that_the_meter_keeps(meter, dimension, where, expected):
    document = plan("price_list", {"entries": {"x": "1"}}, meter=meter, dimension=dimension, where=where)

    assert [pointer for pointer, _ in faults(document)] == expected
    told = {fault.detail for fault in faults_of(document, METERS) if fault.code == "dimension_unknown"}
    assert all(str(meter) in detail and "audience" in detail for detail in told)


def test_short_names_of_dimensions_are_written_in_full_where_the_meter_has_none_of_that_name():
    document = plan(
        "price_list", {"entries": {"x": "1"}}, meter=TRANSACTIONS, dimension="course",
        where={"course": ["a"], "course_id": ["b"], "class": ["c"]},
    )  # fmt: skip
    own = plan("price_list", {"entries": {"x": "1"}}, meter="lab.hours@1", dimension="course")

    [charge] = named_in_full(document, METERS).charges
    assert (charge.dimension, charge.where) == ("course_id", {"course_id": ("a", "b"), "class": ("c",)})
    assert named_in_full(own, METERS) == own
