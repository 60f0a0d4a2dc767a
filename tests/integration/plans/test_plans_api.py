"""The catalogue and contracts through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.catalogue import CATALOGUE
from plans.reads import versions
from tests.builders.world import World, bearer

Client = TestClient[Litestar]

SEATS: dict[str, Any] = {
    "charges": [
        {
            "key": "seats",
            "name": "Seats",
            "model": "per_unit",
            "meter": "seats.named.peak",
            "prices": {"EUR": {"unit": "5.00"}},
        }
    ]
}
IDENTITY = {"name": "Pilot", "family": "social-learning-suite", "rank": 1}


@pytest.fixture(autouse=True)
def catalogue(db: Database) -> None:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture
def vendor(world: World) -> dict[str, str]:
    world.tenant("acme")
    return bearer(world.key("vendor_sales"), "acme")


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_loading_the_catalogue_again_changes_nothing(db):
    with db.begin(TenantScope(VENDOR_ID)) as session:
        assert load_catalogue(session, utc_now()) == 0
        assert [len(versions(session, entry.key)) for entry in CATALOGUE] == [1] * len(CATALOGUE)


def test_plans_are_listed_from_light_to_full_then_add_ons(client: Client, world):
    key = bearer(world.key("tenant_admin", world.tenant("beta")))

    page = client.get("/v1/plans", headers=key).json()
    first = client.get("/v1/plans?limit=2", headers=key).json()
    second = client.get(f"/v1/plans?limit=2&cursor={first['next_cursor']}", headers=key).json()

    assert [item["key"] for item in page["items"]][:5] == [
        "light",
        "standard-concurrent",
        "standard-named",
        "full-active",
        "full-concurrent",
    ]
    assert [item["key"] for item in second["items"]] == ["standard-named", "full-active"]
    light = client.get("/v1/plans/light", headers=key).json()
    assert light["newest"]["document"]["charges"][0]["prices"]["USD"]["minimum"] == "250"
    assert (light["newest"]["number"], light["newest"]["status"]) == (1, "published")
    assert code(client.get("/v1/plans/heavy", headers=key)) == (404, "not_found")


def test_a_draft_is_saved_corrected_published_discarded_and_retired(client: Client, vendor, world):
    bad = {"charges": [SEATS["charges"][0] | {"meter": "seats.sold", "prices": {"EUR": {"unit": "-1"}}}]}
    new = client.post("/v1/plans/pilot/versions", headers=vendor, json={"document": bad})
    assert code(new) == (422, "invalid_input")
    assert new.json()["errors"][0]["code"] == "plan_identity_missing"

    saved = client.post("/v1/plans/pilot/versions", headers=vendor, json={"document": bad, "plan": IDENTITY})
    assert (saved.status_code, saved.json()["number"], saved.json()["status"]) == (201, 1, "draft")
    refused = client.post("/v1/plans/pilot/versions/1/publish", headers=vendor)
    assert code(refused) == (422, "plan_invalid")
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [
        ("/charges/0/meter", "meter_unknown"),
        ("/charges/0/prices/EUR/unit", "number_negative"),
    ]
    assert code(client.get("/v1/plans/pilot", headers=vendor)) == (404, "not_found")

    client.post("/v1/plans/pilot/versions", headers=vendor, json={"document": SEATS, "plan": IDENTITY})
    assert code(client.post("/v1/plans/pilot/versions/2/publish", headers=vendor)) == (409, "draft_outdated")
    published = client.post("/v1/plans/pilot/versions/1/publish", headers=vendor)
    assert (published.status_code, published.json()["number"]) == (200, 1)
    assert code(client.post("/v1/plans/pilot/versions/1/publish", headers=vendor)) == (409, "draft_missing")

    client.post("/v1/plans/pilot/versions", headers=vendor, json={"document": bad})
    assert client.delete("/v1/plans/pilot/draft", headers=vendor).status_code == 204
    assert code(client.delete("/v1/plans/pilot/draft", headers=vendor)) == (409, "draft_missing")
    assert client.get("/v1/plans/pilot", headers=vendor).json()["newest"]["number"] == 1

    retired = client.post("/v1/plans/pilot/versions/1/retire", headers=vendor).json()
    assert retired["status"] == "retired"
    assert client.post("/v1/plans/pilot/versions/1/retire", headers=vendor).json() == retired
    assert client.get("/v1/plans/pilot", headers=vendor).json()["newest"] is None
    body = {"plan": "pilot", "version": 1}
    assert code(client.post("/v1/subscriptions", headers=vendor, json=body)) == (409, "version_retired")


def test_a_new_version_is_for_new_customers_and_others_stay(client: Client, vendor):
    old = client.post("/v1/subscriptions", headers=vendor, json={"plan": "full-active", "key": "old"}).json()
    document = client.get("/v1/plans/full-active", headers=vendor).json()["newest"]["document"]
    document["charges"][0]["prices"]["EUR"]["unit"] = "4.00"
    client.post("/v1/plans/full-active/versions", headers=vendor, json={"document": document})
    assert client.post("/v1/plans/full-active/versions/2/publish", headers=vendor).status_code == 200

    new = client.post("/v1/subscriptions", headers=vendor, json={"plan": "full-active", "key": "new"}).json()

    assert (old["plan"]["version"], new["plan"]["version"]) == (1, 2)
    assert client.get("/v1/subscriptions/old", headers=vendor).json()["plan"]["version"] == 1
    listed = client.get("/v1/plans/full-active/versions", headers=vendor).json()["items"]
    assert [version["number"] for version in listed] == [2, 1]


def test_publishing_what_is_published_already_makes_no_new_version(client: Client, vendor):
    document = client.get("/v1/plans/light", headers=vendor).json()["newest"]["document"]
    client.post("/v1/plans/light/versions", headers=vendor, json={"document": document})

    assert client.post("/v1/plans/light/versions/2/publish", headers=vendor).json()["number"] == 1


def test_a_document_of_the_wrong_shape_is_400_with_its_place(client: Client, vendor):
    document = {"charges": [SEATS["charges"][0] | {"model": "guesswork"}]}

    answer = client.post("/v1/plans/pilot/versions", headers=vendor, json={"document": document, "plan": IDENTITY})

    assert code(answer) == (400, "malformed_request")
    assert "/document/charges/0/model" in answer.json()["errors"][0]["pointer"]


def test_only_the_vendor_writes_the_catalogue_and_contracts(client: Client, world):
    key = bearer(world.key("tenant_admin", world.tenant("beta")))

    assert code(client.post("/v1/plans/light/versions", headers=key, json={"document": SEATS})) == (403, "forbidden")
    assert code(client.post("/v1/subscriptions", headers=key, json={"plan": "light"})) == (403, "forbidden")


def test_a_price_curve_shows_every_tier_edge(client: Client, vendor):
    path = "/v1/plans/light/versions/1/price-curve?currency=USD"
    answer = client.get(f"{path}&charge=registered_members&max=1000", headers=vendor).json()

    points = {point["quantity"]: (point["total"], point["average"], point["marginal"]) for point in answer["points"]}
    assert points["0"] == ("250.00", "0", "0")
    assert points["500"] == ("600.00", "1.2", "0.8")
    assert points["501"] == ("600.80", "1.199201596806", "0.8")
    assert points["1000"] == ("1000.00", "1", "0.8")
    assert code(client.get(f"{path}&charge=nope", headers=vendor)) == (404, "not_found")
    assert client.get("/v1/plans/light/versions/1/price-curve", headers=vendor).json()["charge"] == "registered_members"
    yen = client.get(f"{path.replace('USD', 'JPY')}&charge=registered_members", headers=vendor)
    assert code(yen) == (422, "currency_not_priced")
    assert code(client.get(f"{path}&charge=registered_members&max=0", headers=vendor)) == (400, "malformed_request")


def test_a_contract_is_previewed_begun_once_and_read(client: Client, vendor, world):
    body = {"plan": "standard-named", "key": "main", "addons": [{"key": "extended-enterprise", "quantity": 2}]}

    preview = client.post("/v1/subscriptions", headers=vendor, json=body | {"preview": True})
    assert (preview.status_code, preview.json()["preview"]) == (200, True)
    assert client.get("/v1/subscriptions", headers=vendor).json()["items"] == []

    begun = client.post("/v1/subscriptions", headers=vendor, json=body)
    again = client.post("/v1/subscriptions", headers=vendor, json=body)
    assert begun.status_code == 201
    assert again.json() == begun.json()
    assert begun.json()["addons"] == [
        {"key": "extended-enterprise", "name": "Extended enterprise", "version": 1, "quantity": 2}
    ]
    assert (begun.json()["status"], begun.json()["currency"], begun.json()["time_zone"]) == (
        "active",
        "EUR",
        "Europe/Berlin",
    )
    assert code(client.post("/v1/subscriptions", headers=vendor, json=body | {"plan": "light"})) == (
        409,
        "subscription_key_taken",
    )
    assert [item["id"] for item in client.get("/v1/subscriptions", headers=vendor).json()["items"]] == [
        begun.json()["id"]
    ]

    world.tenant("beta")
    other = bearer(vendor["Authorization"].split()[1], "beta")
    assert code(client.get(f"/v1/subscriptions/{begun.json()['id']}", headers=other)) == (404, "not_found")


def test_a_change_is_previewed_with_an_estimate_and_then_done(client: Client, vendor):
    starts_on = (utc_now() - timedelta(days=20)).date().isoformat()
    body = {"plan": "standard-named", "key": "main", "starts_on": starts_on, "addons": [{"key": "compliance"}]}
    client.post("/v1/subscriptions", headers=vendor, json=body)

    preview = client.post(
        "/v1/subscriptions/main/change", headers=vendor, json={"plan": "full-active", "preview": True}
    )
    assert preview.status_code == 200
    before, after = preview.json()["periods"]
    assert before["ends_at"] == after["starts_at"] == preview.json()["effective_at"]
    fees = [line for line in preview.json()["estimate"] if line["charge"] == "compliance.fee"]
    # Two pieces of a fee of 368.00 EUR, each rounded.
    assert abs(sum(round(float(fee["amount"]["amount"]) * 100) for fee in fees) - 36_800) <= 1
    assert client.get("/v1/subscriptions/main", headers=vendor).json()["plan"]["key"] == "standard-named"
    # At the end of the period it shows in the next one: no charge there is of the plan that is left.
    wanted = {"plan": "full-active", "when": "at_period_end", "preview": True}
    later = client.post("/v1/subscriptions/main/change", headers=vendor, json=wanted).json()
    assert later["next_period"]["starts_at"] == later["effective_at"]
    fees = {line["charge"]: line["amount"]["amount"] for line in later["next_period"]["lines"]}
    assert fees["compliance.fee"] == "368.00"
    assert not any("seat" in charge and charge != "ilt_seats" for charge in fees)
    assert "active_members" in fees

    done = client.post("/v1/subscriptions/main/change", headers=vendor, json={"plan": "full-active"}).json()
    assert (done["preview"], done["estimate"], done["next_period"], done["direction"]) == (False, [], None, "upgrade")
    assert client.get("/v1/subscriptions/main", headers=vendor).json()["plan"]["key"] == "full-active"
    assert client.get("/v1/subscriptions/main", headers=vendor).json()["period"] == done["periods"][1]
    same_instant = {"plan": "light", "at": done["effective_at"]}
    answer = client.post("/v1/subscriptions/main/change", headers=vendor, json=same_instant)
    assert code(answer) in ((422, "change_in_the_past"), (409, "change_already_at_that_instant"))


def test_a_cancellation_is_previewed_and_done_and_final(client: Client, vendor):
    client.post("/v1/subscriptions", headers=vendor, json={"plan": "light", "key": "main"})

    preview = client.post("/v1/subscriptions/main/cancel", headers=vendor, json={"preview": True}).json()
    assert client.get("/v1/subscriptions/main", headers=vendor).json()["ends_at"] is None
    done = client.post("/v1/subscriptions/main/cancel", headers=vendor, json={"reason": "moved"}).json()

    assert done["effective_at"] == preview["effective_at"]
    assert preview["next_period"] is None  # over by then
    read = client.get("/v1/subscriptions/main", headers=vendor).json()
    assert (read["status"], read["ends_at"]) == ("ending", done["effective_at"])
    assert client.post("/v1/subscriptions/main/cancel", headers=vendor, json={"when": "prorate_now"}).status_code == 200
    answer = client.post("/v1/subscriptions/main/cancel", headers=vendor, json={"when": "prorate_now"})
    assert code(answer) == (409, "subscription_state")


def test_an_idempotency_key_begins_one_contract(client: Client, vendor):
    headers = vendor | {"Idempotency-Key": "once"}

    first = client.post("/v1/subscriptions", headers=headers, json={"plan": "light"})
    second = client.post("/v1/subscriptions", headers=headers, json={"plan": "light"})

    assert first.json()["id"] == second.json()["id"]
    assert len(client.get("/v1/subscriptions", headers=vendor).json()["items"]) == 1
    draft = {"document": SEATS, "plan": IDENTITY}
    saved = [
        client.post("/v1/plans/pilot/versions", headers=vendor | {"Idempotency-Key": "d"}, json=draft) for _ in "12"
    ]
    assert [answer.status_code for answer in saved] == [201, 201]
    assert saved[0].json() == saved[1].json()


def test_entitlements_say_granted_or_why_not(client: Client, vendor):
    def asked(feature: str) -> tuple[bool, str | None]:
        answer = client.get(f"/v1/entitlements/{feature}", headers=vendor).json()
        return answer["granted"], answer["reason"]

    assert asked("wikis") == (False, "not_in_plan")
    client.post("/v1/subscriptions", headers=vendor, json={"plan": "standard-named", "key": "main"})
    assert asked("wikis") == (True, None)
    detail = client.get("/v1/entitlements/compliance_tracking", headers=vendor).json()["detail"]
    assert (asked("compliance_tracking"), detail["addon"]) == ((False, "not_in_plan"), "compliance")
    assert client.get("/v1/entitlements/file_sharing", headers=vendor).json()["detail"] == {"limit": 250, "unit": "gb"}
    at = (utc_now() + timedelta(seconds=5)).isoformat()
    client.post("/v1/subscriptions/main/change", headers=vendor, json={"addons": [{"key": "compliance"}], "at": at})
    assert asked("compliance_tracking") == (False, "not_in_plan")


def test_a_contract_with_trial_ramp_and_coupon_is_previewed_and_read_back(client: Client, vendor):
    half = {"key": "half", "name": "Half", "percent": "50", "periods": 3}
    made = client.post("/v1/coupons", headers=vendor, json={"code": "HALF-26", "discount": half, "max_redemptions": 1})
    assert (made.status_code, made.json()["redeemed"]) == (201, 0)
    assert code(client.post("/v1/coupons", headers=vendor, json={"code": "HALF-26", "discount": half})) == (
        409,
        "coupon_taken",
    )
    later = (utc_now() + timedelta(days=90)).date().isoformat()
    body = {
        "plan": "standard-named", "key": "main", "quantity": 50, "trial_days": 14, "coupon": "HALF-26",
        "phases": [{"starts_on": later, "quantity": 80}],
    }  # fmt: skip

    preview = client.post("/v1/subscriptions", headers=vendor, json=body | {"preview": True}).json()
    assert (preview["mode"], [phase["mode"] for phase in preview["phases"]]) == (
        "trial",
        ["trial", "regular", "regular"],
    )
    assert preview["estimate"] == []
    begun = client.post("/v1/subscriptions", headers=vendor, json=body)
    assert begun.status_code == 201
    assert client.post("/v1/subscriptions", headers=vendor, json=body).json()["id"] == begun.json()["id"]
    read = client.get("/v1/subscriptions/main", headers=vendor).json()
    assert [phase["plan"]["quantity"] for phase in read["phases"]] == [50, 50, 80]
    assert read["discounts"][0]["coupon"] == "HALF-26"
    assert client.get("/v1/coupons/HALF-26", headers=vendor).json()["redeemed"] == 1
    assert [c["code"] for c in client.get("/v1/coupons", headers=vendor).json()["items"]] == ["HALF-26"]

    # The trial ends early; then the contract rests.
    kept = {"keep_later": True}
    assert code(client.post("/v1/subscriptions/main/resume", headers=vendor, json={})) == (409, "change_pending")
    ended = client.post("/v1/subscriptions/main/resume", headers=vendor, json=kept).json()
    assert ended["subscription"]["mode"] == "regular"
    paused = client.post("/v1/subscriptions/main/pause", headers=vendor, json=kept)
    assert (paused.status_code, paused.json()["subscription"]["mode"]) == (200, "paused")
    assert client.get("/v1/entitlements/wikis", headers=vendor).json()["reason"] == "paused"
    assert code(client.post("/v1/subscriptions/main/renew", headers=vendor, json={})) == (409, "subscription_state")


def test_a_preview_of_a_contract_shows_its_first_lines(client: Client, vendor):
    body = {"plan": "standard-named", "addons": [{"key": "compliance"}], "preview": True}

    (seats, courses, fee) = client.post("/v1/subscriptions", headers=vendor, json=body).json()["estimate"]

    assert [line["charge"] for line in (seats, courses, fee)] == ["named_seats", "courses", "compliance.fee"]
    assert (fee["amount"], fee["kind"]) == ({"amount": "368.00", "currency": "EUR"}, "usage")


@pytest.mark.parametrize("missing", ["model", "key", "prices"])
def test_a_charge_that_lacks_a_field_is_refused_with_a_pointer(client: Client, vendor, missing):
    charge = {name: value for name, value in SEATS["charges"][0].items() if name != missing}
    body = {"document": {"charges": [charge]}, "plan": IDENTITY}

    answer = client.post("/v1/plans/pilot/versions", headers=vendor, json=body)

    assert answer.status_code == 400
    assert missing in str(answer.json()["errors"])
    assert "charges" in answer.json()["errors"][0]["pointer"]


def test_what_is_for_one_contract_alone_asks_for_who_may_approve_quotes(client: Client, world, vendor):
    approver = bearer(world.key("vendor_admin"), "acme")
    discount = {"key": "deal", "name": "Deal", "percent": "5"}
    wanted = {"plan": "light", "key": "deal", "terms": SEATS, "discounts": [discount]}

    assert client.post("/v1/subscriptions", headers=vendor, json=wanted | {"preview": True}).status_code == 200
    refused = client.post("/v1/subscriptions", headers=vendor, json=wanted)
    assert code(refused) == (422, "invalid_input")
    assert {(one["pointer"], one["code"]) for one in refused.json()["errors"]} == {
        ("/terms", "quote_needs_approval"), ("/discounts", "quote_needs_approval"),
    }  # fmt: skip
    ramp = [{"starts_on": "2027-01-01", "terms": SEATS}]
    assert client.post("/v1/subscriptions", headers=vendor, json={"plan": "light", "phases": ramp}).status_code == 422
    assert client.post("/v1/subscriptions", headers=approver, json=wanted).status_code == 201

    assert client.post("/v1/subscriptions", headers=vendor, json={"plan": "light", "key": "held"}).status_code == 201
    change = client.post("/v1/subscriptions/held/change", headers=vendor, json={"terms": SEATS})
    assert [one["pointer"] for one in change.json()["errors"]] == ["/terms"]
