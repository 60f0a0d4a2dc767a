"""Named seat pools through the API: assigned, released, moved, waited for; and what is billed of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.listeners import listen
from core.periods import Period
from core.scope import VENDOR_ID, TenantScope
from core.signals import publish
from metering.reads import measure
from plans.licensing.seats.tasks import fill_waiting_seats
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.actions.merge_people import merge_people
from tenants.actions.run_test_clock import create_test_clock, set_test_clock
from tenants.actions.state_person import state_trait
from tenants.events import PoolMembersChanged
from tenants.reads import people_standing_for, tenant_now
from tenants.reads.finding import people_ever_of
from tests.builders.suite import Suite
from tests.builders.world import ACTOR, World, bearer

Client = TestClient[Litestar]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Seats:
    """A customer on a test clock with a seat pool, and its people."""

    def __init__(self, client: Client, world: World, seats: int = 2, **rules: Any) -> None:
        with world.db.begin(TenantScope(VENDOR_ID)) as session:
            self.clock = create_test_clock(session, "seats", START, ACTOR, START)
        self.suite = Suite(client, world, "acme", test_clock_id=self.clock)
        self.client, self.db, self.world = client, world.db, world
        self.headers = bearer(self.suite.key)
        self.people = world.people(self.suite.tenant, "ann", "ben", "cid", "dan", "eva")
        answer = self.post("/v1/seat-pools", {"key": "learners", "name": "Learners", "seats": seats, **rules})
        assert answer.status_code == 201, answer.text

    def at(self, day: str) -> None:
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            set_test_clock(session, self.clock, datetime.fromisoformat(day).replace(tzinfo=UTC), ACTOR)

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(path, headers=self.headers, json=body)

    def get(self, path: str = "") -> Any:
        answer = self.client.get(f"/v1/seat-pools/learners{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def assign(self, person: str, *, wait: bool = False) -> Any:
        return self.post("/v1/seat-pools/learners/seats", {"person": person, "wait": wait})

    def release(self, person: str) -> Any:
        return self.client.delete(f"/v1/seat-pools/learners/seats/{person}", headers=self.headers)

    def move(self, person: str, to: str) -> Any:
        return self.post(f"/v1/seat-pools/learners/seats/{person}/move", {"to": to})

    def acts(self, person: str, at: str) -> None:
        self.suite.tell("activity.performed", person, at, verb="read", object_type="page", object_id="o")

    def state(self, person: str) -> str:
        return str(self.get(f"/seats/{person}")["state"])

    def leaves(self, person: str) -> None:
        listen()
        with self.db.begin(TenantScope(self.suite.tenant.id)) as session:
            now = tenant_now(session, self.suite.tenant)
            deactivate_person(session, self.suite.tenant.id, self.people[person], now, ACTOR, now)

    def comes_back(self, person: str) -> None:
        with self.db.begin(TenantScope(self.suite.tenant.id)) as session:
            now = tenant_now(session, self.suite.tenant)
            reactivate_person(session, self.suite.tenant.id, self.people[person], now, ACTOR)

    def group(self, joined: tuple[UUID, ...] = (), left: tuple[UUID, ...] = ()) -> None:
        with self.db.begin(TenantScope(self.suite.tenant.id)) as session:
            now = tenant_now(session, self.suite.tenant)
            publish(session, PoolMembersChanged(self.suite.tenant.id, "learners", joined, left, now))

    def peak(self, first: datetime, until: datetime) -> int:
        with self.db.begin(TenantScope(self.suite.tenant.id)) as session:
            return int(measure(session, self.suite.tenant, "seats.named.peak", Period(first, until)).quantity)


@pytest.fixture
def seats(client: Client, world: World) -> Seats:
    return Seats(client, world)


def test_seats_are_given_until_the_pool_is_full_and_the_refusal_tells_the_place_on_the_wait_list(seats: Seats) -> None:
    assert [seats.assign(one).status_code for one in ("ann", "ben")] == [201, 201]

    refused = seats.assign("cid")

    assert (refused.status_code, refused.json()["code"], refused.json()["place"]) == (409, "seat_pool_full", 1)
    assert seats.assign("ann").json()["code"] == "seat_already_held"
    assert seats.assign("nobody").json()["code"] == "person_unknown"
    pool = seats.get()
    assert (pool["held"], pool["free"], pool["waiting"]) == (2, 0, 0)


def test_who_waits_first_gets_the_first_free_seat_and_a_seat_never_used_is_free_at_once(seats: Seats) -> None:
    for one in ("ann", "ben"):
        seats.assign(one)
    assert [seats.assign(one, wait=True).json()["place"] for one in ("cid", "dan", "cid")] == [1, 2, 1]

    freed = seats.release("ann").json()

    assert freed == {"name": "ann", "result": "released", "person": str(seats.people["ann"])}
    assert [seats.state(one) for one in ("ann", "cid", "dan")] == ["none", "held", "waiting"]


def test_a_used_seat_cools_down_before_the_next_one_gets_it_and_its_own_holder_may_take_it_back(seats: Seats) -> None:
    for one in ("ann", "ben"):
        seats.assign(one)
    seats.at("2026-03-10T09:00")
    seats.acts("ann", "2026-03-09T10:00")

    freed = seats.release("ann").json()

    # Released on 10 March, 30 days: taken through 8 April of Berlin.
    assert freed["until"] == "2026-04-08T22:00:00Z"
    refused = seats.assign("cid").json()
    assert (refused["code"], refused["until"]) == ("seat_cooling_down", "2026-04-08T22:00:00+00:00")
    seats.assign("cid", wait=True)
    assert seats.assign("ann").json()["retaken"] is True
    assert [seats.state(one) for one in ("ann", "cid")] == ["held", "waiting"]
    seats.at("2026-03-12T09:00")
    seats.acts("ann", "2026-03-11T10:00")
    seats.release("ann")
    seats.at("2026-04-10T21:59")
    assert seats.post("/v1/seat-pools/learners/fill", {}).json() == []
    seats.at("2026-04-10T22:00")
    assert len(seats.post("/v1/seat-pools/learners/fill", {}).json()) == 1
    assert seats.state("cid") == "held"
    assert seats.peak(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)) == 2


def test_a_seat_passes_on_where_it_was_never_used_and_else_only_to_a_free_one(seats: Seats) -> None:
    seats.assign("ann")
    seats.assign("ben")
    seats.at("2026-03-10T09:00")
    seats.acts("ben", "2026-03-09T10:00")

    passed = seats.move("ann", "cid")
    refused = seats.move("ben", "dan")

    assert (passed.status_code, passed.json()) == (
        200,
        {"was": str(seats.people["ann"]), "now": str(seats.people["cid"])},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "seat_cooling_down")
    assert [seats.state(one) for one in ("ann", "ben", "cid", "dan")] == ["none", "held", "held", "none"]
    assert seats.move("eva", "dan").json()["code"] == "seat_not_held"
    assert seats.move("ben", "cid").json()["code"] == "seat_already_held"


def test_a_used_seat_is_not_freed_when_the_years_moves_are_used_up_until_the_oldest_is_a_year_old(
    client: Client, world: World
) -> None:
    seats = Seats(client, world, 5, moves_per_year=1)
    for one in ("ann", "ben", "cid"):
        seats.assign(one)
    seats.at("2026-03-10T09:00")
    seats.acts("ann", "2026-03-09T10:00")
    seats.acts("ben", "2026-03-09T10:00")

    assert seats.release("ann").status_code == 200
    refused = seats.release("ben").json()

    # Berlin's 10 March of the next year.
    assert (refused["code"], refused["until"]) == ("seat_moves_used_up", "2027-03-09T23:00:00+00:00")
    assert seats.release("cid").status_code == 200, "a seat that was never used is free to move"
    assert seats.get()["moves_left"] == 0
    seats.at("2027-03-09T22:59")
    assert seats.release("ben").status_code == 409
    seats.at("2027-03-09T23:00")
    assert seats.release("ben").status_code == 200


def test_a_lower_limit_takes_nobodys_seat_away_and_nobody_gets_one_until_it_has_drained(seats: Seats) -> None:
    seats.assign("ann")
    seats.assign("ben")
    seats.assign("cid", wait=True)

    changed = seats.client.patch("/v1/seat-pools/learners", headers=seats.headers, json={"seats": 1}).json()

    assert (changed["held"], changed["free"], changed["waiting"]) == (2, -1, 1)
    seats.release("ann")
    assert seats.state("cid") == "waiting"
    seats.release("ben")
    assert seats.state("cid") == "held"
    raised = seats.client.patch("/v1/seat-pools/learners", headers=seats.headers, json={"seats": 9}).json()
    assert (raised["name"], raised["free"]) == ("Learners", 8)


def test_many_are_assigned_and_released_at_once_with_a_result_for_each(seats: Seats) -> None:
    seats.assign("ann")

    done = seats.post(
        "/v1/seat-pools/learners/seats/bulk",
        {"release": ["ann", "eva"], "assign": ["ben", "ben", "cid", "nobody", "dan"], "wait": True},
    ).json()
    file = seats.client.post(
        "/v1/seat-pools/learners/seats/csv",
        headers=seats.headers | {"Content-Type": "text/csv"},
        content="person,action\nben,release\nann,assign\n",
    )
    bad = seats.client.post(
        "/v1/seat-pools/learners/seats/csv", headers=seats.headers, content="person,action\nben,go\n"
    )

    assert [(row["result"], row.get("code")) for row in done["released"]] == [
        ("released", None),
        ("refused", "seat_not_held"),
    ]
    assert [(row["result"], row.get("code") or row.get("place")) for row in done["assigned"]] == [
        ("assigned", None),
        ("refused", "seat_already_held"),
        ("assigned", None),
        ("refused", "person_unknown"),
        ("waiting", 1),
    ]
    assert file.status_code == 200, file.text
    assert [row["result"] for part in ("released", "assigned") for row in file.json()[part]] == ["released", "refused"]
    assert seats.state("dan") == "held", "who waited came first"
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/2")


def test_groups_get_seats_by_themselves_but_not_who_lost_theirs(client: Client, world: World) -> None:
    seats = Seats(client, world, 3)
    groups = {"auto_assign": {"audiences": ["partner"], "cost_centres": ["sales"]}}
    too_soon = client.patch("/v1/seat-pools/learners", headers=seats.headers, json=groups)
    assert too_soon.json()["errors"][0]["pointer"] == "/auto_assign/cost_centres", "it names what there is not"
    world.cost_centres(seats.suite.tenant, "sales")
    assert client.patch("/v1/seat-pools/learners", headers=seats.headers, json=groups).status_code == 200
    world.people(seats.suite.tenant, "pat", audience="partner")
    world.people(seats.suite.tenant, "bot", audience="partner", person_class="service")
    world.assign(seats.suite.tenant, "ann", sales=1)

    fill_waiting_seats(seats.db)
    assert [seats.state(one) for one in ("pat", "ann", "ben", "bot")] == ["held", "held", "none", "none"]
    seats.release("pat")
    fill_waiting_seats(seats.db)

    assert seats.state("pat") == "none"


def test_a_group_is_read_alone_and_whoever_was_found_to_be_another_is_that_other(client: Client, world: World) -> None:
    seats = Seats(client, world, 9, auto_assign={"audiences": ["partner"]})
    tenant = seats.suite.tenant
    made = world.people(tenant, "pat", "pia", "una", "was", audience="partner")
    with seats.db.begin(TenantScope(tenant.id)) as session:
        now = tenant_now(session, tenant)
        merge_people(session, tenant.id, "ben", "pat", "the same", ACTOR, now)
        merge_people(session, tenant.id, "una", "ann", "the same", ACTOR, now)
        state_trait(session, tenant.id, made["was"], "audience", "employee", now)
        among = people_ever_of(session, tenant.id, ("partner",), ())
        read = people_standing_for(session, tenant.id, among or ())

        # ben is found to be pat; una is ann, who is an employee. cid, dan and eva are not read.
        assert among == set(made.values())
        assert set(read.identities().values()) == {made["pat"], made["pia"], made["was"], seats.people["ann"]}
        assert people_ever_of(session, tenant.id, ("partner", "employee"), ()) is None

    seats.at("2026-03-01T13:00")
    fill_waiting_seats(seats.db)

    held = {one["person"] for one in seats.get("/seats?state=held")["items"]}
    assert held == {str(made["pat"]), str(made["pia"])}


def test_seats_that_the_suite_assigned_by_events_are_the_pools_and_corrections_too(seats: Seats) -> None:
    told = seats.suite.tell("seat.assigned", "eva", "2026-02-01T08:00", pool="learners")
    seats.suite.tell("seat.assigned", "dan", "2026-02-01T08:00", pool="another")

    assert [one["person"] for one in seats.get("/seats")["items"]] == [str(seats.people["eva"])]
    assert seats.release("eva").status_code == 200
    assert seats.state("eva") == "none"
    seats.assign("ann")
    seats.suite.correct(told, "void")
    assert [one["person"] for one in seats.get("/seats?state=held")["items"]] == [str(seats.people["ann"])]


def test_advice_tells_who_was_idle_what_the_rules_say_and_what_it_saves(client: Client, world: World) -> None:
    seats = Seats(client, world, 5, moves_per_year=9)
    for one in ("ann", "ben", "cid"):
        seats.assign(one)
    seats.at("2026-06-01T09:00")
    seats.acts("ann", "2026-03-02T10:00")
    seats.acts("cid", "2026-05-30T10:00")

    advice = seats.get("/advice?idle_days=60")

    # Last uses older than 60 days are not asked for: ann's seat is idle since it is held, as ben's is.
    assert [(one["person"], one["rule"], one["idle_days"], one.get("free_at")) for one in advice["items"]] == [
        (str(seats.people["ann"]), "cools_down", 92, "2026-06-30T22:00:00Z"),
        (str(seats.people["ben"]), "never_used", 92, None),
    ]
    assert (advice["may_release"], advice["saves"]) == (2, [])


def test_the_list_goes_on_where_it_was_although_somebody_on_it_has_gone(client: Client, world: World) -> None:
    seats = Seats(client, world, 3)
    for one in ("ann", "ben", "cid", "dan"):
        seats.assign(one, wait=True)
    first = seats.get("/seats?limit=2")
    seats.acts("cid", "2026-03-01T12:00")
    seats.at("2026-03-01T13:00")
    assert seats.release("ben").status_code == 200  # never used: dan has the seat, after those who had one before

    second = seats.get(f"/seats?limit=2&cursor={first['next_cursor']}")

    people = {str(person): name for name, person in seats.people.items()}
    assert [people[one["person"]] for one in first["items"] + second["items"]] == ["ann", "ben", "cid", "dan"]
    assert "next_cursor" not in second or second["next_cursor"] is None
    answer = client.get("/v1/seat-pools/learners/seats?cursor=zzz", headers=seats.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_who_leaves_holds_no_seat_from_that_instant_whoever_waits_gets_it_and_nothing_cools_down(seats: Seats) -> None:
    for one in ("ann", "ben"):
        seats.assign(one)
    for one in ("cid", "dan"):
        seats.assign(one, wait=True)
    seats.at("2026-03-10T09:00")
    seats.acts("ann", "2026-03-09T10:00")

    for one in ("cid", "ann"):
        seats.leaves(one)

    assert [seats.state(one) for one in ("ann", "ben", "cid", "dan")] == ["none", "held", "none", "held"]
    assert seats.assign("ann").json()["code"] == "person_inactive"
    assert seats.peak(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)) == 2
    seats.comes_back("ann")
    assert seats.state("ann") == "none", "a rehire restores nothing"
    assert seats.assign("ann", wait=True).status_code == 202


def test_who_joins_a_directorys_group_gets_a_seat_or_waits_and_who_leaves_it_loses_theirs(seats: Seats) -> None:
    listen()
    ann, ben, cid = (seats.people[one] for one in ("ann", "ben", "cid"))

    seats.group(joined=(ann, ben, cid))
    assert [seats.state(one) for one in ("ann", "ben", "cid")] == ["held", "held", "waiting"]
    seats.group(left=(ann, ben))

    assert [seats.state(one) for one in ("ann", "ben", "cid")] == ["none", "none", "held"]


def test_on_a_clock_that_is_advanced_who_waits_gets_the_seat_at_the_instant_at_which_it_comes_free(
    seats: Seats,
) -> None:
    vendor = bearer(seats.world.key("vendor_admin"))
    for one in ("ann", "ben"):
        seats.assign(one)
    seats.assign("cid", wait=True)
    seats.at("2026-03-10T09:00")
    seats.acts("ann", "2026-03-09T10:00")
    seats.release("ann")

    path = f"/v1/test-clocks/{seats.clock}/advance"
    moved = seats.client.post(path, headers=vendor, json={"to": "2026-05-01T00:00:00Z"})

    assert moved.status_code == 201, moved.text
    # Local midnight of 9 April in Berlin, and the tick of the pool's next act.
    assert seats.get("/seats/cid")["since"] == "2026-04-08T22:00:00.000001Z"
