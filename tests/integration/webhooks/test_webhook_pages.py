"""The page of an endpoint: its log tells what was given up, and each delivery can be told again from there."""

import re
from uuid import UUID

from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from core.db import Database
from core.scope import TenantScope
from tenants.webhooks.actions.set_endpoint import EndpointInput, create_endpoint
from tenants.webhooks.actions.set_endpoint import test_endpoint as send_test
from tenants.webhooks.reads import deliveries
from tenants.webhooks.store import set_delivery
from tests.builders.world import ACTOR, World


def test_one_delivery_is_told_again_and_the_others_stay_as_they_are(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme, beta = world.tenant(), world.tenant("beta")
    world.key("tenant_admin", acme)
    with db.begin(TenantScope(acme.id)) as session:
        hook, _secret = create_endpoint(session, acme.id, EndpointInput("https://acme.example/hook"), ACTOR, utc_now())
        new, done, dead, other = (send_test(session, acme.id, hook, utc_now()) for _ in range(4))
        set_delivery(session, acme.id, hook, done, status="delivered", attempts=1, answer_status=204)
        for event in (dead, other):
            set_delivery(session, acme.id, hook, event, status="dead", attempts=10, answer_status=503)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    here = f"/admin/acme/webhooks/{hook}"
    page = client.get(f"{here}?status=dead")
    token = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
    assert token

    def again(event: UUID, query: str = "", customer: str = "acme") -> tuple[int, str]:
        address = f"/admin/{customer}/webhooks/{hook}/deliveries/{event}/replay{query}"
        answer = client.post(address, data={"csrf_token": token[1]}, follow_redirects=False)
        return answer.status_code, answer.headers.get("location", "")

    def states() -> dict[UUID, tuple[str, int]]:
        with db.begin(TenantScope(acme.id)) as session:
            return {one.event_id: (one.status, one.attempts) for one in deliveries(session, acme.id, hook)}

    assert "2 deliveries were given up after every attempt." in page.text
    assert f'action="{here}/deliveries/{dead}/replay?status=dead"' in page.text
    assert f"/deliveries/{done}/replay" not in page.text
    everything = client.get(here).text
    assert f'action="{here}/deliveries/{done}/replay"' in everything
    assert f"/deliveries/{new}/replay" not in everything, "it was never tried: it is due as it is"

    assert again(dead, "?status=dead") == (303, f"{here}?status=dead")
    assert again(done) == (303, here)
    assert states() == {new: ("due", 0), done: ("due", 0), dead: ("due", 0), other: ("dead", 10)}
    assert "1 delivery was given up after every attempt." in client.get(here).text
    assert again(UUID(int=1))[0] == 404
    assert again(other, customer=beta.slug)[0] in (403, 404)
    assert states()[other] == ("dead", 10)
