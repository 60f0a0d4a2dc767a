"""Questions by the API: queued, answered by the worker, read."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from billing.answers.tasks import answer_questions
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from tests.builders.bill import Books
from tests.builders.world import LONG_AGO, bearer

YEAR = {"starts_on": "2026-08-01", "ends_on": "2026-11-01", "currency": "USD"}


@pytest.fixture
def books(db, world) -> Books:
    books = Books(db, world, now=datetime(2026, 11, 20, 9, tzinfo=UTC))
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, LONG_AGO)
    return books


@pytest.fixture
def acme(books, world):
    tenant = world.tenant(time_zone="UTC")
    world.people(tenant, "ann", "bob", "cid")
    world.cost_centres(tenant, "sales", "ops")
    world.assign(tenant, "ann", sales=1)
    world.assign(tenant, "bob", ops=1)
    for month in ("08", "09", "10"):
        books.send(tenant, *books.active(f"2026-{month}-05", "ann", "bob"), *books.active(f"2026-{month}-06", "ann"))
        for minute, who in ((0, "ann"), (5, "bob"), (8, "cid")):
            session = f"{who}-{month}"
            at = f"2026-{month}-05T09:{minute:02}:00Z"
            books.send(tenant, books.event("session.started", who, at, session_id=session))
            books.send(
                tenant, books.event("session.ended", who, f"2026-{month}-05T09:{minute + 30}:00Z", session_id=session)
            )
        books.send(tenant, books.event("session.started", "ann", f"2026-{month}-07T09:00:00Z", session_id=f"x-{month}"))
    return tenant


@pytest.fixture
def asked(client, world, db):
    key = world.key("vendor_sales")

    def ask(body: dict, path: str = "/v1/answers") -> dict:
        queued = client.post(path, json=body, headers=bearer(key))
        assert queued.status_code == 202, queued.text
        assert (queued.json()["status"], queued.json()["result"]) == ("queued", None)
        answer_questions(db)
        answer = client.get(f"{path}/{queued.json()['id']}", headers=bearer(key)).json()
        assert answer["status"] == "done", answer
        return answer["result"]

    ask.key = key
    return ask


def test_plans_are_simulated_side_by_side_and_one_that_cannot_be_had_says_why(asked, acme):
    body = YEAR | {"tenants": ["acme"], "plans": [{"plan": "full-active"}, {"plan": "light"}]}

    [tenant] = asked(body, "/v1/simulations")["tenants"]

    active, light = tenant["plans"]
    # ann and bob are active in each of three months: 3 × 2 × 4.20 = 25.20. Nobody contributes.
    assert active["net"] == {"amount": "25.20", "currency": "USD"}
    assert [invoice["closes_on"] for invoice in active["invoices"]] == ["2026-09-01", "2026-10-01", "2026-11-01"]
    assert active["invoices"][0]["lines"][0]["quantity"] == "2"
    assert light["net"]["amount"] == "750.00"  # the minimum of 250 a month

    [tenant] = asked(body | {"currency": "JPY"}, "/v1/simulations")["tenants"]
    assert {plan["refused"]["code"] for plan in tenant["plans"]} == {"currency_not_priced"}


def test_growth_scales_what_was_measured(asked, acme):
    body = YEAR | {"tenants": ["acme"], "plans": [{"plan": "full-active"}], "growth_percent": "50"}

    [tenant] = asked(body, "/v1/simulations")["tenants"]

    assert tenant["plans"][0]["net"]["amount"] == "37.80"


def test_licence_models_are_compared_with_break_even_and_departments(asked, acme):
    result = asked(YEAR | {"kind": "models", "tenant": "acme", "growth_percent": "100"})

    models = {model["model"]: model for model in result["models"]}
    assert models["active"]["cost"]["amount"] == "25.20"
    assert models["active"]["grown"]["amount"] == "50.40"
    assert [(one["code"], one["cost"]["amount"]) for one in models["active"]["centres"]] == [
        ("ops", "12.60"), ("sales", "12.60"),
    ]  # fmt: skip
    assert models["active"]["curve"][4] == ["1", {"amount": "25.20", "currency": "USD"}]
    used = [Decimal(model["cost"]["amount"]) for model in result["models"] if model["counted"]]
    assert used == sorted(used)
    # Nobody has a seat or contributes: those are no models for this customer, and nobody's cheapest one.
    assert {model["model"] for model in result["models"][len(used) :]} >= {"named", "contributors"}
    assert not {"named", "contributors"} & {model for _, model, _ in result["mix"]}
    assert {"registered", "named", "concurrent_p95", "concurrent_peak", "contributors", "transactions"} < {*models}
    # Peak: ann, bob and cid at 09:08, at the catalogue's 38.00 a month.
    assert models["concurrent_peak"]["cost"]["amount"] == "342.00"


def test_the_smallest_limit_that_keeps_the_target_is_suggested(asked, acme):
    result = asked(YEAR | {"kind": "seats", "tenant": "acme", "target_percent": "10"})

    assert (result["peak"], result["people"], result["suggested"]) == (3, 3, 3)
    at_two = next(one for one in result["limits"] if one["limit"] == 2)
    # Twelve asked; cid found two in each month and came back within ten minutes in none.
    assert (at_two["requests"], at_two["denied"], at_two["true_denials"], at_two["people_denied"]) == (12, 3, 3, 1)
    assert at_two["true_denied_percent"] == "25"
    # Two licences at 38.00 for three months.
    assert at_two["cost"]["amount"] == "228.00"
    assert asked(YEAR | {"kind": "seats", "tenant": "acme", "target_percent": "25"})["suggested"] == 2


def test_a_longer_time_out_costs_more(asked, acme):
    charge = {
        "key": "peak", "name": "Average", "model": "per_unit", "meter": "sessions.concurrent.average",
        "prices": {"USD": {"unit": "100000"}},
    }  # fmt: skip
    plan = {"plan": "mine", "document": {"charges": [charge], "policies": {}}}

    result = asked(YEAR | {"kind": "timeout", "tenant": "acme", "plan": plan, "timeouts_s": [1800, 600]})

    assert result["current_s"] == 1800
    short, long = result["costs"]
    assert (short["timeout_s"], long["timeout_s"]) == (600, 1800)
    assert Decimal(short["cost"]["amount"]) < Decimal(long["cost"]["amount"])


def test_a_definition_tells_the_bills_change_and_who_flips(asked, acme):
    policies = {"members": {"min_events": 2}}

    result = asked(
        YEAR | {"kind": "definition", "tenant": "acme", "plan": {"plan": "full-active"}, "policies": policies}
    )

    # Only ann does something twice a month: 3 × 4.20 instead of 3 × 2 × 4.20.
    assert (result["before"]["amount"], result["after"]["amount"], result["difference"]["amount"]) == (
        "25.20", "12.60", "-12.60",
    )  # fmt: skip
    assert (result["flips_in"], result["flips_out"]) == (0, 3)
    assert {(flip["meter"], flip["counts"], flip["reason"]) for flip in result["flips"]} == {
        ("members.active", False, "too_few_events")
    }
    assert all(flip["person"].startswith("p-") for flip in result["flips"])


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"plans": [{"plan": "nothing"}]}, 404, "not_found"),
        ({"tenants": ["nobody"]}, 404, "tenant_unknown"),
        ({"ends_on": "2026-08-01"}, 422, "invalid_input"),
        ({"ends_on": "2036-08-01"}, 422, "invalid_input"),
        ({"plans": [{"plan": "light", "draft": True}]}, 404, "not_found"),
        ({"plans": []}, 400, "malformed_request"),
    ],
)
def test_what_cannot_be_answered_is_refused_at_once(client, asked, acme, change, status, code):
    body = YEAR | {"tenants": ["acme"], "plans": [{"plan": "light"}]} | change

    answer = client.post("/v1/simulations", json=body, headers=bearer(asked.key))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_answer_that_nobody_wants_is_not_worked_out(client, asked, acme, db):
    body = YEAR | {"tenants": ["acme"], "plans": [{"plan": "light"}]}
    queued = client.post("/v1/simulations", json=body, headers=bearer(asked.key)).json()

    client.post(f"/v1/answers/{queued['id']}/cancel", headers=bearer(asked.key))
    answer_questions(db)

    answer = client.get(f"/v1/answers/{queued['id']}", headers=bearer(asked.key)).json()
    assert (answer["status"], answer["result"]) == ("cancelled", None)
    listed = client.get("/v1/answers", headers=bearer(asked.key, "acme")).json()["items"]
    assert [UUID(one["id"]) for one in listed] == [UUID(queued["id"])]


def test_customers_ask_nothing_of_the_vendor(client, world, acme):
    key = world.key("tenant_admin", acme)

    assert client.get("/v1/answers", headers=bearer(key)).status_code == 403
