"""Named seats of people who are found to be one: a place on the wait-list is the survivor's."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from plans.licensing.seats.tasks import fill_waiting_seats
from tests.builders.world import World
from tests.integration.plans.test_seat_pools import Seats


@pytest.fixture
def seats(client: TestClient[Litestar], world: World) -> Seats:
    return Seats(client, world, 1)


def merge(seats: Seats, key: str, into: str) -> None:
    answer = seats.post(f"/v1/people/{key}/merge", {"into": into, "reason": "the same"})
    assert answer.status_code == 200, answer.text


def waiting(seats: Seats) -> list[str]:
    found = seats.get("/seats?state=waiting")["items"]
    return [next(key for key, person in seats.people.items() if str(person) == one["person"]) for one in found]


def test_who_waits_and_is_found_to_be_another_waits_on_as_that_one(seats: Seats) -> None:
    for one in ("ann", "ben", "cid"):
        seats.assign(one, wait=True)
    merge(seats, "ben", "dan")

    assert waiting(seats) == ["dan", "cid"]
    assert seats.assign("dan", wait=True).json()["place"] == 1
    seats.release("ann")

    assert [seats.state(one) for one in ("ben", "dan", "cid")] == ["held", "held", "waiting"]
    assert seats.get()["held"] == 1
    seats.release("dan")
    assert [seats.state(one) for one in ("dan", "cid")] == ["none", "held"]


def test_who_waits_and_is_found_to_hold_a_seat_already_waits_no_more(seats: Seats) -> None:
    seats.assign("ann")
    seats.assign("ben", wait=True)
    merge(seats, "ben", "ann")

    assert waiting(seats) == []
    assert seats.client.patch("/v1/seat-pools/learners", headers=seats.headers, json={"seats": 2}).status_code == 200
    fill_waiting_seats(seats.db)

    assert seats.get()["held"] == 1
    assert seats.assign("cid").status_code == 201


def test_two_who_wait_and_are_found_to_be_one_have_one_place_and_a_merge_taken_back_gives_it_back(
    seats: Seats,
) -> None:
    for one in ("ann", "ben", "cid"):
        seats.assign(one, wait=True)
    merge(seats, "ben", "cid")

    assert waiting(seats) == ["cid"]
    seats.post("/v1/people/ben/unmerge", {"reason": "not after all"})
    assert waiting(seats) == ["ben", "cid"]


def test_who_leaves_waits_no_more_as_whom_they_were_found_to_be_either(seats: Seats) -> None:
    seats.assign("ann")
    seats.assign("ben", wait=True)
    merge(seats, "ben", "dan")

    seats.leaves("dan")

    assert waiting(seats) == []
