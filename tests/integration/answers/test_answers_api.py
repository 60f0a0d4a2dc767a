"""Questions by the API: queued, answered by the worker, read."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from billing.answers.actions.answer_question import answer_question
from billing.answers.tasks import answer_questions
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.actions.publish_version import publish_version
from plans.actions.save_draft import DraftInput, save_draft
from plans.charges import Charge, Price
from plans.documents import PlanDocument
from plans.terms import Discount
from tests.builders.bill import ACTIVE, FEE, Books, price
from tests.builders.world import ACTOR, LONG_AGO, bearer

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
        # Whatever is asked, each of its steps was told.
        assert answer["steps_done"] == answer["steps_total"] > 0
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
    # No membership and no course was ever told: what they would cost is lacking, and the answer says so.
    assert light["uncounted"] == ["members.registered.average", "courses.transactions.charged"]
    assert "members.active" not in active["uncounted"]

    [tenant] = asked(body | {"currency": "JPY"}, "/v1/simulations")["tenants"]
    assert {plan["refused"]["code"] for plan in tenant["plans"]} == {"currency_not_priced"}


def test_bought_seats_are_billed_as_many_as_are_said_and_marked_where_nobody_says(asked, acme):
    seats = {"key": "seats", "name": "Seats", "model": "per_unit", "in_advance": True}
    document = {"charges": [seats | {"prices": {"USD": {"unit": "5"}}}]}
    wishes = [{"plan": "mine", "document": document}, {"plan": "mine", "document": document, "quantity": 40}]

    [tenant] = asked(YEAR | {"tenants": ["acme"], "plans": wishes}, "/v1/simulations")["tenants"]

    # Three months of one seat, which nobody asked for, and of forty at 5.00.
    assert [(one["net"]["amount"], one["quantity_unsaid"]) for one in tenant["plans"]] == [
        ("15.00", True), ("600.00", False),
    ]  # fmt: skip
    assert tenant["plans"][1]["label"] == "mine (negotiated) × 40"


def test_seats_that_nobody_told_are_assumed_only_where_somebody_says_so(asked, acme, client, books):
    named = {"key": "named", "name": "Seats", "model": "per_unit", "meter": "seats.named.peak"}
    plan = {"plan": "mine", "document": {"charges": [named | {"prices": {"USD": {"unit": "10"}}}]}}
    body = YEAR | {"tenants": ["acme"], "plans": [plan]}

    def told(**seats) -> tuple:
        [tenant] = asked(body | seats, "/v1/simulations")["tenants"]
        [one] = tenant["plans"]
        return one["net"]["amount"], one["uncounted"], one["assumed"], one["invoices"][0]["lines"][0]["assumed"]

    seats = "seats.named.peak"
    assert told() == ("0.00", [seats], [], "")
    # Three months of 12 seats, and of ann and bob, who were active; nobody is registered.
    assert told(assumed_seats={"number": 12}) == ("360.00", [], [[seats, "12"]], "12")
    assert told(assumed_seats={"like": "peak_active"}) == ("60.00", [], [[seats, "peak_active"]], "peak_active")
    assert told(assumed_seats={"like": "registered"})[:2] == ("0.00", [seats])
    models = asked(YEAR | {"kind": "models", "tenant": "acme", "assumed_seats": {"like": "peak_active"}})["models"]
    model = next(one for one in models if one["model"] == "named")
    assert (model["counted"], model["assumed"], {one["code"] for one in model["centres"]}) == (
        True, "peak_active", {"ops", "sales"},
    )  # fmt: skip
    # What was counted goes before what is assumed.
    books.send(acme, books.event("seat.assigned", "ann", "2026-09-03T09:00:00Z", pool="main"))
    assert told(assumed_seats={"number": 12}) == ("20.00", [], [], "")
    vague = body | {"assumed_seats": {"like": "registered", "number": 3}}
    refused = client.post("/v1/simulations", json=vague, headers=bearer(asked.key))
    assert refused.json()["errors"][0]["code"] == "assumption_invalid"


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
    # The busiest hour is 09:00 of the fifth: ann, bob and cid asked in it, and cid got nothing.
    assert result["busy_hour_starts_at"] == "2026-08-05T09:00:00Z"
    assert (at_two["hour_requests"], at_two["hour_denied"], at_two["hour_denied_percent"]) == (3, 1, "33.3333")
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
        ({"plans": []}, 422, "invalid_input"),
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


@pytest.mark.parametrize(
    "question",
    [
        {"kind": "simulation", "tenants": ["acme"], "plans": [{"plan": "full-active"}]},
        {"kind": "models", "tenant": "acme"},
        {"kind": "seats", "tenant": "acme"},
        {"kind": "timeout", "tenant": "acme", "plan": {"plan": "full-concurrent"}},
        {"kind": "definition", "tenant": "acme", "plan": {"plan": "full-active"}, "policies": {}},
    ],
    ids=lambda question: question["kind"],
)
def test_cancelling_stops_whoever_works_on_it_before_the_first_step_is_done(client, asked, acme, db, question):
    queued = client.post("/v1/answers", json=YEAR | question, headers=bearer(asked.key)).json()
    seen = []

    def clock() -> datetime:
        """Each look is five seconds later; at the third one somebody has cancelled."""
        seen.append(len(seen))
        if len(seen) == 3:
            client.post(f"/v1/answers/{queued['id']}/cancel", headers=bearer(asked.key))
        return datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(seconds=5 * len(seen))

    assert answer_question(db, UUID(queued["id"]), clock, clock())

    answer = client.get(f"/v1/answers/{queued['id']}", headers=bearer(asked.key)).json()
    assert (answer["status"], answer["steps_done"], answer["result"]) == ("cancelled", 0, None)
    assert len(seen) <= 5


def test_meters_of_add_ons_flip_too(asked, acme, db, books):
    charge = Charge(
        key="writers", name="Writers", model="per_unit", meter="members.active", prices={"USD": Price(unit=Decimal(1))}
    )
    books.plan("writing", charge, kind="addon")
    plan = {
        "plan": "bare", "addons": [{"key": "writing"}],
        "document": {"charges": [{"key": "fee", "name": "Fee", "model": "flat", "prices": {"USD": {"amount": "1"}}}]},
    }  # fmt: skip

    result = asked(
        YEAR | {"kind": "definition", "tenant": "acme", "plan": plan, "policies": {"members": {"min_events": 2}}}
    )

    # Bob does one thing a month: he is not counted any more.
    assert {flip["meter"] for flip in result["flips"]} == {"members.active"}
    assert (result["flips_out"], result["difference"]["amount"]) == (3, "-3.00")


def test_what_a_change_of_version_costs_is_told_for_every_contract_on_it_the_most_lost_first(asked, world, books, acme):
    def publish(*charges):
        with books.db.begin(TenantScope(VENDOR_ID)) as session:
            save_draft(session, DraftInput("small", PlanDocument(charges=charges), None, ACTOR), LONG_AGO)
            return publish_version(session, "small", ACTOR, LONG_AGO).number

    books.plan("small", FEE, ACTIVE)
    globex, umbrella = (world.tenant(slug, time_zone="UTC") for slug in ("globex", "umbrella"))
    books.send(globex, *books.active("2026-09-05", *(f"p{n}" for n in range(9))))
    half = (Discount(key="half", name="Half", percent=Decimal(50)),)
    books.subscribe(acme, discounts=half)
    books.subscribe(globex, quantity=2)
    books.subscribe(umbrella, terms=PlanDocument(charges=(FEE,)))
    # A fee of 90.00 instead of 100.00, an active member at 10.00 instead of 4.20.
    cheaper, dearer = replace(FEE, prices=price(amount=Decimal(90))), replace(ACTIVE, prices=price(unit=Decimal(10)))
    number = publish(cheaper, dearer)
    world.tenant("initech", time_zone="UTC")
    books.subscribe(world.tenant("hooli", time_zone="UTC"))

    body = YEAR | {"kind": "version", "plan": "small", "before": 1, "after": number}
    told = asked({name: value for name, value in body.items() if name != "currency"})

    # acme: 3 × (100.00 + 2 × 4.20) ÷ 2 = 162.60 and 3 × (90.00 + 20.00) ÷ 2 = 165.00; globex holds two of the fee:
    # 600.00 + 9 × 4.20 = 637.80 and 540.00 + 90.00 = 630.00. Negotiated terms and the new version are not concerned.
    found = [(one["tenant"], one["before"]["amount"], one["difference"]["amount"]) for one in told["contracts"]]
    assert found == [("globex", "637.80", "-7.80"), ("acme", "162.60", "2.40")]
    [total] = told["totals"]
    assert (total["contracts"], total["before"]["amount"], total["after"]["amount"]) == (2, "800.40", "795.00")
    assert (total["difference"]["amount"], total["lost"]["amount"]) == ("-5.40", "-7.80")
