"""The catalogue in the browser: plans and add-ons begun, families made and ordered, versions retired."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from core.scope import StewardScope
from plans.reads import PlanView, draft, list_plans
from tests.builders.bill import ACTIVE, FEE, Books
from tests.builders.world import World, bearer


@dataclass
class Sales:
    client: TestClient[Litestar]
    db: Database
    token: str

    def send(self, path: str, **said: str) -> Any:
        return self.client.post(path, data={"csrf_token": self.token, **said})

    def plans(self) -> dict[str, PlanView]:
        with self.db.begin(StewardScope()) as session:
            return {one.key: one for one in list_plans(session)}


def signed_in(client: TestClient[Litestar], db: Database, world: World, role: str = "vendor_sales") -> Sales:
    world.key(role)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": f"{role}@vendor.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sales/customers").text)
    assert token
    return Sales(client, db, token[1])


@pytest.fixture
def sales(client: TestClient[Litestar], db: Database, world: World) -> Sales:
    return signed_in(client, db, world)


def faults(page: str) -> list[str]:
    return re.findall(r'class="error" id="f?([\w-]+)-fault"', page)


def test_from_nothing_to_a_plan_that_is_sold(sales: Sales) -> None:
    assert "No family yet" in sales.client.get("/sales/plans/new").text
    assert "Social Suite" in sales.send("/sales/families", name="Social Suite").text
    assert "/sales/plans/new" in sales.client.get("/sales/catalogue").text

    begun = sales.send("/sales/plans", name="Light, 2027", kind="base", family="social-suite", tier="2")
    assert begun.url.path == "/sales/catalogue/light-2027/draft"
    assert sales.plans() == {}, "nobody sees it yet"
    # Its draft is gone on with, without saying again what it is.
    sales.send("/sales/catalogue/light-2027/draft", act="add:/charges")
    priced = {"/charges/0/name": "Seats", "/charges/0/prices/EUR/unit": "6.50"}
    assert "It can be published" in sales.send("/sales/catalogue/light-2027/draft", act="save", **priced).text
    assert "Light, 2027" in sales.client.get("/sales/catalogue").text
    assert sales.client.get("/sales/catalogue/light-2027").url.path.endswith("/draft")
    sales.send("/sales/catalogue/light-2027/publish", number="1", word="publish")

    plan = sales.plans()["light-2027"]
    assert (plan.name, plan.family_key, plan.kind, plan.rank) == ("Light, 2027", "social-suite", "base", 2)
    assert plan.newest is not None


def test_an_add_on_begins_as_a_copy_and_is_discarded(sales: Sales, db: Database, world: World) -> None:
    Books(db, world).plan("pack", FEE, kind="addon")

    said = {"name": "Pack 2", "kind": "addon", "family": "tests", "tier": "1", "like": "pack"}
    assert "Platform fee" in sales.send("/sales/plans", **said).text
    with db.begin(StewardScope()) as session:
        saved = draft(session, "pack-2")
    assert saved is not None
    assert (saved.kind, saved.document.charges[0].key) == ("addon", "fee")

    gone = sales.send("/sales/catalogue/pack-2/draft/discard", word="discard")
    assert gone.url.path == "/sales/catalogue"
    assert sales.client.get("/sales/catalogue/pack-2/draft").status_code == 404


def test_a_plan_that_there_is_cannot_be_begun_again_and_faults_stand_at_their_fields(
    sales: Sales, db: Database, world: World
) -> None:
    Books(db, world).plan("small", FEE)
    fresh = {"kind": "base", "family": "tests", "tier": "1"}

    taken = sales.send("/sales/plans", name="Small", **fresh)
    assert (taken.status_code, faults(taken.text)) == (409, ["key"])
    with db.begin(StewardScope()) as session:
        assert draft(session, "small") is None, "its next version is not touched"
    assert faults(sales.send("/sales/plans", name="", key="A B", family="x", tier="0").text) == [
        "name", "key", "family", "tier",
    ]  # fmt: skip
    assert faults(sales.send("/sales/families", name="").text) == ["name"]
    assert faults(sales.send("/sales/families", name="Tests").text) == ["key"]


def test_the_order_of_a_family_is_what_an_upgrade_is_told_by(sales: Sales, db: Database, world: World) -> None:
    books = Books(db, world)
    for key in ("one", "two", "three"):
        books.plan(key, FEE)
    assert 'name="tier:two"' in sales.client.get("/sales/families").text

    sales.send("/sales/families/tests/order", **{"tier:one": "9", "tier:two": "2", "tier:three": "2"})

    assert {key: plan.rank for key, plan in sales.plans().items()} == {"two": 1, "three": 1, "one": 2}
    wrong = sales.send("/sales/families/tests/order", **{"tier:one": "x", "tier:two": "2", "tier:three": "2"})
    assert faults(wrong.text) == ["tier-one"]
    key = world.key("vendor_admin")
    ordered = sales.client.put(
        "/v1/plan-families/tests/tiers", headers=bearer(key), json={"tiers": [["one"], ["two", "three"]]}
    )
    assert [(one["key"], one["rank"]) for one in ordered.json()["items"]] == [("one", 1), ("three", 2), ("two", 2)]
    half = sales.client.put("/v1/plan-families/tests/tiers", headers=bearer(key), json={"tiers": [["one"]]})
    assert (half.status_code, half.json()["errors"][0]["code"]) == (422, "tiers_invalid")
    nothing = sales.client.put("/v1/plan-families/x/tiers", headers=bearer(key), json={"tiers": []})
    assert nothing.status_code == 404


def test_a_version_is_retired_and_the_plan_still_shown(sales: Sales, db: Database, world: World) -> None:
    books = Books(db, world)
    books.plan("small", FEE)
    books.plan("small", FEE, ACTIVE)
    page = "/sales/catalogue/small"
    assert "Retire a version" in sales.client.get(page).text

    assert sales.send(f"{page}/retire", number="2", word="sell").status_code == 422
    assert sales.send(f"{page}/retire", number="7", word="retire").status_code == 404
    assert "Version 1 is what new customers get" in sales.send(f"{page}/retire", number="2", word="retire").text
    over = sales.send(f"{page}/retire", number="1", word="retire").text
    assert "It is not sold any more" in over
    assert "Write the next version" in over
    assert "Retire a version" not in over
    assert "Not sold any more" in sales.client.get("/sales/catalogue").text


def test_who_only_reads_the_catalogue_changes_nothing(client: TestClient[Litestar], db: Database, world: World) -> None:
    Books(db, world).plan("small", FEE)
    finance = signed_in(client, db, world, "vendor_finance")

    seen = client.get("/sales/catalogue").text + client.get("/sales/catalogue/small").text
    for way in ("/sales/plans/new", "/sales/families", "Retire a version"):
        assert way not in seen
    for path in ("/sales/plans/new", "/sales/families"):
        assert client.get(path).status_code == 403
    for path in ("/sales/plans", "/sales/families", "/sales/families/tests/order", "/sales/catalogue/small/retire"):
        assert finance.send(path, number="1", word="retire", name="x").status_code == 403
    assert finance.plans()["small"].newest is not None
