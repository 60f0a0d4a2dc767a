"""The protocol's edges: bounds, filters, versions, bulk, keys, other customers."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tenants.directory import storage
from tests.builders.directory import Sender
from tests.builders.world import bearer

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["userName"] for one in answer.json().get("Resources", [])]


def test_filters_pages_and_totals(sender: Sender) -> None:
    for number in range(5):
        sender.create(
            f"user{number}", active=number != 3, emails=[{"value": f"u{number}@acme.example", "type": "work"}]
        )

    assert names(sender.call("GET", '/Users?filter=userName eq "USER2"')) == ["user2"]
    assert names(sender.call("GET", '/Users?filter=emails[type eq "work" and value sw "u4"]')) == ["user4"]
    assert names(sender.call("GET", '/Users?filter=active eq false or userName eq "user0"')) == ["user0", "user3"]
    assert names(sender.call("GET", '/Users?filter=id eq "nonsense"')) == []
    page = sender.call("GET", "/Users?startIndex=2&count=2")
    assert (names(page), page.json()["totalResults"], page.json()["startIndex"]) == (["user1", "user2"], 5, 2)
    assert sender.call("GET", "/Users?count=0").json()["totalResults"] == 5


def test_a_filter_on_too_much_is_refused_and_one_that_names_somebody_is_not(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "CANDIDATES_MAX", 1)
    sender.create("ann", displayName="Ann")
    sender.create("bob", displayName="Bob")

    refused = sender.call("GET", '/Users?filter=displayName co "n"')

    assert (refused.status_code, refused.json()["scimType"]) == (400, "tooMany")
    assert names(sender.call("GET", '/Users?filter=userName eq "ann" and displayName co "n"')) == ["ann"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (" or ".join(['userName eq "a"'] * 500), "invalidFilter"),
        ("(" * 900 + 'userName eq "a"' + ")" * 900, None),
        ("userName eq", "invalidFilter"),
        ("not not not", "invalidFilter"),
    ],
    ids=["long", "deep", "half", "words"],
)
def test_filters_of_death_are_answered_within_bounds(sender: Sender, wanted: str, code: str | None) -> None:
    answer = sender.client.get("/scim/v2/Users", params={"filter": wanted}, headers=bearer(sender.key))

    assert answer.status_code == (400 if code else 200)
    assert answer.json().get("scimType") == code


def test_what_is_not_in_the_schema_is_refused_by_name(sender: Sender) -> None:
    answer = sender.call("POST", "/Users", {"schemas": [BULK.replace("BulkRequest", "x")], "userName": "a"})
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    unknown = sender.call("POST", "/Users", {"schemas": [core], "userName": "a", "shoeSize": 43})
    large = sender.call("POST", "/Users", {"schemas": [core], "userName": "a", "nickName": "x" * 1_100_000})
    broken = sender.client.post("/scim/v2/Users", content=b'{"a":' * 5000, headers=bearer(sender.key))

    assert answer.status_code == 400
    assert (unknown.status_code, "shoeSize" in unknown.text) == (400, True)
    assert large.status_code == 413
    assert broken.status_code == 400
    assert all("api:messages:2.0:Error" in one.text for one in (answer, unknown, large, broken))


def test_a_version_that_has_passed_is_refused_and_a_patch_answers_the_whole(sender: Sender) -> None:
    ann = sender.create("ann")
    first = ann["meta"]["version"]
    operation = {"op": "add", "path": "nickName", "value": "A"}

    done = sender.patch(f"/Users/{ann['id']}", operation, **{"If-Match": first})
    late = sender.patch(f"/Users/{ann['id']}", {**operation, "value": "B"}, **{"If-Match": first})

    assert (done.status_code, done.json()["nickName"]) == (200, "A")
    assert done.headers["etag"] != first
    assert late.status_code == 412
    same = sender.call("GET", f"/Users/{ann['id']}", **{"If-None-Match": done.headers["etag"]})
    assert same.status_code == 304


def test_a_bulk_request_does_each_operation_by_itself(sender: Sender) -> None:
    core = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    group = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "G",
        "members": [{"value": "bulkId:a"}],
    }
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": core, "userName": "ann"}},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"schemas": core, "userName": "ann"}},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group},
    ]

    done = sender.call("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
    many = sender.call("POST", "/Bulk", {"schemas": [BULK], "Operations": operations * 200})

    assert [one["status"] for one in done.json()["Operations"]] == ["201", "409", "201"]
    groups = sender.call("GET", "/Groups").json()["Resources"]
    assert [len(one["members"]) for one in groups] == [1]
    assert many.status_code == 413


def test_a_member_that_nobody_is_and_a_password_are_not_kept(sender: Sender) -> None:
    ann = sender.create("ann", password="s3cret-s3cret")
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
    wrong = sender.call("POST", "/Groups", {"schemas": schemas, "displayName": "G", "members": [{"value": "nobody"}]})

    assert (wrong.status_code, "nobody" in wrong.json()["detail"]) == (400, True)
    with sender.db.steward.connect() as connection:
        stored = connection.exec_driver_sql("select document::text from scim_user").scalar_one()
    assert "s3cret" not in stored
    assert "password" not in sender.call("GET", f"/Users/{ann['id']}").text


def test_only_keys_with_the_scope_come_in_and_see_their_own_directory(sender: Sender) -> None:
    ann = sender.create("ann")
    other = sender.world.key("tenant_admin", sender.world.tenant("beta"))
    narrow = sender.client.post(
        "/v1/api-keys", headers=bearer(sender.key), json={"name": "x", "scopes": ["people:read"]}
    ).json()["token"]
    only = sender.client.post("/v1/api-keys", headers=bearer(sender.key), json={"name": "x", "scopes": ["scim"]}).json()

    def get(token: str, path: str = f"/Users/{ann['id']}") -> Any:
        return sender.client.get(f"/scim/v2{path}", headers=bearer(token))

    assert (get(narrow).status_code, get(narrow).json()["status"]) == (403, "403")
    assert (get(other).status_code, get(other, "/Users").json()["totalResults"]) == (404, 0)
    assert get(only["token"]).status_code == 200
    assert sender.client.get("/v1/people", headers=bearer(only["token"])).status_code == 403
    refused = sender.client.get("/scim/v2/Users")
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/scim+json")


def test_a_refused_request_leaves_one_line_in_the_log_that_names_nobody(sender: Sender) -> None:
    ann = sender.create("ann@acme.example")
    twice = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@acme.example"}
    posts = [{"method": "POST", "path": "/Users", "bulkId": one, "data": twice} for one in "ab"]
    add = {"op": "add", "path": "shoeSize", "value": "ann@acme.example"}

    with capture_logs() as lines:
        sender.call("GET", f"/Users/{ann['id']}")
        sender.call("POST", "/Users", twice)
        sender.patch(f"/Users/{ann['id']}", add)
        sender.call("GET", "/Users/ann@acme.example")
        sender.call("POST", "/Bulk", {"schemas": [BULK], "Operations": posts})

    told = [line for line in lines if line["event"] == "scim_refused"]
    assert [(line["method"], line["path"], line["codes"]) for line in told] == [
        ("POST", "/Users", ["uniqueness"]),
        ("PATCH", f"/Users/{ann['id']}", ["invalidPath"]),
        ("GET", "/Users/…", ["404"]),
        ("POST", "/Bulk", ["uniqueness"]),
    ]
    assert {line["tenant"] for line in told} == {str(sender.tenant.id)}
    assert "ann@" not in str(told)
