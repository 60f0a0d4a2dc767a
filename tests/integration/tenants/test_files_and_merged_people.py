"""Files that speak of people who were found to be one, and of customers whose clock is another."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import VENDOR_ID, TenantScope
from tenants.actions.run_test_clock import create_test_clock
from tenants.reads import attribution, people, tenant_now
from tenants.reads.finding import find_people
from tests.builders.world import World, bearer

MARCH = datetime(2031, 3, 10, 12, tzinfo=UTC)
"""On the customer's clock: far from the machine's."""
HEAD = "key,name,email,class,audience,active_from,cost_centre,valid_from,valid_to,active_to\n"


class Desk:
    def __init__(self, client: TestClient[Litestar], world: World) -> None:
        with world.db.begin(TenantScope(VENDOR_ID)) as session:
            clock = create_test_clock(session, "march", MARCH, "system:tests", MARCH)
        self.tenant, self.client, self.db = world.tenant(test_clock_id=clock), client, world.db
        self.headers = bearer(world.key("tenant_admin", self.tenant))
        world.cost_centres(self.tenant, "sales", "it")
        self.people = world.people(self.tenant, "ann", "ann.old", "bob", name="Ann", email="Ann.Hall@acme.example")

    def send(self, path: str, body: Any) -> Any:
        return self.client.post(path, headers=self.headers, json=body)

    def file(self, *rows: str) -> tuple[int, int, int]:
        body = (HEAD + "\n".join(rows)).encode()
        answer = self.client.post("/v1/people/csv", headers=self.headers, content=body)
        assert answer.status_code == 200, answer.text
        return tuple(answer.json()[name] for name in ("created", "changed", "unchanged"))  # type: ignore[return-value]

    def merge(self, key: str, into: str) -> None:
        answer = self.send(f"/v1/people/{key}/merge", {"into": into, "reason": "one"})
        assert answer.status_code == 200, answer.text

    def centre(self, who: str, day: date = date(2031, 3, 10)) -> str:
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            return ",".join(code for code, _ in attribution(session, self.tenant.id).shares(self.people[who], day))


@pytest.fixture
def desk(client: TestClient[Litestar], world: World) -> Desk:
    return Desk(client, world)


def test_what_a_file_says_of_who_was_merged_acts_on_the_survivor(desk: Desk) -> None:
    desk.merge("ann.old", "ann")
    row = "ann.old,Ann Hall,,,,2020-01-01,sales,2031-03-01,,"

    assert desk.file(row) == (0, 1, 0)
    assert (desk.centre("ann"), desk.centre("ann.old")) == ("sales", "")
    assert desk.file(row) == (0, 0, 1)
    with desk.db.begin(TenantScope(desk.tenant.id)) as session:
        assert find_people(session, desk.tenant.id, ["ann"])["ann"].name == "Ann Hall"


def test_where_a_file_names_the_survivor_too_each_row_is_that_key_s_own(desk: Desk) -> None:
    desk.merge("ann.old", "ann")

    rows = ("ann.old,Ann,,,,2020-01-01,sales,2031-03-01,,", "ann,Ann,,,,2020-01-01,it,2031-03-01,,")
    assert desk.file(*rows) == (0, 2, 0)
    assert (desk.centre("ann"), desk.centre("ann.old")) == ("it", "sales")
    assert desk.file(*rows) == (0, 0, 2)
    # One row alone changes, and still speaks of its own key's person: the file names both.
    assert desk.file(rows[0].replace("sales", "it"), rows[1]) == (0, 1, 1)
    assert (desk.centre("ann"), desk.centre("ann.old")) == ("it", "it")


def test_the_api_assigns_the_survivor_and_the_latest_word_holds_on_a_clock_that_stands_still(desk: Desk) -> None:
    desk.merge("ann.old", "ann")
    for centre in ("sales", "it", "it"):
        body = [{"key": "ann.old", "valid_from": "2031-03-01", "shares": {centre: "1"}}]
        assert desk.send("/v1/assignments", body).status_code == 201
        assert desk.centre("ann") == centre


def test_two_keys_of_one_person_are_told_that_they_overlap(desk: Desk) -> None:
    desk.merge("ann.old", "ann")
    desk.merge("bob", "ann")
    body = [{"key": key, "valid_from": "2031-03-01", "shares": {"it": "1"}} for key in ("ann.old", "ann.old")]

    refused = desk.send("/v1/assignments", body)

    assert (refused.status_code, refused.json()["code"]) == (422, "assignment_overlap")


def test_a_file_is_read_by_the_customer_s_clock(desk: Desk) -> None:
    assert desk.file("bob,,,guest,,2020-01-01,,,,") == (0, 1, 0)
    assert desk.file("ann,,,,,2020-01-01,,,,2031-03-05") == (0, 1, 0)

    with desk.db.begin(TenantScope(desk.tenant.id)) as session:
        now, known = tenant_now(session, desk.tenant), people(session, desk.tenant.id)
        assert known.traits_of(desk.people["bob"], now).person_class == "guest"
        assert find_people(session, desk.tenant.id, ["ann"])["ann"].active_to == datetime(2031, 3, 4, 23, tzinfo=UTC)
    ahead = desk.client.post(
        "/v1/people/csv", headers=desk.headers, content=f"{HEAD}bob,,,,,2020-01-01,,,,2031-03-11".encode()
    )
    assert ahead.json()["errors"][0]["detail"] == "Row 2: active_to is a day to come. Say it on that day."


def test_somebody_is_found_by_an_address_in_any_case_that_one_person_alone_has(desk: Desk) -> None:
    def whom(name: str) -> Any:
        with desk.db.begin(TenantScope(desk.tenant.id)) as session:
            found = find_people(session, desk.tenant.id, [name]).get(name)
            return found.id if found else None

    assert whom("ann.hall@ACME.example") is None  # three have it
    desk.merge("bob", "ann")
    desk.merge("ann.old", "ann")
    assert whom("ann.hall@ACME.example") == desk.people["ann"]  # who are one

    # By that address the one who was found to be the other would be meant, and there are two.
    assert desk.send("/v1/people/ann.hall@acme.example/unmerge", {"reason": "no"}).json()["code"] == "person_unknown"
    assert desk.send("/v1/people/bob/unmerge", {"reason": "no"}).status_code == 200
    assert desk.send("/v1/people/ann.hall@acme.example/unmerge", {"reason": "no"}).json()["person_id"] == str(
        desk.people["ann.old"]
    )
    assert desk.send("/v1/people/ann.hall@acme.example/unmerge", {"reason": "no"}).json()["code"] == "not_merged"


def test_a_person_is_shown_by_whatever_they_are_called_with_the_keys_of_all_their_accounts(desk: Desk) -> None:
    desk.merge("ann.old", "ann")
    desk.send("/v1/assignments", [{"key": "ann", "valid_from": "2031-03-01", "shares": {"it": "1", "sales": "2"}}])

    for name in ("ann", "ann.old", str(desk.people["ann.old"])):
        shown = desk.client.get(f"/v1/people/{name}", headers=desk.headers).json()
        assert shown["id"] == str(desk.people["ann"])
        assert shown["keys"] == ["ann", "ann.old"]
        assert shown["also"] == [str(desk.people["ann.old"])]
        assert shown["carried_by"] == [{"cost_centre": "it", "share": "1/3"}, {"cost_centre": "sales", "share": "2/3"}]
        assert (shown["person_class"], shown["audience"]) == ("member", "employee")
    assert desk.client.get("/v1/people/nobody", headers=desk.headers).json()["code"] == "person_unknown"
