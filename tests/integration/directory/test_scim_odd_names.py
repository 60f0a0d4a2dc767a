"""Names that nobody could be looked for by are refused in SCIM's words, and nothing of them is kept."""

import random
import string
from typing import Any

import pytest
from structlog.testing import capture_logs

from tenants.directory.storage import DirectoryStorage
from tests.builders.directory import CORE, WORK, Sender
from tests.builders.world import bearer

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
LONG = "".join(random.Random(7).choices(string.ascii_letters, k=6_000))
"""No index holds it: it cannot be packed into less."""


def user(**said: Any) -> dict[str, Any]:
    return {"schemas": [CORE, WORK], "userName": "ann"} | said


def group(**said: Any) -> dict[str, Any]:
    return {"schemas": [GROUP], "displayName": "Staff"} | said


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("scimType", "")


def counts(sender: Sender) -> list[int]:
    """Return how many users, groups, people and cost centres there are."""
    directory = [sender.call("GET", path).json()["totalResults"] for path in ("/Users", "/Groups")]
    known = [sender.client.get(f"/v1/{what}", headers=bearer(sender.key)) for what in ("people", "cost-centres")]
    return directory + [len(answer.json()["items"]) for answer in known]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/Users", user(userName="")),
        ("/Users", user(userName="   ")),
        ("/Users", user(userName="a\nb")),
        ("/Users", user(userName=LONG)),
        ("/Users", user(externalId=LONG)),
        ("/Users", user(displayName=LONG)),
        ("/Users", user(emails=[{"value": LONG}])),
        ("/Users", user(**{WORK: {"costCenter": "c" * 600}})),
        ("/Users", user(**{WORK: {"department": "d" * 600}})),
        ("/Groups", group(displayName="")),
        ("/Groups", group(displayName="x" * 9_000)),
        ("/Groups", group(displayName=LONG)),
        ("/Groups", group(externalId=LONG)),
    ],
    ids=[
        "no user name", "blanks", "a line break", "a long user name", "a long id", "a long name", "a long address",
        "a long centre", "a long department", "no name of a group", "a long name of a group",
        "a name of a group that no index holds", "a long id of a group",
    ],
)  # fmt: skip
def test_a_name_that_nobody_could_be_looked_for_by_is_refused_and_nothing_is_written(
    sender: Sender, path: str, body: dict[str, Any]
) -> None:
    refused = sender.call("POST", path, body)
    assert told(refused) == (400, "invalidValue")
    assert counts(sender) == [0, 0, 0, 0]

    good = user() if path == "/Users" else group()
    made = sender.call("POST", path, good).json()
    before = counts(sender)
    assert told(sender.call("PUT", f"{path}/{made['id']}", body)) == (400, "invalidValue")
    assert sender.call("GET", f"{path}/{made['id']}").json() == made
    assert counts(sender) == before


def test_what_is_wrong_is_told_by_the_name_of_the_attribute(sender: Sender) -> None:
    for path, body in (
        ("/Users", user(userName=" ")),
        ("/Users", user(externalId=LONG)),
        ("/Groups", group(displayName=LONG)),
    ):
        (name,) = (key for key, value in body.items() if value in (" ", LONG))
        assert f"{name} has to be 1 to 500 characters" in sender.call("POST", path, body).json()["detail"]


def posts(*bodies: dict[str, Any]) -> dict[str, Any]:
    operations = [
        {
            "method": "POST", "bulkId": str(number), "data": body,
            "path": "/Groups" if GROUP in body["schemas"] else "/Users",
        }
        for number, body in enumerate(bodies)
    ]  # fmt: skip
    return {"schemas": [BULK], "Operations": operations}


def test_what_a_bulk_request_cannot_do_is_refused_by_itself(sender: Sender) -> None:
    given = (user(), user(userName=""), user(userName="bob", displayName="B\0b"), group(displayName="S\0"), group())

    with capture_logs() as lines:
        done = sender.call("POST", "/Bulk", posts(*given)).json()["Operations"]

    assert [one["status"] for one in done] == ["201", "400", "400", "400", "201"]
    assert [one["response"]["scimType"] for one in done[1:4]] == ["invalidValue"] * 3
    assert counts(sender)[:2] == [1, 1]
    assert [line["event"] for line in lines] == ["scim_refused"]


def test_a_fault_of_ours_within_a_bulk_request_is_logged_and_the_others_are_done(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = DirectoryStorage.create

    def fails_for_bob(storage: DirectoryStorage, kind: Any, resource: Any) -> Any:
        if resource.user_name == "bob":
            raise ZeroDivisionError
        return create(storage, kind, resource)

    monkeypatch.setattr(DirectoryStorage, "create", fails_for_bob)

    with capture_logs() as lines:
        done = sender.call("POST", "/Bulk", posts(user(), user(userName="bob"), user(userName="eve"))).json()

    assert [one["status"] for one in done["Operations"]] == ["201", "500", "201"]
    (fault,) = [line for line in lines if line["event"] == "unexpected_error"]
    assert (fault["path"], fault["log_level"]) == ("/Bulk", "error")
    assert isinstance(fault["exc_info"], ZeroDivisionError)
