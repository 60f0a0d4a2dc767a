"""Requests as Entra ID and Okta send them, through the whole protocol on a user or a group; no database."""

from typing import Any

import msgspec
import pytest
from scim2_models import SCIMException
from scim2_server.conditions import Conditions

from tenants.directory.attributes import ENTERPRISE
from tenants.directory.dialects import plain_body
from tenants.directory.protocol import directory_service
from tests.builders.directory import CORE, PATCH

GROUP = CORE.replace("User", "Group")
ENTRA_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
ENTRA_USER = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User"
A, B, C = (f"00000000-0000-4000-8000-00000000000{one}" for one in "abc")


def patched(kind: str, stored: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    service = directory_service()
    resource_type = service.get_resource_type(kind)
    current = service.get_model(resource_type).model_validate(
        {"id": "1", "meta": {"resourceType": kind, "version": 'W/"1"'}, **stored}
    )
    body = msgspec.json.encode({"schemas": [PATCH], "Operations": operations})
    with service.provider:
        patch = service.read_patch(resource_type, plain_body(body), "application/scim+json")
        service.apply_patch(current, patch, Conditions(None, None))
    return {name: one for name, one in current.model_dump().items() if name not in ("id", "meta", "schemas")}


def made(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    service = directory_service()
    with service.provider:
        resource_type = service.get_resource_type(kind)
        return service.read_creation(resource_type, plain_body(msgspec.json.encode(body)), None).model_dump()


def members(*ids: str) -> list[dict[str, str]]:
    """As they are stored: with a name and an address, which no directory repeats when somebody leaves."""
    return [{"value": one, "display": one[-1], "$ref": f"Users/{one}", "type": "User"} for one in ids]


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "Remove", "path": "members", "value": [{"value": A}]}, "bc"),
        ({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": A}]}, "bc"),
        ({"op": "Remove", "path": "members", "value": [{"value": A, "display": "Ann"}, {"value": B}]}, "c"),
        ({"op": "Remove", "path": "Members", "value": [{"$ref": None, "value": A}]}, "bc"),
        ({"op": "Remove", "path": "members", "value": {"value": A}}, "bc"),
        ({"op": "Remove", "path": "members", "value": A}, "bc"),
        ({"op": "Remove", "path": "members", "value": []}, "abc"),
        ({"op": "Remove", "path": "members", "value": [{"value": "1"}]}, "abc"),
        ({"op": "remove", "path": f'members[value eq "{A}"]'}, "bc"),
        ({"op": "Remove", "path": f'members[value eq "{A}"]', "value": [{"value": B}]}, "bc"),
        ({"op": "Remove", "path": "members"}, ""),
        ({"op": "Add", "path": "members", "value": [{"$ref": None, "value": A}]}, "abc"),
        ({"op": "replace", "path": "members", "value": [{"value": B, "display": "ben@acme.example"}]}, "b"),
        ({"op": "replace", "value": {"id": "1", "displayName": "Learners"}}, "abc"),
    ],
)
def test_who_leaves_a_group_is_found_however_the_directory_says_it(operation: dict[str, Any], left: str) -> None:
    group = patched("Group", {"displayName": "Learners", "members": members(A, B, C)}, operation)

    assert sorted({one["value"][-1] for one in group.get("members", ())}) == list(left)


@pytest.mark.parametrize("value", [[{"display": "a"}, ""], [7], [{}], [""]])
def test_a_removal_that_names_nobody_by_an_id_never_empties_the_group(value: Any) -> None:
    with pytest.raises(SCIMException):
        patched("Group", {"displayName": "L", "members": members(A, B)}, {
            "op": "Remove", "path": "members", "value": value
        })  # fmt: skip


MANAGER = f"{ENTERPRISE}:manager"
BOSS = {ENTERPRISE: {"manager": {"value": "5"}}}


@pytest.mark.parametrize(
    ("stored", "operation", "comes_to"),
    [
        ({}, {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "1"},
         {"phoneNumbers": [{"type": "mobile", "value": "1"}]}),
        ({}, {"op": "Add", "path": 'addresses[type eq "work"].formatted', "value": "Main St"},
         {"addresses": [{"type": "work", "formatted": "Main St"}]}),
        ({}, {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "a@x.example"},
         {"emails": [{"type": "work", "value": "a@x.example"}]}),
        ({}, {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "x"},
         {"roles": [{"primary": True, "value": "x"}]}),
        ({}, {"op": "Replace", "path": MANAGER, "value": "5"}, BOSS),
        ({}, {"op": "Add", "path": MANAGER, "value": {"value": "5"}}, BOSS),
        ({}, {"op": "Add", "path": "manager", "value": [{"value": "5"}]}, BOSS),
        (BOSS, {"op": "Replace", "path": MANAGER, "value": ""}, {}),
        (BOSS, {"op": "Remove", "path": MANAGER, "value": "5"}, {}),
        ({}, {"op": "Add", "value": {MANAGER: "5"}}, BOSS),
        ({}, {"op": "Add", "value": {ENTERPRISE: {"manager": "5"}}}, BOSS),
        ({}, {"op": "Replace", "value": {"name.givenName": "Ann", 'emails[type eq "work"].value': "a@x.example"}},
         {"name": {"givenName": "Ann"}, "emails": [{"type": "work", "value": "a@x.example"}]}),
        ({}, {"op": "Replace", "path": "active", "value": "False"}, {"active": False}),
        ({}, {"op": "replace", "value": {"active": False}}, {"active": False}),
    ],
)  # fmt: skip
def test_what_a_directory_changes_of_a_user_is_taken(
    stored: dict[str, Any], operation: dict[str, Any], comes_to: dict[str, Any]
) -> None:
    assert patched("User", {"userName": "ann", **stored}, operation) == {"userName": "ann", **comes_to}


def test_a_group_and_a_user_with_microsofts_schema_are_created() -> None:
    group = {"schemas": [GROUP, ENTRA_GROUP], "externalId": "8aa1", "displayName": "L", "meta": {"resourceType": "x"}}
    user = {"schemas": [CORE, ENTERPRISE, ENTRA_USER], "userName": "ann", "active": True, ENTERPRISE: {"manager": "5"}}

    assert made("Group", group)["displayName"] == "L"
    assert made("User", user)[ENTERPRISE] == {"manager": {"value": "5"}}


def test_each_operation_of_a_bulk_request_is_mended_too() -> None:
    bulk = {"Operations": [
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP, ENTRA_GROUP]}},
        {"method": "PATCH", "path": "/Users/1", "data": {"Operations": [{"op": "Add", "path": MANAGER, "value": "5"}]}},
        {"method": "DELETE", "path": "/Users/1"},
    ]}  # fmt: skip

    mended = msgspec.json.decode(plain_body(msgspec.json.encode(bulk)))["Operations"]

    assert mended[0]["data"] == {"schemas": [GROUP]}
    assert mended[1]["data"]["Operations"] == [{"op": "Add", "path": MANAGER, "value": {"value": "5"}}]
    assert mended[2] == bulk["Operations"][2]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[1]", b'{"a":' * 5000, b'{"Operations": 7}', b'{"Operations": [7, {"op": 7}]}',
        b'{"schemas": [ "urn:unknown" ], "userName": "a", "shoeSize": 43}',
        b'{"Operations": [ {"op": "Remove", "path": "title", "value": "x"} ]}',
    ],
)  # fmt: skip
def test_all_else_goes_on_byte_for_byte_for_the_protocol_to_judge(body: bytes) -> None:
    assert plain_body(body) == body
