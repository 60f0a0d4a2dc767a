"""From the directory to the bill: a group gives its members seats, a departure frees them, who waits gets them."""

from datetime import UTC, datetime
from typing import Any

from app.listeners import listen
from core.scope import VENDOR_ID, TenantScope
from tenants.actions.run_test_clock import create_test_clock, set_test_clock
from tenants.directory.store import put_rules
from tests.builders.directory import Sender
from tests.builders.suite import Suite
from tests.builders.world import ACTOR, World, bearer


class Company:
    """A customer whose directory's group *Learners* stands for a pool of one seat."""

    def __init__(self, client: Any, world: World) -> None:
        listen()
        self.db = world.db
        start = datetime(2026, 3, 2, 9, tzinfo=UTC)
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            self.clock = create_test_clock(session, "company", start, ACTOR, start)
        self.suite = Suite(client, world, test_clock_id=self.clock, zone="UTC")
        self.directory = Sender(client, world, self.suite.tenant, self.suite.key)
        self.client, self.headers = client, bearer(self.suite.key)
        pool = {"key": "learners", "name": "Learners", "seats": 1}
        assert client.post("/v1/seat-pools", headers=self.headers, json=pool).status_code == 201
        assert self.directory.rules(("Learners", "pool", "learners")).status_code == 200

    def at(self, instant: str) -> None:
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            set_test_clock(session, self.clock, datetime.fromisoformat(instant).replace(tzinfo=UTC), ACTOR)

    def joins(self, group: dict[str, Any], user: dict[str, Any]) -> None:
        add = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
        assert self.directory.patch(f"/Groups/{group['id']}", add).status_code == 200

    def states(self, *users: dict[str, Any], pool: str = "learners") -> list[str]:
        seats = f"/v1/seat-pools/{pool}/seats"
        return [self.client.get(f"{seats}/{user['id']}", headers=self.headers).json()["state"] for user in users]

    def seats(self, statistic: str, first: str, until: str) -> str:
        query = {"meter": f"seats.named.{statistic}", "from": first, "to": until, "granularity": "period"}
        answer = self.client.get("/v1/usage", headers=self.headers, params=query)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["items"][0]["quantity"])


def test_a_group_gives_seats_a_departure_frees_one_at_that_instant_and_the_usage_follows(
    client: Any, world: World
) -> None:
    company = Company(client, world)
    directory = company.directory
    ann, ben = directory.create("ann@acme.example"), directory.create("ben@acme.example")

    learners = directory.group("Learners", ann)
    assert company.states(ann, ben) == ["held", "none"], "who is in the group has a seat"
    company.joins(learners, ben)
    assert company.states(ann, ben) == ["held", "waiting"], "there is only one"
    company.at("2026-03-10T11:00")
    company.suite.tell(
        "activity.performed", "ann@acme.example", "2026-03-10T10:00", verb="read", object_type="page", object_id="o"
    )

    # On 12 March at 15:00 Ann leaves: her seat was used, and yet nothing of it cools down.
    company.at("2026-03-12T15:00")
    directory.replace(ann, "active", False)

    assert company.states(ann, ben) == ["none", "held"], "who waits has it at that instant"
    # One seat on every day so far, the 12th too, on which it passed on: 11 days of the 2nd to the 12th.
    assert company.seats("peak", "2026-03-02", "2026-03-13") == "1"
    assert company.seats("prorated", "2026-03-02", "2026-03-13") == "1"

    # She is back on the 20th, the same person: her seat is gone, as a member of the group she waits for one.
    company.at("2026-03-20T09:00")
    directory.replace(ann, "active", True)
    assert company.states(ann, ben) == ["waiting", "held"]

    # On the 25th Ben leaves as well; from then on it is Ann's again.
    company.at("2026-03-25T12:00")
    directory.replace(ben, "active", False)

    assert company.states(ann, ben) == ["held", "none"]
    company.at("2026-04-02T00:00")
    # The 2nd to the 31st: one seat on 30 of 31 days of March, the 1st had none.
    assert company.seats("peak", "2026-03-01", "2026-04-01") == "1"
    assert company.seats("prorated", "2026-03-01", "2026-04-01") == "0.967741935484"
    assert company.seats("end_of_period", "2026-03-01", "2026-04-01") == "1"


def test_who_leaves_a_group_as_entra_says_it_leaves_the_pool(client: Any, world: World) -> None:
    company = Company(client, world)
    directory = company.directory
    ann, ben = directory.create("ann@acme.example"), directory.create("ben@acme.example")
    learners = directory.group("Learners", ann, ben)
    assert company.states(ann, ben) == ["held", "waiting"]

    gone = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ann["id"]}]}
    answer = directory.patch(f"/Groups/{learners['id']}", gone)

    assert (answer.status_code, [one["value"] for one in answer.json()["members"]]) == (200, [ben["id"]])
    assert company.states(ann, ben) == ["none", "held"]


def test_a_group_stands_for_seat_pools_that_there_are_alone(client: Any, world: World) -> None:
    company = Company(client, world)
    floating = {"key": "studio", "seats": 5}
    assert client.post("/v1/pools", headers=company.headers, json=floating).status_code == 201

    answer = company.directory.rules(("A", "pool", "learners"), ("B", "pool", "learner"), ("C", "pool", "studio"))

    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/rules/1/target", "pool_unknown"),
        ("/rules/2/target", "pool_floating"),
    ]
    assert all("learners" in one["detail"] for one in answer.json()["errors"]), "says which there are"
    kept = client.get("/v1/directory/rules", headers=company.headers).json()["rules"]
    assert [rule["group"] for rule in kept] == ["Learners"], "nothing of it is kept"


def test_a_pool_made_after_its_rule_takes_the_group_in(client: Any, world: World) -> None:
    company = Company(client, world)
    directory = company.directory
    ann, ben, eve = (directory.create(f"{name}@acme.example") for name in ("ann", "ben", "eve"))
    directory.group("Tutors", ann, ben)
    directory.replace(ben, "active", False)
    # As earlier releases let it be said: of a pool that there is not.
    with company.db.begin(TenantScope(company.suite.tenant.id)) as session:
        rule = {"name_key": "tutors", "kind": "pool", "group_name": "Tutors", "target": "tutoring"}
        put_rules(session, company.suite.tenant.id, [{"tenant_id": company.suite.tenant.id, **rule}])

    directory.seat_pool("tutoring")

    assert company.states(ann, ben, eve, pool="tutoring") == ["held", "none", "none"]
    assert directory.rules(("Tutors", "pool", "tutoring")).status_code == 200
