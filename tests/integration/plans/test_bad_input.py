"""What is wrong is refused where it stands, and the sentence says what to do."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.db import Database
from core.errors import InvalidInput
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.files import parse_catalogue
from tenants.reads import find_tenant
from tests.application import client_on
from tests.builders.tales import FAMILY, Customer, Teller, active, fee
from tests.builders.world import LONG_AGO, World
from tests.server import fresh_database


@pytest.fixture(scope="module")
def database(admin_url: str) -> Iterator[Database]:
    with fresh_database(admin_url) as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture(scope="module")
def vendor(database: Database) -> Iterator[Teller]:
    world = World(database)
    world.entity("eu", "EUR", "DE")
    with database.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, LONG_AGO)
    with client_on(database) as client:
        teller = Teller(client, world.key("vendor_admin"))
        teller.sells("plain", fee("100.00"))
        yield teller


@pytest.fixture(scope="module")
def acme(vendor: Teller) -> Customer:
    acme = vendor.meets("acme", "2025-01-01T08:00:00Z")
    acme.begins("plain", "2025-01-01")
    return acme


def tiered(*tiers: dict[str, str]) -> dict[str, Any]:
    return active("1") | {"model": "graduated", "prices": {"EUR": {"tiers": list(tiers)}}}


REFUSED = {
    "a gap, since the last tier ends": (
        tiered({"up_to": "10", "unit": "2"}, {"up_to": "20", "unit": "1"}),
        ("/charges/0/prices/EUR/tiers/1/up_to", "last_tier_not_open", "Leave 'up_to' out in the last tier."),
    ),
    "an overlap": (
        tiered({"up_to": "10", "unit": "3"}, {"up_to": "5", "unit": "2"}, {"unit": "1"}),
        ("/charges/0/prices/EUR/tiers/1/up_to", "tiers_not_ascending", "Each tier must end above the one before."),
    ),
    "a negative price": (
        active("-1"),
        ("/charges/0/prices/EUR/unit", "number_negative", "A figure must not be negative; credits are not prices."),
    ),
    "no price at all": (
        active("1") | {"prices": {}},
        ("/charges/0/prices", "price_missing", "'active' has no price in any currency."),
    ),
    "a price in no currency": (
        active("1") | {"prices": {"EURO": {"unit": "1"}}},
        ("/charges/0/prices/EURO", "currency_unknown", None),
    ),
    "a meter that nobody knows": (
        active("1") | {"meter": "members.happy"},
        ("/charges/0/meter", "meter_unknown", None),
    ),
    "a meter that can be below 0": (
        active("1") | {"meter": "courses.transactions.net"},
        ("/charges/0/meter", "meter_not_chargeable", None),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_faulty_plan_is_not_published(vendor: Teller, what: str) -> None:
    charge, (pointer, code, detail) = REFUSED[what]
    plan = {"name": "Faulty", "family": FAMILY, "rank": 1}
    draft = vendor.does("POST", "/v1/plans/faulty/versions", {"document": {"charges": [charge]}, "plan": plan})

    status, refused = vendor.send("POST", f"/v1/plans/faulty/versions/{draft['number']}/publish")

    assert (status, refused["code"]) == (422, "plan_invalid")
    told = {(error["pointer"], error["code"]): error["detail"] for error in refused["errors"]}
    assert (pointer, code) in told
    assert told[pointer, code] == detail if detail else len(told[pointer, code]) > 30


def test_a_charge_without_a_model_is_told_with_its_place(vendor: Teller) -> None:
    charge = {name: value for name, value in active("1").items() if name != "model"}
    status, refused = vendor.send("POST", "/v1/plans/faulty/versions", {"document": {"charges": [charge]}})

    assert (status, refused["code"]) == (400, "malformed_request")
    [error] = refused["errors"]
    assert error["pointer"] == "/document/charges/0/model"
    assert "`model`" in error["detail"]


def test_credits_of_a_plan_are_checked_too(vendor: Teller) -> None:
    block = {"key": "c", "name": "C", "amounts": {"EUR": "0", "USD": "5"}, "months": 0, "rollover_months": 1}
    block |= {"charges": ["nope"], "meters": ["nope"], "refundable": True, "priority": 2000, "rollover_percent": "101"}
    document = {"charges": [fee("1")], "credits": [block]}
    plan = {"name": "Faulty", "family": FAMILY, "rank": 1}
    draft = vendor.does("POST", "/v1/plans/faulty/versions", {"document": document, "plan": plan})

    _, refused = vendor.send("POST", f"/v1/plans/faulty/versions/{draft['number']}/publish")

    assert sorted(error["pointer"].removeprefix("/credits/0/") for error in refused["errors"]) == [
        "amounts/EUR", "charges/0", "meters/0", "months", "priority", "refundable", "rollover_months", "rollover_percent",
    ]  # fmt: skip


def test_what_nothing_fits_is_refused_with_what_there_is(vendor: Teller) -> None:
    courses = active("1") | {"meter": "courses.transactions.charged", "where": {"course-type": ["wbt"]}}
    listed = {"model": "price_list", "dimension": "course", "prices": {"EUR": {"entries": {"c1": "9"}, "default": "1"}}}
    body = {"document": {"charges": [courses | listed]}, "plan": {"name": "Faulty", "family": FAMILY, "rank": 1}}
    draft = vendor.does("POST", "/v1/plans/faulty/versions", body)

    # The short name is written in full; the slip is named with all that could be meant.
    assert draft["document"]["charges"][0]["dimension"] == "course_id"
    assert vendor.does("GET", "/v1/plans/faulty/draft") == draft
    _, refused = vendor.send("POST", f"/v1/plans/faulty/versions/{draft['number']}/publish")
    [error] = refused["errors"]
    assert (error["pointer"], error["code"]) == ("/charges/0/where/course-type", "dimension_unknown")
    keeps = "audience, class, course_id, course_type, community_id"
    assert error["detail"].endswith(f"does not keep 'course-type'. Use one of {keeps}.")


def test_a_plan_stands_in_a_family_that_there_is(vendor: Teller) -> None:
    body = {"document": {"charges": [fee("1")]}, "plan": {"name": "Wiki", "family": "wikis", "rank": 1}}
    status, refused = vendor.send("POST", "/v1/plans/wiki/versions", body)
    assert (status, [(e["pointer"], e["code"]) for e in refused["errors"]]) == (
        422,
        [("/plan/family", "family_unknown")],
    )
    assert FAMILY in refused["detail"]
    assert vendor.send("GET", "/v1/plans/wiki/draft")[0] == 404

    family = {"key": "wikis", "name": "Wikis"}
    assert vendor.does("POST", "/v1/plan-families", family) == family
    assert vendor.send("POST", "/v1/plan-families", family)[1]["code"] == "family_taken"
    assert vendor.send("POST", "/v1/plan-families", {"key": "W k", "name": "W"})[1]["errors"][0]["pointer"] == "/key"
    assert family in vendor.does("GET", "/v1/plan-families")["items"]
    assert vendor.does("POST", "/v1/plans/wiki/versions", body)["number"] == 1


WITHOUT_EFFECT = {
    "a charge that the contract never has": (
        {"percent": "10", "charges": ["fee", "seats"]}, ("/discounts/0/charges/1", "charge_unknown"), None,
    ),
    "no charge of the contract": ({"percent": "10", "charges": ["seats"]}, None, "other_charges"),
    "an amount in no currency of the contract": (
        {"amounts": {"USD": "5"}}, ("/discounts/0/amounts", "price_missing_currency"), "other_currency",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WITHOUT_EFFECT)
def test_a_discount_that_takes_nothing_off_is_not_agreed_on(vendor: Teller, acme: Customer, what: str) -> None:
    figures, fault, why = WITHOUT_EFFECT[what]
    vendor.sells("seated", fee("1.00") | {"key": "seats"})
    discount = {"key": "deal", "name": "Deal", **figures}
    if fault is not None:
        for preview in (True, False):
            body = {"plan": "plain", "key": "other", "discounts": [discount], "preview": preview}
            status, refused = acme.tries("POST", "/v1/subscriptions", body)
            assert (status, [(e["pointer"], e["code"]) for e in refused["errors"]]) == (422, [fault])
        offer = {"terms": {"plan": "plain", "starts_on": "2025-12-01", "discounts": [discount]}, "key": "deal"}
        status, refused = acme.tries("POST", "/v1/quotes", offer | {"valid_until": "2025-11-30"})
        assert (status, [(e["pointer"], e["code"]) for e in refused["errors"]]) == (422, [fault])
    if why is not None:
        code = f"IDLE-{why[6:].upper()}"
        vendor.does("POST", "/v1/coupons", {"code": code, "discount": discount})
        for path, body, pointer in (
            ("/v1/subscriptions/main/coupons", {"code": code}, "/code"),
            ("/v1/subscriptions", {"plan": "plain", "key": "other", "coupon": code}, "/coupon"),
        ):
            status, refused = acme.tries("POST", path, body)
            assert (status, refused["code"], refused["reason"]) == (409, "coupon_not_usable", why)
            assert [error["pointer"] for error in refused["errors"]] == [pointer]
        assert vendor.does("GET", f"/v1/coupons/{code}")["redeemed"] == 0


def test_a_coupon_for_charges_of_several_plans_needs_one_of_them(vendor: Teller, acme: Customer) -> None:
    vendor.sells("seated", fee("1.00") | {"key": "seats"})
    discount = {"key": "any", "name": "Any", "percent": "10", "charges": ["fee", "seats"]}
    vendor.does("POST", "/v1/coupons", {"code": "FEE-OR-SEATS", "discount": discount})

    assert acme.does("POST", "/v1/subscriptions/main/coupons", {"code": "FEE-OR-SEATS", "preview": True})


def test_a_coupon_for_what_nobody_sells_is_not_made(vendor: Teller) -> None:
    discount = {"key": "any", "name": "Any", "percent": "10", "charges": ["fee", "seets", "more.fee"]}
    body = {"code": "TYPO", "discount": discount, "plans": ["plain", "plane"]}

    status, refused = vendor.send("POST", "/v1/coupons", body)

    assert (status, [(e["pointer"], e["code"]) for e in refused["errors"]]) == (
        422,
        [
            ("/plans/1", "plan_unknown"),
            ("/discount/charges/1", "charge_unknown"),
            ("/discount/charges/2", "charge_unknown"),
        ],
    )
    assert "'fee'" in refused["errors"][1]["detail"], "what there is"
    assert vendor.send("GET", "/v1/coupons/TYPO")[0] == 404


def test_a_coupon_that_was_used_before_is_refused_by_the_preview_too(vendor: Teller, acme: Customer) -> None:
    vendor.does("POST", "/v1/coupons", {"code": "ONCE", "discount": {"key": "once", "name": "Once", "percent": "10"}})
    acme.does("POST", "/v1/subscriptions/main/coupons", {"code": "ONCE"})

    for preview in (True, False):
        for path, body, pointer in (
            ("/v1/subscriptions/main/coupons", {"code": "ONCE"}, "/code"),
            ("/v1/subscriptions", {"plan": "plain", "key": "other", "coupon": "ONCE"}, "/coupon"),
        ):
            status, refused = acme.tries("POST", path, body | {"preview": preview})
            assert (status, refused["code"], refused["reason"]) == (409, "coupon_not_usable", "used_before"), path
            assert [error["pointer"] for error in refused["errors"]] == [pointer]


def test_a_family_that_stands_above_itself_is_refused() -> None:
    text = """
tollbook: 1
families: [{key: f, name: F, tiers: [[a], [b], [a]]}]
plans:
  a: {name: A, kind: base, document: {charges: []}}
  b: {name: B, kind: base, document: {charges: []}}
"""
    with pytest.raises(InvalidInput) as refused:
        parse_catalogue(text)

    [error] = refused.value.errors
    assert (error.pointer, error.code) == ("/families/0/tiers/2/0", "family_cyclic")
    assert error.detail == "'a' would stand above itself: name it once."


def test_an_expired_quote_is_not_accepted(vendor: Teller, database: Database) -> None:
    birch = vendor.meets("birch", "2025-01-01T08:00:00Z")
    terms = {"plan": "plain", "starts_on": "2025-02-01"}
    quote = birch.does("POST", "/v1/quotes", {"terms": terms, "valid_until": "2025-01-10", "key": "deal"})
    birch.until("2025-01-12T00:00:00Z")

    with database.begin(TenantScope(VENDOR_ID)) as session:
        admin = World(database).key("tenant_admin", find_tenant(session, "birch"))
    status, refused = Teller(vendor.client, admin).send("POST", f"/v1/quotes/{quote['id']}/accept")

    assert (status, refused["code"]) == (409, "quote_expired")
    assert refused["detail"] == "The quote 'deal' was open until 2025-01-10. Ask for a new version of it."


def test_nothing_is_changed_before_now(acme: Customer) -> None:
    acme.until("2025-02-10T08:00:00Z")
    body = {"quantity": 2, "when": "prorate_now", "at": "2025-01-15T00:00:00Z"}

    status, refused = acme.tries("POST", "/v1/subscriptions/main/change", body)

    assert (status, refused["code"]) == (422, "change_in_the_past")
    assert [error["pointer"] for error in refused["errors"]] == ["/at"]
    assert refused["detail"].endswith("what is billed already is corrected by a credit note.")


def test_a_contract_that_is_over_does_not_come_back(vendor: Teller) -> None:
    cedar = vendor.meets("cedar", "2025-01-01T08:00:00Z")
    cedar.begins("plain", "2025-01-01")
    cedar.contract("cancel", when="at_period_end")
    cedar.until("2025-02-05T00:00:00Z")

    status, refused = cedar.tries("POST", "/v1/subscriptions/main/change", {"quantity": 2})

    assert (status, refused["code"]) == (409, "subscription_state")
    assert refused["detail"].endswith("Begin another one.")
