"""The quick answer about a feature is the long one's, whatever contracts there are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.hot_door import HotDoor
from core import remembering
from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.catalogue.suite import POLICIES
from plans.documents import Feature, PlanDocument
from plans.licensing.api import entitlements
from plans.reads.entitlements import entitlement_of
from plans.schemas.subscriptions import EntitlementAnswer
from tenants.reads import TenantView, get_tenant
from tests.builders.bill import ACTIVE, FEE, Books
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
FEATURES = ("wikis", "file_sharing", "compliance_tracking", "nothing-of-the-kind")


@pytest.fixture
def acme(db: Database, world: World) -> TenantView:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2025, 1, 1, tzinfo=UTC))
    return world.tenant()


def told(client: Client, headers: dict[str, str]) -> dict[str, Any]:
    return {feature: client.get(f"/v1/entitlements/{feature}", headers=headers).json() for feature in FEATURES}


def wanted(db: Database, tenant: TenantView) -> dict[str, Any]:
    with db.begin(TenantScope(tenant.id)) as session:
        now = get_tenant(session, tenant.id)
        answers = {feature: EntitlementAnswer.of(entitlement_of(session, now, feature)) for feature in FEATURES}
    return {
        feature: (answer.granted, answer.reason, answer.detail and answer.detail.limit)
        for feature, answer in answers.items()
    }


def short(answers: dict[str, Any]) -> dict[str, Any]:
    return {
        feature: (answer["granted"], answer["reason"], (answer["detail"] or {}).get("limit"))
        for feature, answer in answers.items()
    }


def test_the_quick_answer_is_the_long_one_through_a_contracts_life(
    client: Client, db: Database, world: World, acme: TenantView
) -> None:
    headers = bearer(world.key("vendor_admin"), "acme")
    seen = set()

    def agree() -> None:
        answers = short(told(client, headers))
        assert answers == wanted(db, acme)
        seen.update(reason for _, reason, _ in answers.values())

    agree()
    later = (utc_now() + timedelta(days=40)).date().isoformat()
    begun = {"plan": "light-registered", "key": "main", "phases": [{"starts_on": later, "plan": "standard-named"}]}
    answer = client.post("/v1/subscriptions", headers=headers, json=begun)
    if answer.status_code != 201:
        answer = client.post("/v1/subscriptions", headers=headers, json={"plan": "standard-named", "key": "main"})
    assert answer.status_code == 201, answer.text
    agree()
    assert (
        client.post(
            "/v1/subscriptions/main/change",
            headers=headers,
            json={"addons": [{"key": "compliance"}], "keep_later": True},
        ).status_code
        == 200
    )
    agree()
    client.post("/v1/subscriptions/main/pause", headers=headers, json={"keep_later": True})
    agree()
    client.post("/v1/subscriptions/main/cancel", headers=headers, json={"when": "now", "reason": "over"})
    agree()
    assert {None, "not_in_plan", "paused"} <= seen


def test_a_suspended_customer_may_nothing(db: Database, world: World, acme: TenantView, client: Client) -> None:
    headers = bearer(world.key("vendor_admin"), "acme")
    client.post("/v1/subscriptions", headers=headers, json={"plan": "standard-named", "key": "main"})
    suspended = world.tenant("beta")
    with psycopg.connect(db.database_url) as admin:
        admin.execute("update tenant set status = 'suspended' where id = %s", (suspended.id,))

    assert short(told(client, headers))["wikis"][:2] == (True, None)
    answer = client.get("/v1/entitlements/wikis", headers=bearer(world.key("vendor_admin", name="b"), suspended.slug))
    assert (answer.json()["granted"], answer.json()["reason"]) == (False, "suspended")


def test_a_feature_of_a_pools_key_is_not_granted_while_the_pool_is_full(
    client: Client, world: World, acme: TenantView, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor, own = bearer(world.key("vendor_admin"), "acme"), bearer(world.key("tenant_admin", acme))
    client.post("/v1/subscriptions", headers=vendor, json={"plan": "standard-named", "key": "main"})
    assert client.post("/v1/pools", headers=own, json={"key": "wikis", "seats": 1}).status_code == 201
    assert client.get("/v1/entitlements/wikis", headers=own).json()["granted"]
    taken: list[str] = []
    take = HotDoor._take

    async def counted(self: Any, scope: Any, *args: Any) -> None:
        taken.append(scope["path"])
        await take(self, scope, *args)

    monkeypatch.setattr(HotDoor, "_take", counted)

    lease = client.post("/v1/pools/wikis/leases", headers=own, json={"person": "ann"}).json()
    full = client.get("/v1/entitlements/wikis", headers=own).json()
    client.delete(f"/v1/leases/{lease['id']}", headers=own)

    assert (full["granted"], full["reason"]) == (False, "pool_full")
    assert client.get("/v1/entitlements/wikis", headers=own).json()["granted"]
    assert taken[:2] == ["/v1/pools/wikis/leases", "/v1/entitlements/wikis"]


def test_a_quota_is_never_passed_by_racing_and_a_key_counts_once(
    client: Client, db: Database, world: World, acme: TenantView
) -> None:
    vendor, own = bearer(world.key("vendor_admin"), "acme"), bearer(world.key("tenant_admin", acme))
    client.post("/v1/subscriptions", headers=vendor, json={"plan": "standard-named", "key": "main"})

    def use(key: str, quantity: int = 1, feature: str = "file_sharing") -> tuple[int, Any]:
        body = {"client_key": key, "quantity": quantity}
        answer = client.post(f"/v1/entitlements/{feature}/use", headers=own, json=body)
        return answer.status_code, answer.json()

    assert use("a", 200)[1]["left"] == 50
    assert use("a", 200)[1]["left"] == 50
    assert use("a", 1)[1]["code"] == "quota_key_taken"
    with ThreadPoolExecutor(8) as threads:
        racing = list(threads.map(lambda number: use(f"r{number}", 10)[0], range(12)))
    assert sorted(racing) == [200] * 5 + [409] * 7
    assert use("b")[1]["code"] == "limit_reached"

    found = client.get("/v1/entitlements/file_sharing", headers=own).json()
    assert (found["granted"], found["reason"], found["used"]) == (False, "limit_reached", "250")
    assert use("c", feature="nothing")[1]["code"] == "not_entitled"
    assert use("d", feature="wikis")[1]["limit"] is None
    with psycopg.connect(db.database_url) as admin:
        assert admin.execute("select sum(quantity) from quota_claim where feature = 'file_sharing'").fetchone() == (
            250,
        )


def test_a_metered_one_is_measured_once_for_all_who_ask_and_again_in_time(
    client: Client, db: Database, world: World, acme: TenantView, monkeypatch: pytest.MonkeyPatch
) -> None:
    today, books = utc_now(), Books(db, world)
    exports = {"exports": Feature(limit=2, meter="members.active", unit="person")}
    plan = books.publish("metered", PlanDocument(charges=(FEE, ACTIVE), policies=POLICIES, features=exports))
    books.now = today
    books.subscribe(acme, plan, today.date())
    own, clock = bearer(world.key("tenant_admin", acme)), SimpleNamespace(now=1_000.0)
    measured: list[str] = []
    measure = entitlements.entitlement_of

    def counted(session: Any, tenant: TenantView, feature: str) -> Any:
        measured.append(feature)
        return measure(session, tenant, feature)

    monkeypatch.setattr(entitlements, "entitlement_of", counted)
    monkeypatch.setattr(remembering, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def used() -> tuple[bool, str]:
        told = client.get("/v1/entitlements/exports", headers=own).json()
        return told["granted"], told["used"]

    assert [used(), used()] == [(True, "0"), (True, "0")]
    assert measured == ["exports"]
    books.send(acme, *books.active(f"{today:%Y-%m-%dT%H:%M:%SZ}", "ann", "bob"), now=today)
    assert used() == (True, "0"), "within the second it is told what is known"
    clock.now += remembering.RENEWED_S
    assert used() == (False, "2"), "who asks after it waits for the new one"
    assert measured == ["exports"] * 2
