"""A catalogue as a file: read exactly, refused with a pointer; and what differs between versions, in words."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from plans.catalogue import CATALOGUE, FAMILIES
from plans.differences import differences
from plans.documents import parse_document
from plans.files import CatalogueFile, FamilyEntry, PlanEntry, dump_catalogue, parse_catalogue

SMALL = """
tollbook: 1
families:
  - key: suite
    name: Suite
    tiers:
      - [light]
      - [full, full-concurrent]
plans:
  light: &plan
    name: Light
    document:
      charges:
        - {key: seats, name: Seats, model: per_unit, meter: seats.named.peak, prices: {EUR: {unit: 1.10}}}
"""
ONE = SMALL.replace("&plan", "").replace("      - [full, full-concurrent]\n", "")


def shipped() -> CatalogueFile:
    families = []
    for family in FAMILIES:
        entries = [entry for entry in CATALOGUE if entry.family_key == family.key]
        ranks = sorted({entry.rank for entry in entries})
        tiers = tuple(tuple(entry.key for entry in entries if entry.rank == rank) for rank in ranks)
        families.append(FamilyEntry(key=family.key, name=family.name, tiers=tiers))
    plans = {e.key: PlanEntry(name=e.name, kind=e.kind, document=e.document) for e in CATALOGUE}
    return CatalogueFile(families=tuple(families), plans=plans)


def test_the_shipped_catalogue_survives_the_way_through_a_file():
    assert parse_catalogue(dump_catalogue(shipped())) == shipped()


def test_a_bare_price_is_read_as_it_is_written_and_never_as_a_float():
    price = parse_catalogue(ONE).plans["light"].document.charges[0].prices["EUR"]

    assert str(price.unit) == "1.10"
    assert (
        str(
            parse_catalogue(ONE.replace("1.10", "0.100000000001")).plans["light"].document.charges[0].prices["EUR"].unit
        )
        == "0.100000000001"
    )


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("a: [", "", "yaml_invalid"),
        ("just words", "", "shape_invalid"),
        ("", "", "shape_invalid"),
        (ONE.replace("name: Light", "name: Light\n    name: Bright"), "/plans/light/name", "key_twice"),
        (ONE + "  full: *x\n", "", "yaml_invalid"),
        (SMALL + "  full: *plan\n  full-concurrent: *plan\n", "/plans/full", "yaml_alias"),
        (ONE.replace("model: per_unit, ", ""), "/plans/*/document/charges/0", "shape_invalid"),
        (ONE.replace("per_unit", "per_person"), "/plans/*/document/charges/0/model", "shape_invalid"),
        (ONE.replace("tollbook: 1", "tollbook: 2"), "/tollbook", "shape_invalid"),
        (ONE.replace("unit: 1.10", "unit: cheap"), "/plans/*/document/charges/0/prices/*/unit", "shape_invalid"),
        (ONE.replace("[light]", "[light]\n      - [light]"), "/families/0/tiers/1/0", "family_cyclic"),
        (ONE.replace("[light]", "[light, heavy]"), "/families/0/tiers/0/1", "plan_unknown"),
        (ONE.replace("[light]", "[]"), "/plans/light", "plan_without_tier"),
        (ONE.replace("plans:", "  - {key: other, name: Other, tiers: [[light]]}\nplans:"), "/families/1/tiers/0/0", "plan_in_two_families"),
        (ONE.replace("plans:", "  - {key: suite, name: Other, tiers: []}\nplans:"), "/families/1/key", "family_twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_a_pointer(text, pointer, code):
    with pytest.raises(InvalidInput) as refusal:
        parse_catalogue(text)

    assert [(fault.pointer, fault.code) for fault in refusal.value.errors] == [(pointer, code)]


@given(st.text(max_size=300))
def test_no_text_is_read_in_another_way_than_as_a_catalogue_or_a_refusal(text):
    try:
        read = parse_catalogue(text)
    except InvalidInput:
        return
    assert parse_catalogue(dump_catalogue(read)) == read


def document(**changes):
    seats = {"key": "seats", "name": "Seats", "model": "graduated", "meter": "seats.named.peak"}
    seats["prices"] = {"EUR": {"tiers": [{"up_to": "100", "unit": "6.50"}, {"unit": "5.00"}]}}
    return parse_document({"charges": [seats | changes.pop("seats", {})], **changes})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (document(), document(), []),
        (document(), document(seats={"name": "Places"}), ["Charge 'Seats', name: Seats becomes Places."]),
        (
            document(),
            document(seats={"prices": {"EUR": {"tiers": [{"up_to": "100", "unit": "7"}, {"unit": "5.00"}]}}}),
            ["Charge 'Seats', price in EUR, tier 1, for one: 6.50 becomes 7."],
        ),
        (document(), document(seats={"included": "10"}), ["Charge 'Seats', included units: 0 becomes 10."]),
        (
            document(features={"wbt": {"limit": 25, "unit": "courses"}}),
            document(features={"wbt": {"unit": "courses"}, "ilt": {}}),
            ["Feature 'wbt': granted up to 25 courses becomes granted.", "Feature 'ilt': not named becomes granted."],
        ),
        (
            document(),
            document(discounts=[{"key": "d", "name": "D", "percent": "5"}]),
            ["Discount 'D' is new: per cent 5."],
        ),
        (
            document(),
            document(
                commitments=[{"key": "c", "name": "C", "amounts": {"EUR": "900"}, "months": 12, "early_end": "due"}]
            ),
            ["Commitment 'C' is new: amount in EUR 900, months 12, at an early end due."],
        ),
        (
            document(seats={"where": {"pool": ["a"]}, "included_per": {"meter": "seats.named.peak", "quantity": "2"}}),
            document(seats={"where": {"pool": ["a", "b"]}}),
            [
                "Charge 'Seats', counts only, by pool: a becomes a, b.",
                "Charge 'Seats', pool: counts seats.named.peak, quantity 2 becomes nothing.",
            ],
        ),
        (
            document(),
            document(seats={"prices": {"EUR": {"tiers": [{"unit": "6.50"}]}}}),
            [
                "Charge 'Seats', price in EUR, tiers: up to 100, for one 6.50; for one 5.00 becomes for one 6.50.",
            ],
        ),
        (
            document(policies={"sessions": {"timeout_s": 1800}}),
            document(policies={"sessions": {"timeout_s": 600}, "courses": {"triggers": {"wbt": "launched"}}}),
            [
                "How meters count, sessions, time-out in seconds: 1800 becomes 600.",
                "How meters count, courses, trigger of wbt: enrolled becomes launched.",
                "How meters count, courses, trigger of ilt: enrolled becomes nothing.",
                "How meters count, courses, trigger of simulation: launched becomes nothing.",
                "How meters count, courses, trigger of program: enrolled becomes nothing.",
            ],
        ),
        (document(), document(interval_months=12), ["Interval in months: 1 becomes 12."]),
    ],
)
def test_what_differs_is_told_in_words(before, after, told):
    assert [found.sentence for found in differences(before, after)] == told


def test_each_shipped_plan_differs_from_every_other_and_not_from_itself():
    for one in CATALOGUE:
        assert differences(one.document, one.document) == ()
        assert all(differences(one.document, other.document) for other in CATALOGUE if other is not one)


@given(st.decimals(min_value=0, max_value=10**6, places=6))
def test_every_price_that_differs_is_told(unit: Decimal):
    before = CATALOGUE[1].document
    charge = before.charges[0]
    other = msgspec.structs.replace(charge.prices["EUR"], unit=unit)
    changed = msgspec.structs.replace(charge, prices=charge.prices | {"EUR": other})
    after = msgspec.structs.replace(before, charges=(changed, *before.charges[1:]))

    assert bool(differences(before, after)) == (str(unit) != str(charge.prices["EUR"].unit))


def test_prepaid_credits_and_fair_use_stand_in_the_file_and_are_told_apart_in_words():
    bare = ONE.replace("meter: seats.named.peak", "meter: members.registered.average")
    written = bare.replace("{unit: 1.10}}", "{unit: 1.10}}, fair_use: true") + (
        "      credits:\n"
        "        - {key: start, name: Start, amounts: {EUR: 100}, prices: {EUR: 90.00}, months: 12, expires_months: 12}\n"
    )
    plan = parse_catalogue(written).plans["light"].document

    assert (str(plan.credits[0].prices["EUR"]), plan.credits[0].priority, plan.charges[0].fair_use) == (
        "90.00",
        100,
        True,
    )
    assert parse_catalogue(dump_catalogue(parse_catalogue(written))) == parse_catalogue(written)
    found = differences(parse_catalogue(bare).plans["light"].document, plan)
    assert [one.sentence for one in found] == [
        "Charge 'Seats', fair-use credit: no becomes yes.",
        "Credits 'Start' is new: amount in EUR 100, price in EUR 90.00, months 12, expires after months 12.",
    ]
