"""Who may invite has the link of an invitation, and webhooks do; who only reads has it nowhere."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.scope import TenantScope
from tests.builders.world import World, bearer
from tests.integration.plans.test_seat_pools import Seats

Client = TestClient[Litestar]


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
