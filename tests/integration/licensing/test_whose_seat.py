"""One person is one use at the door as on the bill, by whatever name the client calls them."""

from typing import Any

import pytest

from tests.builders.world import World
from tests.integration.licensing.test_pools_api import Pool


@pytest.fixture
def pool(client: Any, world: World) -> Pool:
    """A customer whose directory knows Ann as ann@acme.example and as E-77."""
    pool = Pool(client, world)
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann@acme.example",
        "externalId": "E-77",
        "active": True,
    }
    answer = client.post("/scim/v2/Users", json=user, headers=pool.headers)
    assert answer.status_code == 201, answer.text
    return pool


def counted(pool: Pool) -> tuple[int, str]:
    """Return how many seats are in use, and what the meter counted at most."""
    return pool.live()["in_use"], pool.usage("peak")["total"]


def test_both_names_that_a_directory_has_for_somebody_are_one_seat(pool: Pool) -> None:
    pool.make(seats=1)
    first = pool.take("ann@acme.example")

    other = pool.take("E-77")

    assert pool.take("E-77", "ann@acme.example")["id"] == first["id"], "her client key, by her other name"
    pool.wait("08:01:00")
    assert counted(pool) == (1, "1")
    pool.leave(first)
    pool.denied("bob")
    pool.leave(other)
    pool.take("bob")


@pytest.mark.parametrize("count_by", ["person", "person_device"])
def test_who_are_found_to_be_one_are_one_seat_at_once_and_two_again_if_they_are_not(pool: Pool, count_by: str) -> None:
    pool.make(seats=2, count_by=count_by)
    for key in ("m1", "m2"):
        pool.take(key, device="shared")
    pool.wait("08:01:00")
    assert counted(pool) == (2, "2")

    merged = pool.client.post("/v1/people/m2/merge", json={"into": "m1", "reason": "r"}, headers=pool.headers)

    assert merged.status_code in (200, 201), merged.text
    assert counted(pool) == (1, "1")
    assert pool.take("m2", "third", device="shared")["id"]
    pool.take("bob", device="shared")
    pool.denied("cid")
    apart = pool.client.post("/v1/people/m2/unmerge", json={"reason": "r"}, headers=pool.headers)
    assert apart.status_code in (200, 201), apart.text
    pool.wait("08:02:00")
    assert counted(pool) == (3, "3"), "nobody is put out"
    assert "3 of 2 seats" in pool.denied("cid")


def test_two_keys_with_one_external_id_are_one_seat_from_the_event_on_that_says_so(pool: Pool) -> None:
    pool.make(seats=2)
    pool.take("cid@lms")
    pool.take("cid@wiki")
    pool.denied("bob")

    for key in ("cid@lms", "cid@wiki"):
        said = {
            "specversion": "1.0", "id": key, "source": "suite", "type": "person.updated", "subject": key,
            "time": "2026-03-02T08:00:00Z", "data": {"person": {"external_id": "E-9"}},
        }  # fmt: skip
        taken = pool.client.post("/v1/events", json=[said], headers=pool.headers)
        assert taken.status_code < 300, taken.text

    assert counted(pool)[0] == 1
    pool.take("bob")
    pool.wait("08:01:00")
    assert counted(pool) == (2, "2")


def test_who_is_found_to_be_somebody_who_has_left_is_out(pool: Pool) -> None:
    pool.make(seats=1)
    lease = pool.take("m2")
    pool.wait("08:01:00")
    user = pool.client.get("/scim/v2/Users", headers=pool.headers).json()["Resources"][0]["id"]
    assert pool.client.delete(f"/scim/v2/Users/{user}", headers=pool.headers).status_code == 204

    pool.client.post("/v1/people/m2/merge", json={"into": "E-77", "reason": "r"}, headers=pool.headers)

    assert pool.beat(lease).json()["code"] == "lease_over"
    assert pool.ask("m2").json()["code"] == "person_inactive"
    pool.take("bob")


def test_who_is_said_to_have_left_is_out_until_they_are_said_to_be_back(pool: Pool) -> None:
    pool.make(seats=1)
    pool.wait("08:01:00")
    lease = pool.take("m1")
    pool.client.post("/v1/people/m1/merge", json={"into": "E-77", "reason": "r"}, headers=pool.headers)

    def said(what: str) -> Any:
        return pool.client.post(f"/v1/people/m1/{what}", headers=pool.headers)

    left = said("deactivate")
    assert left.json()["active"] is False
    assert said("deactivate").json() == left.json(), "again changes nothing"
    assert pool.beat(lease).json()["code"] == "lease_over"
    assert {pool.ask(key).json()["code"] for key in ("m1", "E-77")} == {"person_inactive"}
    assert pool.live()["in_use"] == 0
    assert said("reactivate").json() == {"person_id": left.json()["person_id"], "active": True}
    assert pool.beat(lease).json()["code"] == "lease_over"
    pool.take("E-77", "again")
    told = pool.client.get("/v1/audit", headers=pool.headers).json()["items"]
    assert {"deactivate_person", "reactivate_person"} <= {one["action"] for one in told}
    assert pool.client.post("/v1/people/none/deactivate", headers=pool.headers).json()["code"] == "person_unknown"
