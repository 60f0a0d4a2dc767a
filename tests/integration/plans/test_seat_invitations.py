"""Invitations to a seat: made, taken and over; their links are for who may invite and for webhooks alone."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.scope import TenantScope
from plans.licensing.seats.actions.invite import activate_invitation, withdraw_invitation
from plans.licensing.seats.errors import InvitationOver
from tenants.reads import tenant_now
from tests.builders.world import ACTOR, World, bearer
from tests.integration.plans.test_seat_pools import Seats

Client = TestClient[Litestar]


@pytest.fixture
def seats(client: Client, world: World) -> Seats:
    return Seats(client, world)


def told(seats: Seats, event_type: str) -> list[dict[str, Any]]:
    with seats.db.begin(TenantScope(seats.suite.tenant.id)) as session:
        query = text("select data from outbox_event where type = :type order by id")
        return list(session.execute(query, {"type": event_type}).scalars())


def test_the_link_is_told_to_who_may_invite_and_to_webhooks_and_stands_in_no_trail(
    client: Client, world: World
) -> None:
    seats = Seats(client, world)
    auditor = bearer(world.key("tenant_auditor", seats.suite.tenant))

    made = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann", "days": 7}).json()

    [event] = told(seats, "seat.invited")
    assert event["object"] == {"type": "seat_invitation", "id": made["id"]}
    assert event["detail"]["pool"] == "learners"
    for link in (made["link"], event["detail"]["link"], seats.get("/invitations")["items"][0]["link"]):
        page = client.get(urlsplit(link).path, headers={"accept": "text/html"})
        assert "Accept the seat" in page.text
    listed = client.get("/v1/seat-pools/learners/invitations", headers=auditor).json()["items"]
    assert [one["link"] for one in listed] == [None]
    trail = client.get("/v1/audit", headers=auditor).text
    assert "invite_to_seat" in trail
    assert "/invitations/" not in trail

    assert client.post(urlsplit(made["link"]).path, headers={"accept": "text/html"}).status_code == 200

    assert seats.state("ann") == "held"
    assert [one["action"] for one in told(seats, "seat.accepted")] == ["accept_invitation"]
    assert seats.get("/invitations")["items"][0]["link"] is None


def test_a_link_is_over_with_its_day(client: Client, world: World) -> None:
    seats = Seats(client, world)
    made = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann", "days": 1}).json()
    seats.at("2026-03-03")

    answer = client.post(urlsplit(made["link"]).path, headers={"accept": "text/html"})

    assert "This invitation ran out" in answer.text
    assert seats.state("ann") == "none"


def test_an_invitation_takes_a_seat_when_it_is_activated_and_not_before(seats: Seats) -> None:
    made = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann", "days": 7}).json()
    again = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann"})
    late = seats.post("/v1/seat-pools/learners/invitations", {"person": "ben", "days": 1}).json()
    assert (again.status_code, again.json()["code"], seats.get()["held"]) == (409, "seat_invitation_open", 0)
    seats.at("2026-03-03T12:00")

    taken = [seats.post(f"/v1/seat-invitations/{made['id']}/activate", {}) for _ in range(2)]
    over = seats.post(f"/v1/seat-invitations/{late['id']}/activate", {})

    assert [(one.status_code, one.json()["invitation"]["status"]) for one in taken] == [(200, "activated")] * 2
    assert (over.status_code, over.json()["code"]) == (409, "seat_invitation_over")
    assert seats.get()["held"] == 1
    assert [one["status"] for one in seats.get("/invitations")["items"]] == ["expired", "activated"]


def test_who_let_an_invitation_expire_is_invited_again_and_who_holds_a_seat_is_not(seats: Seats) -> None:
    first = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann", "days": 1}).json()
    seats.assign("ben")
    seats.at("2026-03-02T12:00")
    late = seats.client.delete(f"/v1/seat-invitations/{first['id']}", headers=seats.headers)

    second = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann", "days": 1})
    third = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann", "days": 1})
    held = seats.post("/v1/seat-pools/learners/invitations", {"person": "ben"})
    over = seats.post(f"/v1/seat-invitations/{first['id']}/activate", {})

    assert (late.status_code, second.status_code) == (204, 201), second.text
    assert (third.status_code, third.json()["code"]) == (409, "seat_invitation_open")
    assert (held.status_code, held.json()["code"]) == (409, "seat_already_held")
    assert (over.status_code, over.json()["code"]) == (409, "seat_invitation_over")
    assert [one["status"] for one in seats.get("/invitations")["items"]] == ["open", "expired"]
    assert seats.post(f"/v1/seat-invitations/{second.json()['id']}/activate", {}).status_code == 200


def test_an_invitation_that_is_withdrawn_at_the_same_moment_gives_no_seat(seats: Seats, world: World) -> None:
    made = seats.post("/v1/seat-pools/learners/invitations", {"person": "ann", "days": 7}).json()
    tenant, invitation = seats.suite.tenant, UUID(made["id"])

    def activate() -> str:
        with world.db.begin(TenantScope(tenant.id)) as session:
            now = tenant_now(session, tenant)
            return activate_invitation(session, tenant, invitation, ACTOR, now)[0].status

    with ThreadPoolExecutor(1) as pool:
        with world.db.begin(TenantScope(tenant.id)) as session:
            withdraw_invitation(session, tenant, invitation, ACTOR, tenant_now(session, tenant))
            activated = pool.submit(activate)
            with pytest.raises(TimeoutError):
                activated.result(timeout=1)
        with pytest.raises(InvitationOver):
            activated.result(timeout=30)

    assert seats.get()["held"] == 0
