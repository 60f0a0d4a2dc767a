"""Who an event says has left is out of every pool, unless something newer says that they are back."""

import asyncio
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from msgspec import Raw
from msgspec.json import encode

from core.scope import TenantScope
from metering.actions.ingest_events import ingest_events
from metering.ingest.lane import IngestLane
from metering.ingest.validation import Rules
from metering.tasks import follow_people
from tenants.reads import get_person, tenant_now
from tenants.reads.finding import find_people
from tests.builders.world import World
from tests.integration.licensing.test_pools_api import Client, Pool

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


class House(Pool):
    """A customer with a floating pool `cad` and a seat pool `learners`, at eight in the morning."""

    def __init__(self, client: Client, world: World) -> None:
        super().__init__(client, world)
        self.world = world
        world.people(self.tenant, "ann", "ben")
        self.make(seats=5)
        self.post("/v1/seat-pools", {"key": "learners", "name": "Learners", "seats": 1})
        self._number = 0

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.client.post(path, json=body, headers=self.headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def event(self, what: str, at: str, who: str = "ann", event_id: str | None = None) -> dict[str, Any]:
        self._number += 1
        return {
            "specversion": "1.0", "id": event_id or f"p-{self._number}", "source": "hr", "type": f"person.{what}",
            "subject": who, "time": f"2026-03-02T{at}Z", "data": {},
        }  # fmt: skip

    def says(self, what: str, at: str, who: str = "ann", event_id: str | None = None) -> dict[str, Any]:
        event = self.event(what, at, who, event_id)
        self.post("/v1/events", [event])
        return event

    def correct(self, event: dict[str, Any], **more: Any) -> None:
        body = {"source": event["source"], "id": event["id"], "kind": "void", "reason": "a mistake of HR"} | more
        self.post("/v1/events/corrections", body)

    def is_in(self, who: str = "ann") -> bool:
        """Return whether the door lets somebody in; if so they leave at once."""
        answer = self.ask(who, f"try-{who}")
        if answer.status_code == 201:
            self.leave(answer.json())
            return True
        assert (answer.status_code, answer.json()["code"]) == (409, "person_inactive"), answer.text
        return False

    def left_at(self, who: str = "ann") -> datetime | None:
        with self.world.db.begin(TenantScope(self.tenant.id)) as session:
            return find_people(session, self.tenant.id, [who])[who].active_to

    def seat(self, who: str) -> str:
        answer = self.client.get(f"/v1/seat-pools/learners/seats/{who}", headers=self.headers)
        return str(answer.json()["state"])


@pytest.fixture
def house(client: Client, world: World) -> House:
    return House(client, world)


def test_the_event_shuts_the_door_ends_leases_and_passes_the_seat_on_before_it_is_answered(house: House) -> None:
    lease = house.take("ann")
    house.post("/v1/seat-pools/learners/seats", {"person": "ann"})
    house.post("/v1/seat-pools/learners/seats", {"person": "ben", "wait": True})
    house.wait("10:00:00")
    held = house.take("ann", "again")

    house.says("deactivated", "10:00:00")

    assert house.beat(held).json()["code"] == "lease_over"
    assert house.beat(lease).json()["code"] in ("lease_over", "person_inactive")
    assert not house.is_in()
    assert house.live()["in_use"] == 0
    assert (house.seat("ann"), house.seat("ben")) == ("none", "held")
    assert house.left_at() == datetime.fromisoformat("2026-03-02T10:00:00Z")
    refused = house.client.post("/v1/seat-pools/learners/seats", json={"person": "ann"}, headers=house.headers)
    assert refused.json()["code"] == "person_inactive"


def test_the_same_event_again_or_a_further_one_changes_nothing_and_is_told_once(house: House) -> None:
    house.wait("10:00:00")
    house.says("deactivated", "09:00:00", event_id="same")
    house.says("deactivated", "09:00:00", event_id="same")
    house.says("deactivated", "09:30:00")

    audit = house.client.get("/v1/audit", headers=house.headers).json()["items"]
    assert [one["action"] for one in audit].count("deactivate_person") == 1
    assert house.left_at() == datetime.fromisoformat("2026-03-02T09:00:00Z")


def returns_by_api(house: House) -> None:
    house.post("/v1/people/ann/reactivate")


def returns_by_event(house: House) -> None:
    house.says("reactivated", "10:00:00")


def is_hired_by_the_directory(house: House) -> None:
    house.post("/scim/v2/Users", {"schemas": [CORE], "userName": "ann", "active": True})


@pytest.mark.parametrize("returns", [returns_by_api, returns_by_event, is_hired_by_the_directory])
@pytest.mark.parametrize("first", [True, False], ids=["known", "late"])
def test_an_event_of_before_the_return_does_not_undo_it(house: House, returns: Any, first: bool) -> None:
    house.wait("10:00:00")
    if first:
        house.says("deactivated", "09:00:00", event_id="left")
        assert not house.is_in()
    returns(house)

    house.says("deactivated", "09:00:00", event_id="left")
    house.says("deactivated", "09:30:00", event_id="told twice by another system")

    assert house.is_in()
    house.wait("11:00:00")
    house.says("deactivated", "10:30:00")
    assert not house.is_in(), "a newer one holds"


def test_the_order_in_which_events_come_does_not_matter_and_of_two_at_one_instant_who_left_is_out(
    house: House,
) -> None:
    house.wait("12:00:00")
    days = {
        "in": [("deactivated", "09:00:00"), ("reactivated", "10:00:00"), ("deactivated", "08:30:00")],
        "out": [("reactivated", "09:00:00"), ("deactivated", "10:00:00"), ("reactivated", "10:00:00")],
    }
    for stays, told in days.items():
        for number, order in enumerate(permutations(told)):
            who = f"{stays}-{number}"
            house.post("/v1/events", [house.event(what, at, who) for what, at in order[:1]])
            house.post("/v1/events", [house.event(what, at, who) for what, at in order[1:]])
            assert house.is_in(who) == (stays == "in"), order


def test_what_was_said_by_mistake_is_taken_back_whether_it_came_before_or_after(house: House) -> None:
    house.wait("10:00:00")
    wrong = house.says("deactivated", "09:00:00")
    house.correct(wrong)
    assert house.is_in()

    early = house.event("deactivated", "09:30:00")
    house.correct(early)
    house.post("/v1/events", [early])
    assert house.is_in()

    meant = house.says("deactivated", "09:40:00")
    said = {key: meant[key] for key in ("type", "time", "data")} | {"subject": "ben"}
    house.correct(meant, kind="replace", replacement=said)
    assert (house.is_in("ann"), house.is_in("ben")) == (True, False)


def test_a_departure_that_the_process_did_not_live_to_follow_is_followed_by_time(house: House) -> None:
    house.wait("10:00:00")
    with house.world.db.begin(TenantScope(house.tenant.id)) as session:
        now = tenant_now(session, house.tenant)

    async def taken() -> None:
        lane = IngestLane(house.world.db.database_url)  # nobody follows: as if killed after the commit
        try:
            await lane.ingest(house.tenant.id, [Raw(encode(house.event("deactivated", "09:00:00")))], Rules(now))
        finally:
            await lane.close()

    asyncio.run(taken())
    assert house.is_in(), "not yet"

    assert follow_people(house.world.db) == 1
    assert follow_people(house.world.db) == 0

    assert not house.is_in()


def test_hundreds_who_leave_at_once_are_out_and_one_key_of_somebody_shuts_out_the_person(house: House) -> None:
    house.wait("10:00:00")
    house.post("/v1/people/ben/merge", {"into": "ann", "reason": "one person"})
    crowd = [f"p{number}" for number in range(120)]
    events = [house.event("deactivated", "09:00:00", who) for who in [*crowd, "ben"]]
    with house.world.db.begin(TenantScope(house.tenant.id)) as session:
        now = tenant_now(session, house.tenant)
    ingest_events(house.world.db.database_url, house.tenant, events, now)

    assert follow_people(house.world.db) == 121

    assert not any(house.is_in(who) for who in ("p0", "p60", "p119", "ann", "ben"))


def test_who_is_somebody_who_is_there_stays_in_whatever_was_said_of_their_other_name(house: House) -> None:
    house.wait("10:00:00")
    house.says("deactivated", "09:00:00", "ben")
    house.post("/v1/people/ben/merge", {"into": "ann", "reason": "one person"})

    house.says("reactivated", "08:30:00", "ben")

    assert house.is_in("ann")


def test_who_was_erased_is_not_brought_back(house: House) -> None:
    house.wait("10:00:00")
    house.says("updated", "10:00:00")  # the process remembers whose key that is
    with house.world.db.begin(TenantScope(house.tenant.id)) as session:
        ann = find_people(session, house.tenant.id, ["ann"])["ann"].id
    house.post("/v1/people/ann/erase", {})
    house.wait("10:01:00")

    house.says("reactivated", "10:01:00")

    with house.world.db.begin(TenantScope(house.tenant.id)) as session:
        assert get_person(session, house.tenant.id, ann).active_to is not None


def test_a_name_that_changes_in_the_directory_says_nothing_of_whether_somebody_is_there(house: House) -> None:
    user = house.post("/scim/v2/Users", {"schemas": [CORE], "userName": "ann", "active": True})
    house.wait("10:00:00")
    house.says("deactivated", "10:00:00")
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "displayName", "value": "Ann Hall"}],
    }

    answer = house.client.patch(f"/scim/v2/Users/{user['id']}", json=patch, headers=house.headers)

    assert answer.status_code == 200, answer.text
    assert not house.is_in()
    assert house.left_at() is not None
