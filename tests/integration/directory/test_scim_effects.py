"""What a directory says acts on people, from when it says so and never before."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from core import signals
from core.periods import local_date
from core.scope import GlobalScope, TenantScope
from tenants.directory.actions import set_group_rules
from tenants.events import PeopleLeft, PersonReactivated, PoolMembersChanged
from tenants.reads import attribution, find_account, get_person, people, tenant_now
from tests.builders.directory import WORK, Sender, person_of
from tests.builders.world import LONG_AGO, bearer


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    events: list[Any] = []
    kinds = (PeopleLeft, PersonReactivated, PoolMembersChanged)

    def hear(_session: Session, event: Any) -> None:
        events.append(event)

    for kind in kinds:
        signals.subscribe(kind, hear)
    yield events
    for kind in kinds:
        signals.unsubscribe(kind, hear)


def departures(sender: Sender, person: UUID) -> int:
    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        return len(people(session, sender.tenant.id).departures().get(person, ()))


def audience(sender: Sender, user: dict[str, Any]) -> str:
    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        known = people(session, sender.tenant.id)
        return known.traits_of(person_of(user), tenant_now(session, sender.tenant)).audience


def may_come_in(sender: Sender, email: str) -> tuple[str, bool] | None:
    with sender.db.begin(GlobalScope()) as session:
        account = find_account(session, email)
    return (account.role, account.active) if account else None


def test_active_false_ends_what_the_person_holds_at_that_instant_and_a_return_restores_nothing(
    sender: Sender, heard: list[Any]
) -> None:
    ann = sender.create("ann@acme.example", active=True)
    event = {
        "specversion": "1.0", "id": "1", "source": "https://suite.example", "type": "seat.assigned",
        "time": "2026-03-01T10:00:00Z", "subject": "ann@acme.example", "data": {"pool": "staff"},
    }  # fmt: skip
    assert sender.client.post("/v1/events", headers=bearer(sender.key), json=[event]).json()["accepted"] == 1

    sender.replace(ann, "active", value=False)
    sender.replace(ann, "active", value=False)  # once more changes nothing
    sender.replace(ann, "active", value=True)

    assert [type(one) for one in heard] == [PeopleLeft, PersonReactivated]
    assert heard[0].persons == (person_of(ann),)
    assert departures(sender, person_of(ann)) == 1
    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        tomorrow = (tenant_now(session, sender.tenant) + timedelta(days=1)).astimezone(sender.tenant.tz)
    figure = sender.client.get(
        "/v1/usage",
        headers=bearer(sender.key),
        params={
            "meter": "seats.named.end_of_period",
            "from": f"{tomorrow:%Y-%m-%d}",
            "to": f"{tomorrow + timedelta(days=1):%Y-%m-%d}",
        },
    ).json()
    assert [row["quantity"] for row in figure["items"]] == ["0"], figure


def test_a_department_moves_the_person_from_the_day_on_and_an_unknown_centre_is_made(sender: Sender) -> None:
    sender.world.cost_centres(sender.tenant, "hr")
    sender.world.people(sender.tenant, "ann")
    sender.world.assign(sender.tenant, "ann", hr=1)

    ann = sender.create("ann", {"department": "Sales North", "costCenter": "4711"})

    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        today = local_date(tenant_now(session, sender.tenant), sender.tenant.tz)
        carried = attribution(session, sender.tenant.id)
    assert carried.shares(person_of(ann), today - timedelta(days=1)) == (("hr", Fraction(1)),)
    assert carried.shares(person_of(ann), today) == (("4711", Fraction(1)),)
    sender.replace(ann, f"{WORK}:costCenter", "hr")
    sender.replace(ann, "displayName", "Ann")  # says nothing of centres
    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        assert attribution(session, sender.tenant.id).shares(person_of(ann), today) == (("hr", Fraction(1)),)
    listed = sender.client.get("/v1/cost-centres", headers=bearer(sender.key)).json()["items"]
    assert {"4711": "Sales North"}.items() <= {one["code"]: one["name"] for one in listed}.items()


def test_a_rehire_with_the_same_external_id_is_the_same_person(sender: Sender) -> None:
    ann = sender.create("ann", externalId="E-1")
    assert sender.call("DELETE", f"/Users/{ann['id']}").status_code == 204
    assert sender.call("GET", f"/Users/{ann['id']}").status_code == 404

    again = sender.create("ann.new", externalId="E-1")

    assert again["id"] == ann["id"]
    assert departures(sender, person_of(ann)) == 1
    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        assert get_person(session, sender.tenant.id, person_of(ann)).active_to is None


def test_a_user_name_that_was_somebody_elses_makes_no_two_people_one(sender: Sender) -> None:
    ann = sender.create("a.smith", externalId="E-1")
    taken = sender.call("POST", "/Users", {"schemas": ["x"], "userName": "A.Smith"} | {"schemas": ann["schemas"]})
    sender.call("DELETE", f"/Users/{ann['id']}")

    other = sender.call("POST", "/Users", {"schemas": ann["schemas"], "userName": "a.smith", "externalId": "E-2"})

    for answer in (taken, other):
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert "merge" in other.json()["detail"]


def test_people_whom_events_named_are_recognised(sender: Sender) -> None:
    known = sender.world.people(sender.tenant, "ann@acme.example")["ann@acme.example"]

    ann = sender.create("ann@acme.example", externalId="E-9", displayName="Ann Example")

    assert person_of(ann) == known
    found = sender.client.get("/v1/people?search=E-9", headers=bearer(sender.key)).json()["items"]
    assert [(one["id"], one["name"]) for one in found] == [(str(known), "Ann Example")]


def test_user_type_and_groups_say_the_audience_from_now_on(sender: Sender) -> None:
    sender.world.people(sender.tenant, "ann")
    ann = sender.create("ann", userType="Contractor")
    assert audience(sender, ann) == "partner"
    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        known = people(session, sender.tenant.id)
        assert known.traits_of(person_of(ann), LONG_AGO).audience == "employee"

    group = sender.group("Customers", ann)
    assert sender.rules(("customers", "audience", "customer")).status_code == 200
    assert audience(sender, ann) == "customer"

    sender.patch(f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{ann["id"]}"]'})
    assert audience(sender, ann) == "partner"


def test_a_group_lets_people_in_and_shuts_them_out(sender: Sender) -> None:
    sender.rules(("Tollbook admins", "role", "tenant_admin"), ("Tollbook finance", "role", "tenant_finance"))
    ann = sender.create("ann", emails=[{"value": "Ann@acme.example", "primary": True}])
    finance = sender.group("Tollbook finance", ann)
    assert may_come_in(sender, "ann@acme.example") == ("tenant_finance", True)

    admins = sender.group("Tollbook admins", ann)
    assert may_come_in(sender, "ann@acme.example") == ("tenant_admin", True)
    sender.call("DELETE", f"/Groups/{admins['id']}")
    assert may_come_in(sender, "ann@acme.example") == ("tenant_finance", True)

    sender.replace(ann, "active", value=False)
    assert may_come_in(sender, "ann@acme.example") == ("tenant_finance", False)
    sender.replace(ann, "active", value=True)
    sender.call("DELETE", f"/Groups/{finance['id']}")
    assert may_come_in(sender, "ann@acme.example") == ("tenant_finance", False)


def test_access_does_not_stay_behind_at_an_address_that_somebody_had_before(sender: Sender) -> None:
    sender.rules(("Admins", "role", "tenant_admin"))
    ann = sender.create("ann", emails=[{"value": "ann@acme.example", "primary": True}])
    sender.group("Admins", ann)

    sender.replace(ann, "emails", [{"value": "ann.smith@acme.example", "primary": True}])
    assert may_come_in(sender, "ann@acme.example") == ("tenant_admin", False)
    assert may_come_in(sender, "ann.smith@acme.example") == ("tenant_admin", True)

    sender.patch(
        f"/Users/{ann['id']}",
        {"op": "replace", "path": "emails", "value": [{"value": "gone@acme.example", "primary": True}]},
        {"op": "replace", "path": "active", "value": False},
    )
    assert may_come_in(sender, "ann.smith@acme.example") == ("tenant_admin", False)


def test_groups_never_touch_users_of_others_nor_those_with_a_password(sender: Sender) -> None:
    sender.world.key("tenant_admin", sender.world.tenant("beta"))
    sender.rules(("Admins", "role", "tenant_auditor"))
    stranger = sender.create("s", emails=[{"value": "tenant_admin@beta.example"}])
    sender.group("Admins", stranger)
    sender.create("me", emails=[{"value": "tenant_admin@acme.example"}])  # in no group, has a password

    assert may_come_in(sender, "tenant_admin@beta.example") == ("tenant_admin", True)
    assert may_come_in(sender, "tenant_admin@acme.example") == ("tenant_admin", True)


def test_no_group_takes_the_role_of_the_last_administrator_who_could_sign_in(sender: Sender) -> None:
    sender.rules(("Auditors", "role", "tenant_auditor"))
    me = sender.create("me", emails=[{"value": "tenant_admin@acme.example"}])
    auditors = sender.group("Auditors", me)
    assert may_come_in(sender, "tenant_admin@acme.example") == ("tenant_admin", True)

    sender.world.key("tenant_admin", sender.tenant, name="second")
    sender.replace(me, "displayName", "Me")

    assert auditors["displayName"] == "Auditors"
    assert may_come_in(sender, "tenant_admin@acme.example") == ("tenant_auditor", True)


def test_a_group_that_stands_for_a_pool_tells_who_joined_and_who_left(sender: Sender, heard: list[Any]) -> None:
    ann, bob = sender.create("ann"), sender.create("bob")
    sender.seat_pool("authoring")
    sender.rules(("Authors", "pool", "authoring"))
    group = sender.group("Authors", ann)
    sender.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": bob["id"]}]})
    sender.replace(bob, "active", value=False)
    sender.rules()

    told = [(one.pool, one.joined, one.left) for one in heard if isinstance(one, PoolMembersChanged)]
    both = tuple(sorted((person_of(ann), person_of(bob))))
    assert told == [
        ("authoring", (person_of(ann),), ()),
        ("authoring", (person_of(bob),), ()),
        ("authoring", (), (person_of(bob),)),
        ("authoring", (), both),
    ]


def test_who_is_in_a_pool_by_another_group_has_not_left_it(sender: Sender, heard: list[Any]) -> None:
    ann, bob = sender.create("ann"), sender.create("bob")
    sender.seat_pool("authoring")
    sender.rules(("Authors", "pool", "authoring"), ("Editors", "pool", "authoring"))
    authors, editors = sender.group("Authors", ann, bob), sender.group("Editors", ann, bob)
    heard.clear()

    sender.patch(f"/Groups/{authors['id']}", {"op": "remove", "path": f'members[value eq "{ann["id"]}"]'})
    assert heard == []
    sender.replace(bob, "active", value=False)
    assert [(one.pool, one.left) for one in heard[1:]] == [("authoring", (person_of(bob),))]
    heard.clear()
    sender.rules(("Editors", "pool", "authoring"))
    sender.call("DELETE", f"/Groups/{editors['id']}")

    assert [one.left for one in heard if person_of(ann) in one.left] == [tuple(sorted(map(person_of, (ann, bob))))]


def merge(sender: Sender, key: str, into: str) -> None:
    answer = sender.client.post(
        f"/v1/people/{key}/merge", headers=bearer(sender.key), json={"into": into, "reason": "the same"}
    )
    assert answer.status_code == 200, answer.text


def test_what_is_said_of_who_was_merged_away_acts_on_the_survivor(sender: Sender, heard: list[Any]) -> None:
    survivor = sender.world.people(sender.tenant, "ann.old")["ann.old"]
    sender.world.cost_centres(sender.tenant, "hr")
    ann = sender.create("ann")
    merge(sender, "ann", "ann.old")
    sender.seat_pool("authoring")
    sender.rules(("Authors", "pool", "authoring"))
    sender.group("Authors", ann)

    sender.replace(ann, "userType", "Contractor")
    sender.replace(ann, f"{WORK}:costCenter", "hr")
    sender.replace(ann, "active", value=False)

    with sender.db.begin(TenantScope(sender.tenant.id)) as session:
        now = tenant_now(session, sender.tenant)
        assert people(session, sender.tenant.id).traits_of(survivor, now).audience == "partner"
        day = local_date(now, sender.tenant.tz)
        assert attribution(session, sender.tenant.id).shares(survivor, day) == (("hr", Fraction(1)),)
        assert get_person(session, sender.tenant.id, survivor).active_to is not None
    pools = [(one.joined, one.left) for one in heard if isinstance(one, PoolMembersChanged)]
    assert pools == [((survivor,), ()), ((), (survivor,))]
    assert survivor in {who for one in heard if isinstance(one, PeopleLeft) for who in one.persons}


def test_a_second_account_of_somebody_ends_without_them_and_says_nothing_of_them(
    sender: Sender, heard: list[Any]
) -> None:
    ann, twice = sender.create("ann", displayName="Ann"), sender.create("ann.2", displayName="Twice")
    merge(sender, "ann.2", "ann")

    sender.replace(twice, "userType", "Contractor")
    sender.replace(twice, "active", value=False)

    assert audience(sender, ann) == "employee"
    assert departures(sender, person_of(ann)) == 0
    sender.call("DELETE", f"/Users/{ann['id']}")
    assert departures(sender, person_of(ann)) == 1


def test_wrong_rules_are_refused_with_every_fault(sender: Sender) -> None:
    answer = sender.rules(("A", "audience", "aliens"), ("B", "role", "vendor_admin"), ("b", "role", "tenant_admin"))

    assert [one["code"] for one in answer.json()["errors"]] == ["target_unknown", "target_unknown", "rule_twice"]


def test_rules_act_on_the_groups_that_they_change_and_on_no_more_people_than_one_request_may(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, heard: list[Any]
) -> None:
    monkeypatch.setattr(set_group_rules, "PEOPLE_MAX", 1)
    ann, bob = sender.create("ann"), sender.create("bob")
    sender.group("Authors", ann)
    sender.group("Editors", bob)
    sender.seat_pool("authoring")
    authors, editors = ("Authors", "pool", "authoring"), ("Editors", "audience", "partner")

    answer = sender.rules(authors, editors)
    assert (answer.status_code, answer.json()["code"]) == (422, "directory_rules_too_wide")
    assert "2 people" in answer.json()["detail"]
    assert sender.client.get("/v1/directory/rules", headers=bearer(sender.key)).json() == {"rules": []}

    for rules in ([authors], [authors, editors]):
        assert sender.rules(*rules).status_code == 200
    assert (audience(sender, bob), len(heard)) == ("partner", 1)


def test_a_key_without_the_permission_for_single_sign_on_gives_no_roles(sender: Sender) -> None:
    made = sender.client.post(
        "/v1/api-keys", headers=bearer(sender.key), json={"name": "hooks", "scopes": ["connect:write"]}
    )
    narrow = replace(sender, key=made.json()["token"])

    refused = narrow.rules(("Friends", "role", "tenant_admin"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "sso:write" in refused.json()["detail"]
    assert narrow.rules(("Friends", "audience", "partner")).status_code == 200

    assert sender.rules(("Friends", "role", "tenant_auditor")).status_code == 200
    assert narrow.rules(("Friends", "audience", "partner")).status_code == 403, "and takes none away"
