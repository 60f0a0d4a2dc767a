"""Floating pools by API: rules, leases, denials, and the refusals of what makes no sense."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import update

from app.listeners import listen
from core.scope import VENDOR_ID, TenantScope
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.models import Tenant
from tenants.reads import tenant_now
from tenants.reads.finding import find_people
from tests.builders.world import ACTOR, World, bearer

Client = TestClient[Litestar]


class Pool:
    """A pool of a tenant on a test clock."""

    def __init__(self, client: Client, world: World) -> None:
        self.client = client
        made = client.post(
            "/v1/test-clocks",
            json={"name": "t", "now": "2026-03-02T08:00:00Z"},
            headers=bearer(world.key("vendor_admin")),
        )
        self.vendor = world.key("vendor_admin", name="clock")
        self.clock = made.json()["id"]
        self.tenant = world.tenant(test_clock_id=self.clock)
        self.headers = bearer(world.key("tenant_admin", self.tenant))

    def make(self, **rules: Any) -> dict[str, Any]:
        answer = self.client.post("/v1/pools", json={"key": "cad", "seats": 2} | rules, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def change(self, **rules: Any) -> dict[str, Any]:
        answer = self.client.patch("/v1/pools/cad", json=rules, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, to: str, day: str = "2026-03-02") -> None:
        answer = self.client.post(
            f"/v1/test-clocks/{self.clock}/advance", json={"to": f"{day}T{to}Z"}, headers=bearer(self.vendor)
        )
        assert answer.status_code == 201, answer.text

    def ask(self, person: str, key: str | None = None, **more: Any) -> Any:
        body = {"person": person, "client_key": key or person} | more
        return self.client.post("/v1/pools/cad/leases", json=body, headers=self.headers)

    def take(self, person: str, key: str | None = None, **more: Any) -> dict[str, Any]:
        answer = self.ask(person, key, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def denied(self, person: str, key: str | None = None, **more: Any) -> str:
        answer = self.ask(person, key, **more)
        assert answer.status_code == 409, answer.text
        assert answer.json()["code"] == "pool_full"
        return answer.json()["detail"]

    def beat(self, lease: dict[str, Any]) -> Any:
        return self.client.post(f"/v1/leases/{lease['id']}/heartbeat", headers=self.headers)

    def leave(self, lease: dict[str, Any]) -> None:
        assert self.client.delete(f"/v1/leases/{lease['id']}", headers=self.headers).status_code == 204

    def live(self) -> dict[str, Any]:
        return self.client.get("/v1/pools/cad", headers=self.headers).json()

    def denials(self) -> dict[str, Any]:
        return self.client.get("/v1/pools/cad/denials", headers=self.headers).json()

    def usage(self, statistic: str = "peak", **span: str) -> dict[str, Any]:
        asked = {"meter": f"sessions.concurrent.{statistic}", "from": "2026-03-02", "to": "2026-03-03"} | span
        answer = self.client.get("/v1/usage", params=asked, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def pool(client: Client, world: World) -> Pool:
    return Pool(client, world)


def test_the_limit_holds_and_who_leaves_makes_room(pool: Pool) -> None:
    pool.make()
    ann, _ = pool.take("ann"), pool.take("bob")

    assert "2 of 2 seats" in pool.denied("cid")
    pool.leave(ann)
    pool.take("cid")

    live = pool.live()
    assert (live["in_use"], live["free"], live["seats"]) == (2, 0, 2)
    assert [lease["since"] for lease in live["leases"]] == ["2026-03-02T08:00:00Z"] * 2


def test_the_same_client_key_is_the_same_lease_and_another_persons_key_is_refused(pool: Pool) -> None:
    pool.make(seats=1)
    first = pool.take("ann", "k")

    assert pool.take("ann", "k")["id"] == first["id"]
    assert pool.ask("bob", "k").json()["code"] == "lease_key_taken"
    assert pool.live()["in_use"] == 1


def test_one_person_on_two_devices_is_one_use_unless_the_pool_counts_devices_or_sessions(pool: Pool) -> None:
    pool.make(seats=1)
    laptop, phone = pool.take("ann", "a", device="laptop"), pool.take("ann", "b", device="phone")

    assert laptop["id"] != phone["id"]
    assert pool.live()["in_use"] == 1
    pool.leave(laptop)
    pool.denied("bob")
    pool.leave(phone)
    pool.take("bob")


@pytest.mark.parametrize(("count_by", "in_use"), [("person", 1), ("person_device", 2), ("session", 3)])
def test_what_counts_once(pool: Pool, count_by: str, in_use: int) -> None:
    pool.make(seats=9, count_by=count_by)
    for key, device in (("a", "laptop"), ("b", "laptop"), ("c", "phone")):
        pool.take("ann", key, device=device)

    assert pool.live()["in_use"] == in_use
    pool.wait("08:01:00")
    assert pool.usage()["total"] == str(in_use)


def test_a_lease_ends_by_time_alone(pool: Pool) -> None:
    pool.make(seats=1, lease_s=600)
    pool.take("ann")
    pool.wait("08:09:59")
    pool.denied("bob")
    pool.wait("08:10:00")

    assert pool.live()["in_use"] == 0
    pool.take("bob")


def test_a_heartbeat_holds_on_and_brings_back_what_ran_out_if_there_is_room(pool: Pool) -> None:
    pool.make(seats=1, lease_s=600)
    ann = pool.take("ann")
    pool.wait("08:05:00")
    assert pool.beat(ann).json()["expires_at"] == "2026-03-02T08:15:00Z"
    pool.wait("08:30:00")

    back = pool.beat(ann).json()
    assert (back["id"], back["starts_at"]) == (ann["id"], "2026-03-02T08:30:00Z")
    pool.wait("09:00:00")
    pool.take("bob")
    refused = pool.beat(ann)
    assert (refused.status_code, refused.json()["code"]) == (409, "pool_full")


def test_a_released_lease_stays_over(pool: Pool) -> None:
    pool.make()
    ann = pool.take("ann")
    pool.leave(ann)
    pool.leave(ann)

    assert (pool.beat(ann).status_code, pool.beat(ann).json()["code"]) == (409, "lease_over")
    assert pool.take("ann")["id"] != ann["id"]


def test_linger_holds_the_seat_and_is_not_billed(pool: Pool) -> None:
    pool.make(seats=1, linger_s=300)
    ann = pool.take("ann")
    pool.wait("08:10:00")
    pool.leave(ann)
    pool.wait("08:14:59")
    pool.denied("bob")
    assert [lease["lingering"] for lease in pool.live()["leases"]] == [True]
    pool.wait("08:15:00")
    pool.leave(pool.take("bob"))

    assert pool.usage("average")["total"] == "0.018018018018"  # 600 of the day's first 33,300 seconds


def test_overdraft_lets_in_above_the_limit_and_says_so(pool: Pool) -> None:
    pool.make(seats=2, mode="overdraft", overdraft_percent=10)
    leases = [pool.take(name) for name in ("ann", "bob", "cid")]

    assert [lease["overdrawn"] for lease in leases] == [False, False, True]
    assert pool.live()["overdrawn"] == 1
    pool.denied("dan")


def test_a_soft_pool_only_counts(pool: Pool) -> None:
    pool.make(seats=1, mode="soft")
    for name in ("ann", "bob", "cid"):
        pool.take(name)

    live = pool.live()
    assert (live["in_use"], live["capacity"], live["overdrawn"]) == (3, None, 2)


def test_who_ran_out_in_a_soft_pool_puts_nobody_above_its_limit(pool: Pool) -> None:
    pool.make(seats=1, mode="soft", lease_s=300)
    assert not pool.take("ann")["overdrawn"]
    pool.wait("08:10:00")  # ann's lease has ended by time alone

    bob = pool.take("bob")

    assert (bob["overdrawn"], pool.live()["in_use"], pool.live()["overdrawn"]) == (False, 1, 0)
    assert pool.take("cid")["overdrawn"], "two are in, of one"


def test_seats_kept_for_a_group_are_kept_and_its_most_is_the_most(pool: Pool) -> None:
    pool.make(seats=3, groups={"hr": {"least": 1}, "it": {"most": 1}})
    pool.take("ann", group="it")
    assert "group 'it'" in pool.denied("bob", group="it")
    pool.take("bob")

    assert "kept for other groups" in pool.denied("cid")
    pool.take("dan", group="hr")


def test_a_lowered_limit_drains(pool: Pool) -> None:
    pool.make(seats=3)
    leases = [pool.take(name) for name in ("ann", "bob", "cid")]
    pool.change(seats=1)
    assert pool.live()["in_use"] == 3
    for lease in leases[:2]:
        assert pool.beat(lease).status_code == 200
        pool.denied("dan")
        pool.leave(lease)
    pool.denied("dan")
    pool.leave(leases[2])

    pool.take("dan")
    pool.denied("eve")


def test_offline_grants_leave_what_they_must_and_last_no_longer_than_the_pool_says(pool: Pool) -> None:
    pool.make(seats=2, borrow_max_s=86_400, borrow_keep=1)
    told = pool.ask("ann", borrow_s=86_401).json()
    assert (told["code"], "at most 86400 s" in told["detail"]) == ("borrow_too_long", True)
    assert pool.ask("ann", borrow_s=2_000_000_000).status_code == 422
    assert pool.ask("ann", borrow_s=10**15).status_code in (400, 422), "no number is too much to be refused"
    lease = pool.take("ann", borrow_s=3_600)
    assert (lease["borrowed"], lease["expires_at"]) == (True, "2026-03-02T09:00:00Z")
    assert pool.take("ann", borrow_s=60)["grant"] == lease["grant"]

    assert "offline grants" in pool.denied("bob", borrow_s=60)
    pool.take("bob")
    pool.change(borrow_max_s=0, borrow_keep=0)
    assert "gives no offline grants" in pool.ask("cid", borrow_s=60).json()["detail"]


def test_a_report_of_denials_takes_days_and_instants_and_refuses_what_is_no_span(pool: Pool) -> None:
    pool.make(seats=0)
    for name in ("ann", "bob", "cid"):
        assert "it has no seats. Raise its limit" in pool.denied(name)

    def report(**asked: str) -> Any:
        return pool.client.get("/v1/pools/cad/denials", params=asked, headers=pool.headers)

    day = report(**{"from": "2026-03-02", "to": "2026-03-03", "limit": "2"}).json()
    assert (day["denials"], len(day["items"])) == (3, 2)
    assert report(**{"from": "2026-03-02T09:00:00+01:00"}).json()["denials"] == 3
    assert report(to="2026-03-02").json()["denials"] == 0
    for wrong in (
        {"from": "2026-03-03", "to": "2026-03-02"}, {"to": "0001-01-01T00:00:00Z"}, {"from": "yesterday"},
        {"to": "9999-12-31T23:59:59-12:00"},
    ):  # fmt: skip
        answer = report(**wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "range_invalid"), wrong


def test_denials_are_stored_and_true_ones_told_apart(pool: Pool) -> None:
    pool.make(seats=1, lease_s=300)
    pool.take("ann")
    pool.denied("bob", group="hr")
    pool.denied("cid")
    pool.wait("08:05:00")
    pool.take("bob")
    pool.wait("08:10:00")

    report = pool.denials()
    assert (report["denials"], report["true_denials"]) == (2, 1)
    assert report["by_hour"] == [
        {"hour": "2026-03-02T08:00:00Z", "group": group, "reason": "pool_full", "denials": 1, "true_denials": true}
        for group, true in (("", 1), ("hr", 0))
    ]
    assert {(item["client_key"], item["true_denial"], item["in_use"], item["seats"]) for item in report["items"]} == {
        ("bob", False, 1, 1), ("cid", True, 1, 1),
    }  # fmt: skip


def test_leases_replace_the_suites_own_sessions_of_their_pool_from_that_day_on(pool: Pool) -> None:
    def session(key: str, at: str, in_pool: str) -> dict[str, Any]:
        return {"id": f"{key}-{at}", "source": "suite", "type": "session.started", "time": at, "subject": key,
                "data": {"session_id": f"{key}-{at}", "pool": in_pool}}  # fmt: skip

    pool.make()
    pool.take("ann")
    pool.wait("12:00:00")
    events = [session("dan", f"2026-03-0{day}T07:30:00Z", "cad") for day in (1, 2)]
    events += [session(name, "2026-03-02T07:45:00Z", "other") for name in ("eve", "fay", "ann")]
    assert pool.client.post("/v1/events", json=events, headers=pool.headers).json()["accepted"] == 5

    # At 08:00 eve, fay and ann are in: ann by two ways, and counts once. dan's session of that day does not count.
    assert pool.usage()["total"] == "3"
    assert pool.usage(**{"from": "2026-03-01", "to": "2026-03-02"})["total"] == "1"


def test_another_tenants_pool_and_lease_look_like_none(pool: Pool, world: World) -> None:
    pool.make()
    ann = pool.take("ann")
    stranger = bearer(world.key("tenant_admin", world.tenant("other")))

    for method, path in (
        ("POST", f"/v1/leases/{ann['id']}/heartbeat"),
        ("DELETE", f"/v1/leases/{ann['id']}"),
        ("GET", "/v1/pools/cad"),
        ("GET", "/v1/pools/cad/denials"),
    ):
        assert pool.client.request(method, path, headers=stranger).status_code == 404
    asked = pool.client.post("/v1/pools/cad/leases", json={"person": "x"}, headers=stranger)
    assert asked.status_code == 404
    assert pool.beat(ann).status_code == 200


def test_rules_that_contradict_each_other_are_refused(pool: Pool) -> None:
    for rules, code in (
        ({"mode": "overdraft"}, "overdraft_unclear"),
        ({"overdraft": 1}, "overdraft_unused"),
        ({"groups": {"hr": {"least": 3}}}, "groups_keep_too_many"),
        ({"groups": {"hr": {"least": 2, "most": 1}}}, "group_share_unclear"),
    ):
        answer = pool.client.post("/v1/pools", json={"key": "x", "seats": 2} | rules, headers=pool.headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), answer.text
    pool.make()
    assert (
        pool.client.post("/v1/pools", json={"key": "cad", "seats": 3}, headers=pool.headers).json()["code"]
        == "pool_key_taken"
    )


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_a_suspended_customer_gets_nobody_in_and_holds_nobody_on_but_may_leave(
    pool: Pool, world: World, status: str
) -> None:
    pool.make()
    ann = pool.take("ann")
    with world.db.begin(TenantScope(VENDOR_ID)) as session:
        session.execute(update(Tenant).where(Tenant.id == pool.tenant.id).values(status=status))
    pool.client.app.state.pop("senders")  # it is known for two seconds

    for refused in (pool.ask("bob"), pool.ask("ann"), pool.beat(ann)):
        assert (refused.status_code, refused.json()["code"]) == (409, "suspended")
    assert pool.denials()["denials"] == 0
    pool.leave(ann)
    assert pool.live()["in_use"] == 0


def test_who_leaves_is_out_at_that_instant_and_gets_in_no_more_until_they_are_back(pool: Pool, world: World) -> None:
    pool.make(seats=2, linger_s=600)
    ann, _ = pool.take("ann"), pool.take("bob")
    pool.wait("08:05:00")
    listen()
    with world.db.begin(TenantScope(pool.tenant.id)) as session:
        now, who = tenant_now(session, pool.tenant), find_people(session, pool.tenant.id, ["ann"])["ann"].id
        deactivate_person(session, pool.tenant.id, who, now, ACTOR, now)

    assert pool.live()["in_use"] == 1
    assert pool.beat(ann).json()["code"] == "lease_over"
    for key in ("ann", "another"):
        refused = pool.ask("ann", key)
        assert (refused.status_code, refused.json()["code"]) == (409, "person_inactive")
    pool.take("cid")
    assert pool.usage("peak")["total"] == "2"
    pool.denied("dan")

    with world.db.begin(TenantScope(pool.tenant.id)) as session:
        reactivate_person(session, pool.tenant.id, who, tenant_now(session, pool.tenant), ACTOR)
    assert pool.beat(ann).json()["code"] == "lease_over"
    assert "2 of 2 seats" in pool.denied("ann")


def test_a_lease_that_ran_out_does_not_come_back_for_who_has_left(pool: Pool, world: World) -> None:
    pool.make()
    ann = pool.take("ann")
    pool.wait("09:00:00")
    pool.take("bob")
    with world.db.begin(TenantScope(pool.tenant.id)) as session:
        now, who = tenant_now(session, pool.tenant), find_people(session, pool.tenant.id, ["ann"])["ann"].id
        deactivate_person(session, pool.tenant.id, who, now, ACTOR, now)

    assert pool.beat(ann).json()["code"] == "lease_over"
