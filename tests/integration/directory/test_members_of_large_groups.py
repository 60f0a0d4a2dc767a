"""Who joins or leaves a group is written alone, and read alone where the answer needs no more."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from tests.builders.directory import PATCH, Sender

BARE = "?excludedAttributes=members"


class Rows:
    """How many rows statements about members returned."""

    def __init__(self) -> None:
        self.read = 0

    def __call__(self, _conn: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if "scim_member" in statement and statement.lstrip().lower().startswith("select"):
            self.read += cursor.rowcount


@pytest.fixture
def rows(sender: Sender) -> Iterator[Rows]:
    counted = Rows()
    event.listen(sender.db.app, "after_cursor_execute", counted)
    yield counted
    event.remove(sender.db.app, "after_cursor_execute", counted)


def add(*users: dict[str, Any]) -> dict[str, Any]:
    return {"op": "Add", "path": "members", "value": [{"value": one["id"]} for one in users]}


def remove(*users: dict[str, Any]) -> dict[str, Any]:
    return {"op": "Remove", "path": "members", "value": [{"value": one["id"]} for one in users]}


def inside(sender: Sender, group: dict[str, Any]) -> set[str]:
    answer = sender.call("GET", f"/Groups/{group['id']}").json()
    return {one["value"] for one in answer.get("members", ())}


def test_a_change_of_one_member_reads_nobody_else(sender: Sender, rows: Rows) -> None:
    users = [sender.create(f"user{number}") for number in range(30)]
    one, others = users[0], users[1:]
    group = sender.group("Large", *others)
    path = f"/Groups/{group['id']}{BARE}"

    rows.read = 0
    answers = [sender.patch(path, add(one)), sender.patch(path, remove(one)), sender.call("GET", path)]
    listed = sender.call("GET", f'/Groups{BARE}&filter=displayName eq "Large"')
    found = sender.call("GET", f'/Groups{BARE}&filter=members.value eq "{others[0]["id"]}"')

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert all("members" not in answer.json() for answer in answers)
    assert listed.json()["Resources"][0]["displayName"] == "Large"
    assert "members" not in found.json()["Resources"][0], "asked for members, and found by them"
    # The groups of who joined (1) and left (0), whether they were in it (0, then 1); the last filter reads all 29.
    assert rows.read <= 10 + 29
    assert inside(sender, group) == {user["id"] for user in others}


def test_an_answer_names_the_members_unless_they_are_left_out(sender: Sender) -> None:
    ann, bob = sender.create("ann"), sender.create("bob")
    path = f"/Groups/{sender.group('G', ann)['id']}"

    whole = sender.patch(path, add(bob))
    named = sender.patch(f"{path}?attributes=displayName", remove(bob))
    parts = sender.patch(f"{path}?attributes=members.value", add(bob))

    assert {one["value"] for one in whole.json()["members"]} == {ann["id"], bob["id"]}
    assert (named.json()["displayName"], "members" in named.json()) == ("G", False)
    assert [sorted(one) for one in parts.json()["members"]] == [["value"], ["value"]]


def test_operations_hold_in_their_order_and_what_holds_already_changes_no_version(sender: Sender) -> None:
    ann, bob, eve = (sender.create(name) for name in ("ann", "bob", "eve"))
    group = sender.group("G", ann, bob)
    path = f"/Groups/{group['id']}"

    same = sender.patch(path, add(ann), remove(eve), add(eve), remove(eve))
    assert same.headers["etag"] == group["meta"]["version"]

    filtered = {"op": "remove", "path": f'members[value eq "{ann["id"]}"]'}
    done = sender.patch(path, remove(bob), add(eve), filtered, add(bob), **{"If-Match": group["meta"]["version"]})
    late = sender.patch(path, add(ann), **{"If-Match": group["meta"]["version"]})

    assert (done.status_code, late.status_code) == (200, 412)
    assert inside(sender, group) == {bob["id"], eve["id"]}


def test_a_name_among_the_operations_and_a_stranger_are_told_as_ever(sender: Sender) -> None:
    ann, bob = sender.create("ann"), sender.create("bob")
    group = sender.group("G", ann)
    path = f"/Groups/{group['id']}"

    renamed = sender.patch(path, {"op": "replace", "path": "displayName", "value": "H"}, add(bob))
    stranger = sender.patch(path, remove(ann), add({"id": str(uuid4())}))
    nobody = sender.patch(path, {"op": "add", "path": "members", "value": [{"value": "nobody"}]})
    strange = sender.patch(path, {"op": "add", "path": "members", "value": [{"value": bob["id"], "shoe": 43}]})

    assert (renamed.status_code, renamed.json()["displayName"]) == (200, "H")
    assert [one.status_code for one in (stranger, nobody, strange)] == [400, 400, 400]
    assert inside(sender, group) == {ann["id"], bob["id"]}, "a request is done whole or not at all"


def test_a_bulk_request_changes_members_too(sender: Sender) -> None:
    ann, bob = sender.create("ann"), sender.create("bob")
    group = sender.group("G", ann)
    operations = [
        {"method": "PATCH", "path": f"/Groups/{group['id']}", "data": {"schemas": [PATCH], "Operations": [one]}}
        for one in (add(bob), remove(ann))
    ]

    bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    answer = sender.call("POST", "/Bulk", bulk)

    assert [one["status"] for one in answer.json()["Operations"]] == ["200", "200"]
    assert inside(sender, group) == {bob["id"]}
