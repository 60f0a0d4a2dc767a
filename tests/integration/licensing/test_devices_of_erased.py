"""The devices and sessions of who was erased are named nowhere any more, and every figure stays what it was."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.scope import StewardScope, TenantScope
from plans.licensing.tasks import rename_devices_of_erased
from tests.builders.world import World
from tests.integration.directory.test_erasure import rows_that_name
from tests.integration.licensing.test_pools_api import Client, Pool

NAME = "annegret"
LOAD = 12345678901234567890123


class House(Pool):
    """A customer whose clients and suite call devices by their owner's name."""

    db: Any

    def __init__(self, client: Client, world: World, count_by: str = "person_device") -> None:
        super().__init__(client, world)
        self.db = world.db
        self.make(seats=1, count_by=count_by)
        self._number = 0

    def post(self, path: str, body: Any) -> Any:
        answer = self.client.post(path, json=body, headers=self.headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def tells(self, what: str, at: str, who: str = "ann", **data: Any) -> dict[str, Any]:
        self._number += 1
        event = {
            "specversion": "1.0", "id": f"s-{self._number}", "source": "suite", "type": f"session.{what}",
            "subject": who, "time": f"2026-03-02T{at}Z", "data": data,
        }  # fmt: skip
        assert self.post("/v1/events", [event])["accepted"] == 1
        return event

    def figures(self) -> list[Any]:
        asked = {"meter": "sessions.concurrent.peak", "from": "2026-03-02", "to": "2026-03-03"}
        evidence = self.client.get("/v1/usage/evidence", params=asked, headers=self.headers).json()["items"]
        counted = [{key: one[key] for key in ("event_key", "quantity", "reason") if key in one} for one in evidence]
        return [self.usage(statistic)["total"] for statistic in ("peak", "p95", "average")] + counted

    def bodies(self) -> str:
        """Return what is stored of events, unpacked."""
        told = self.client.get("/v1/events", params={"from": "2026-03-02T00:00:00Z"}, headers=self.headers).json()
        return "".join(
            self.client.get(f"/v1/events/{one['source']}/{one['id']}", headers=self.headers).text
            for one in told["items"]
        )


@pytest.mark.parametrize("count_by", ["person", "person_device", "session"])
def test_no_device_and_no_session_names_who_was_erased_and_figures_stay(
    client: Client, world: World, count_by: str
) -> None:
    house = House(client, world, count_by)
    first = house.take("ben")
    house.denied("ann", f"{NAME}-early", device=f"{NAME}'s phone")
    house.leave(first)
    held = house.take("ann", f"{NAME}-key", device=f"{NAME}'s laptop")
    house.wait("08:10:00")
    house.leave(held)
    house.wait("12:00:00")
    house.tells("started", "09:00:00", session_id=f"{NAME}-1", device_id=f"{NAME}'s laptop", load=LOAD)
    house.tells("heartbeat", "09:20:00", session_id=f"{NAME}-1")
    house.tells("ended", "09:30:00", "gate", session_id=f"{NAME}-1")  # told by another account
    house.tells("started", "09:10:00", "ben", session_id="b-1", device_id="ben's laptop")
    wrong = house.tells("started", "09:40:00", session_id="x", device_id="x")
    said = {key: wrong[key] for key in ("type", "time", "subject")}
    said |= {"data": {"session_id": f"{NAME}-2", "device_id": f"{NAME}'s phone"}}
    body = {"source": "suite", "id": wrong["id"], "kind": "replace", "reason": "r", "replacement": said}
    house.post("/v1/events/corrections", body)
    before = house.figures()
    assert len(before) > 3
    named = set(rows_that_name(house, NAME))  # type: ignore[arg-type]
    assert named >= {"fact", "leased_session", "denial", "correction"}

    pseudonym = house.post("/v1/people/ann/erase", {})["pseudonym"]
    assert rename_devices_of_erased(house.db) == 1

    assert rows_that_name(house, NAME) == []  # type: ignore[arg-type]
    assert NAME not in house.bodies()
    assert "ben's laptop" in house.bodies(), "nobody else's"
    assert str(LOAD) in house.bodies(), "all digits"
    assert house.figures() == before
    again = {
        "specversion": "1.0", "id": "s-1", "source": "suite", "type": "session.started", "subject": "ann",
        "time": "2026-03-02T09:00:00Z", "data": {"session_id": f"{NAME}-1", "device_id": f"{NAME}'s laptop", "load": LOAD},
    }  # fmt: skip
    assert house.post("/v1/events", [again])["duplicate"] == 1
    alias = house.post(f"/v1/people/{pseudonym}/erasure-proof", {"key": f"{NAME}'s laptop"})["alias"]
    assert set(rows_that_name(house, alias)) >= {"fact", "leased_session"}  # type: ignore[arg-type]
    assert rename_devices_of_erased(house.db) == 0


def test_what_came_in_just_after_the_erasure_is_renamed_too_under_the_same_alias(client: Client, world: World) -> None:
    house = House(client, world)
    house.tells("started", "08:00:00", session_id=f"{NAME}-1", device_id="d")
    house.post("/v1/people/ann/erase", {})
    rename_devices_of_erased(house.db)
    house.tells("ended", "08:00:00", session_id=f"{NAME}-1")  # the process remembers whose key that is
    assert rows_that_name(house, NAME) == ["fact"]  # type: ignore[arg-type]

    with house.db.begin(StewardScope()) as session:
        session.execute(text("update erasure set renamed_at = erased_at + :soon"), {"soon": timedelta(seconds=10)})
    assert rename_devices_of_erased(house.db) == 1

    assert rows_that_name(house, NAME) == []  # type: ignore[arg-type]
    with house.db.begin(TenantScope(house.tenant.id)) as session:
        names = session.execute(text("select distinct attributes ->> 'session_id' from fact")).scalars().all()
    assert len(names) == 1


def test_a_device_of_who_was_found_to_be_them_has_the_alias_that_the_proof_tells(client: Client, world: World) -> None:
    house = House(client, world)
    house.tells("started", "08:00:00", session_id="one", device_id="d")
    house.tells("started", "08:00:00", who="anna", session_id=f"{NAME}-2", device_id=f"{NAME}'s tablet")
    house.post("/v1/people/anna/merge", {"into": "ann", "reason": "r"})
    pseudonym = house.post("/v1/people/ann/erase", {})["pseudonym"]

    rename_devices_of_erased(house.db)

    told = house.post(f"/v1/people/{pseudonym}/erasure-proof", {"key": f"{NAME}'s tablet"})
    assert (rows_that_name(house, told["alias"]), rows_that_name(house, NAME)) == (["fact"], [])  # type: ignore[arg-type]
