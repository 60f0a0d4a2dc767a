"""A plan's document as a form: what is written becomes the document, and a fault stands at its field."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.sales.document import applied, document_form
from app.pages.sales.offer_form import fresh, parse_offer
from core.errors import InputError, InvalidInput
from metering.policies import DEFAULT_POLICIES
from metering.registry import METERS
from plans.catalogue import CATALOGUE
from plans.charges import Charge, IncludedPer, Price, Tier
from plans.documents import Feature, PlanDocument, document_json, parse_document
from plans.terms import Commitment

EUR = "/charges/0/prices/EUR"
MEMBERS = Charge(
    key="members", name="Members", model="graduated", meter="members.active",
    prices={"EUR": Price(tiers=(Tier(up_to=Decimal(10), unit=Decimal(2)), Tier(unit=Decimal(1))), minimum=Decimal(5))},
)  # fmt: skip
FEE = Charge(key="fee", name="Fee", model="flat", in_advance=True, prices={"EUR": Price(amount=Decimal(100))})
DOCUMENT = PlanDocument(charges=(MEMBERS, FEE), features={"wikis": Feature(limit=3, unit="wikis")})


FULL = parse_document(
    {
        "interval_months": 3,
        "charges": [
            {
                "key": "starts", "name": "Starts", "model": "volume", "meter": "courses.transactions.charged",
                "where": {"course_type": ["wbt", "a, b"]}, "tier_period": "year", "interval_months": 6,
                "included_per": {"meter": "seats.named.peak", "quantity": "2"}, "proration": "by_day",
                "prices": {"EUR": {"tiers": [{"up_to": "10", "unit": "2", "flat": "1"}, {"unit": "1"}], "cap": "90"}},
            },
            {
                "key": "members", "name": "Members", "model": "per_unit", "meter": "members.registered.average",
                "included": "5", "included_per_item": "1", "rollover_months": 12, "fair_use": True,
                "included_per": {"meter": "members.active", "quantity": "5", "period": "period"},
                "prices": {"EUR": {"unit": "1.5", "minimum": "3"}},
            },
            {
                "key": "fee", "name": "Fee", "model": "flat", "in_advance": True, "once": True,
                "prices": {"EUR": {"amount": "100"}},
            },
            {
                "key": "list", "name": "List", "model": "price_list", "meter": "courses.transactions.charged",
                "dimension": "course_id", "list_order": ["b", "a"],
                "prices": {"EUR": {"entries": {"a": "1", "b/c": "2"}, "default": "3"}},
            },
            {
                "key": "share", "name": "Share", "model": "percentage", "meter": "courses.revenue",
                "prices": {"EUR": {"percent": "7.5", "fixed": "1", "least": "2", "most": "9"}},
            },
            {
                "key": "hours", "name": "Hours", "model": "package", "meter": "class.hours",
                "prices": {"EUR": {"amount": "120", "size": "100"}},
            },
        ],
        "features": {
            "exports": {"limit": 20, "unit": "exports", "meter": "class.hours", "variant": "custom", "extras": ["x", "y"]},
            "ilt": {"granted": False, "addon": "classes"},
        },
        "discounts": [
            {"key": "d", "name": "D", "percent": "5", "charges": ["members", "starts"], "periods": 3},
            {"key": "e", "name": "E", "amounts": {"EUR": "50"}},
        ],
        "commitments": [
            {"key": "c", "name": "C", "amounts": {"EUR": "900"}, "months": 12, "charges": ["fee"], "early_end": "due"}
        ],
        "credits": [
            {
                "key": "s", "name": "S", "amounts": {"EUR": "100"}, "prices": {"EUR": "90"}, "months": 12,
                "expires_months": 12, "rollover_months": 3, "rollover_percent": "50", "priority": 7,
                "charges": ["members"], "meters": ["class.hours"], "refundable": True,
            }
        ],
        "policies": {
            "members": {"active_types": ["a.custom.act", "class.attended"], "idle_days": 30, "kind_weights": {"post": "2"}},
            "courses": {"no_show_billable": True},
        },
    }
)  # fmt: skip


def fields_of(form):
    """Return every field of the form by its name."""

    def within(part):
        yield from part.fields
        for inner in part.parts:
            yield from within(inner)

    found = list(form.basics)
    for charge in form.charges:
        for row in (charge.fields, charge.price.fields, *charge.price.tiers):
            found += row
        found += within(charge.more)
    for part in (*form.agreements, form.features, form.policies):
        found += within(part)
    return {field.name: field for field in found}


def leaves(value, at=""):
    """Yield a pointer for everything the JSON says; a list of texts is one thing."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{at}/{place}")
    else:
        yield at


@pytest.mark.parametrize("document", [DOCUMENT, FULL, *(entry.document for entry in CATALOGUE)])
def test_an_untouched_form_changes_nothing(document):
    form = document_form(document, "EUR", METERS, (), {})
    said = {}
    for field in fields_of(form).values():
        if field.kind == "boxes":
            said |= {f"set:{field.name}": "1"} | {f"has:{field.name}:{value}": "true" for value in field.ticked}
        else:
            said[field.name] = field.value

    assert applied(document, said) == (document, [])


def test_all_that_a_document_says_has_a_field():
    form = document_form(FULL, "EUR", METERS, (), {})

    # Lists of rules that are empty have a button and no field.
    refunds = "/policies/courses/refunds"
    assert set(leaves(msgspec.json.decode(document_json(FULL)))) - set(fields_of(form)) == {
        f"{refunds}/wbt/before_class", f"{refunds}/ilt/after_trigger",
    }  # fmt: skip


WRITTEN = st.sampled_from(["", " ", "1", "-1", "2.5", "1e999999999", "NaN", "true", "no", ",", '"', 'a, "b', "9" * 60])
POINTERS = sorted(fields_of(document_form(FULL, "EUR", METERS, (), {})))


@given(st.sampled_from(["add", "remove"]), st.sampled_from([*POINTERS, "/charges/0/where", "/policies", "/nowhere"]))
def test_whatever_is_added_or_removed_leaves_a_document(act, pointer):
    document, faults = applied(FULL, {"act": f"{act}:{pointer}", f"new:{pointer}": "x"})

    assert parse_document(msgspec.json.decode(document_json(document))) == document
    assert {fault.pointer for fault in faults} <= {""}


@given(st.dictionaries(st.sampled_from(POINTERS), WRITTEN, max_size=6))
def test_whatever_is_written_becomes_a_document_or_a_fault_at_its_field(said):
    document, faults = applied(FULL, said)

    assert {fault.pointer for fault in faults} <= set(said)
    shown = fields_of(document_form(document, "EUR", METERS, faults, said))
    assert all(shown[fault.pointer].faults for fault in faults if fault.pointer in shown)


def test_what_a_charge_counts_and_is_listed_by_is_chosen_from_what_its_meter_keeps():
    listed = {"key": "c", "name": "C", "model": "price_list", "dimension": "course", "prices": {"EUR": {}}}
    courses = listed | {"meter": "courses.transactions.charged", "where": {"kind": ["wbt"]}}
    document = parse_document({"charges": [courses, listed | {"key": "s", "meter": "seats.named.peak"}]})

    shown = fields_of(document_form(document, "EUR", METERS, (), {}))

    # What is said and not kept stands there too; a level is not narrowed.
    offered = [value for value, _name in shown["/charges/0/dimension"].choices]
    assert offered == ["", "cost_centre", "audience", "class", "course_id", "course_type", "community_id", "course"]
    assert [name for name in shown if "/where/" in name] == [
        f"/charges/0/where/{name}" for name in ("audience", "class", "course_id", "course_type", "community_id", "kind")
    ]
    written, faults = applied(document, {"/charges/0/where/course_type": "wbt", "/charges/0/where/kind": ""})
    assert (written.charges[0].where, faults) == ({"course_type": ("wbt",)}, [])


def test_nothing_ticked_makes_nobody_active():
    nobody, _ = applied(FULL, {"set:/policies/members/active_types": "1"})

    assert nobody.policies is not None
    assert nobody.policies.members.active_types == ()


def test_what_is_agreed_on_is_written_in_the_form():
    said = {
        "/commitments/0/amounts/EUR": "1000", "/commitments/0/months": "12", "/commitments/0/early_end": "due",
        "set:/commitments/0/charges": "1", "has:/commitments/0/charges:fee": "true",
    }  # fmt: skip
    begun, _ = applied(DOCUMENT, {"act": "add:/commitments"})
    agreed, faults = applied(begun, said)
    assert faults == []
    assert agreed.commitments == (
        Commitment(
            key="minimum_1",
            name="New minimum",
            amounts={"EUR": Decimal(1000)},
            months=12,
            charges=("fee",),
            early_end="due",
        ),
    )
    assert applied(agreed, {"set:/commitments/0/charges": "1"})[0].commitments[0].charges == ()
    assert applied(agreed, {"act": "remove:/commitments/0"})[0] == DOCUMENT

    pooled, _ = applied(
        DOCUMENT, {"/charges/0/included_per/quantity": "5", "/charges/0/included_per/meter": "seats.named.peak"}
    )
    assert pooled.charges[0].included_per == IncludedPer(meter="seats.named.peak", quantity=Decimal(5))
    gone, _ = applied(pooled, {"/charges/0/included_per/quantity": "", "/charges/0/included_per/meter": ""})
    assert gone == DOCUMENT


def test_how_meters_count_is_written_in_the_form():
    begun, _ = applied(DOCUMENT, {"act": "add:/policies"})
    assert begun.policies == DEFAULT_POLICIES
    ruled, _ = applied(
        begun, {"act": "add:/policies/courses/refunds/ilt/before_class", "/policies/sessions/timeout_s": "600"}
    )
    assert ruled.policies is not None
    assert (ruled.policies.sessions.timeout_s, len(ruled.policies.courses.refunds["ilt"].before_class)) == (600, 3)

    wrong = {"/policies/courses/refunds/ilt/before_class/0/percent": "101", "/policies/members/min_events": "0"}
    kept, faults = applied(ruled, wrong)
    assert (kept, {fault.pointer for fault in faults}) == (ruled, set(wrong))
    shown = fields_of(document_form(kept, "EUR", METERS, faults, wrong))
    assert [shown[name].faults for name in wrong] == [
        ("Write a figure from 0 to 100.",), ("Write a whole number from 1 to 1000000000.",),
    ]  # fmt: skip


def test_figures_go_where_their_pointer_says():
    changed, faults = applied(
        DOCUMENT, {f"{EUR}/tiers/0/unit": " 2.50 ", f"{EUR}/minimum": "", "/charges/1/name": "Base"}
    )

    assert faults == []
    assert changed.charges[0].prices["EUR"] == Price(
        tiers=(Tier(up_to=Decimal(10), unit=Decimal("2.50")), Tier(unit=Decimal(1)))
    )
    assert changed.charges[1].name == "Base"


@pytest.mark.parametrize(
    ("name", "text"),
    [(f"{EUR}/minimum", "1,000"), (f"{EUR}/minimum", "NaN"), ("/features/wikis/limit", "2.5"), (f"{EUR}/cap", "much")],
)
def test_what_is_no_figure_is_told_at_its_field_and_kept_there(name, text):
    document, faults = applied(DOCUMENT, {name: text})

    assert (document, [fault.pointer for fault in faults]) == (DOCUMENT, [name])
    form = document_form(document, "EUR", {}, faults, {name: text})
    assert (fields_of(form)[name].value, bool(fields_of(form)[name].faults)) == (text, True)
    assert form.faults == ()


@pytest.mark.parametrize(
    "name",
    [
        "/charges/9/name",
        "/charges/0/nothing",
        "/policies/members",
        "/policies/members/min_events",
        "/charges/0/prices/EUR/tiers/x/unit",
        "//",
        "act",
    ],
)
def test_what_is_no_field_is_left_alone(name):
    assert applied(DOCUMENT, {name: "1"}) == (DOCUMENT, [])


def test_parts_are_added_and_removed():
    more, _ = applied(DOCUMENT, {"act": f"add:{EUR}/tiers"})
    assert [tier.up_to for tier in more.charges[0].prices["EUR"].tiers] == [Decimal(10), None, None]
    assert len(applied(more, {"act": f"remove:{EUR}/tiers/1"})[0].charges[0].prices["EUR"].tiers) == 2
    assert [charge.key for charge in applied(DOCUMENT, {"act": "add:/charges"})[0].charges] == [
        "members",
        "fee",
        "charge_1",
    ]
    assert [charge.key for charge in applied(DOCUMENT, {"act": "remove:/charges/0"})[0].charges] == ["fee"]
    usd = applied(DOCUMENT, {"act": "add:/currencies", "new:/currencies": "usd"})[0]
    assert sorted(usd.charges[1].prices) == ["EUR", "USD"]
    assert "blogs" in applied(DOCUMENT, {"act": "add:/features", "new:/features": "Blogs"})[0].features


def test_another_model_drops_the_figures_that_it_does_not_use():
    flat, _ = applied(DOCUMENT, {"/charges/0/model": "per_unit"})
    assert flat.charges[0].prices["EUR"] == Price(minimum=Decimal(5))
    tiered, _ = applied(DOCUMENT, {"/charges/1/model": "volume"})
    assert tiered.charges[1].prices["EUR"].tiers == (Tier(),)
    metered, _ = applied(DOCUMENT, {"/charges/1/meter": "members.active"})
    assert not metered.charges[1].in_advance


def test_a_fault_without_a_field_of_its_own_is_told_at_what_it_is_about():
    faults = [
        InputError("/charges/1/prices", "price_missing_currency", "No price in USD."),
        InputError("/nowhere", "price_missing", "No amount."),
    ]
    form = document_form(DOCUMENT, "EUR", {}, faults, {})

    assert (form.charges[1].faults, form.faults) == (("No price in USD.",), ("No amount.",))


def test_a_form_becomes_an_offer():
    said = fresh("small", date(2026, 11, 29)) | {
        "discount_percent": "7.5", "phase1_on": "2027-06-01", "phase1_quantity": "3", "addon:app": "2", "addon:no": "",
        f"{EUR}/minimum": "4", "prices_of": "small",
    }  # fmt: skip

    terms = parse_offer(said, DOCUMENT, [("small", "Small")], "EUR").terms

    assert (terms.starts_on, terms.ends_on) == (date(2026, 12, 1), date(2027, 12, 1))
    assert [(one.key, one.percent) for one in terms.discounts] == [("quoted", Decimal("7.5"))]
    assert [(one.starts_on, one.quantity, one.plan) for one in terms.phases] == [(date(2027, 6, 1), 3, None)]
    assert [(one.key, one.quantity) for one in terms.addons] == [("app", 2)]
    assert terms.terms is not None
    assert terms.terms.charges[0].prices["EUR"].minimum == Decimal(4)


def test_prices_of_the_plan_that_was_chosen_before_are_not_taken_over():
    said = fresh("small", date(2026, 11, 29)) | {f"{EUR}/minimum": "4", "prices_of": "large"}

    assert parse_offer(said, DOCUMENT, [("small", "Small")], "EUR").terms.terms is None


def test_all_faults_of_an_offer_are_told_at_once():
    said = fresh("small", date(2026, 11, 29)) | {
        "starts_on": "soon", "term_months": "0", "discount_percent": "101", "phase2_on": "2027-01-01",
    }  # fmt: skip

    with pytest.raises(InvalidInput) as refused:
        parse_offer(said, DOCUMENT, [("small", "Small")], "EUR")

    named = {fault.pointer for fault in refused.value.errors}
    assert named == {"starts_on", "term_months", "discount_percent", "phase2_quantity"}
