"""The page of an endpoint: its log tells what was given up, and each delivery can be told again from there."""

import html
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
from tenants.webhooks.store import set_delivery, set_endpoint
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

    shown = client.get(f"{here}/deliveries/{dead}")
    assert f'href="{here}/deliveries/{dead}"' in everything
    assert f'"id": "{hook}"' in html.unescape(shown.text), "what it says"
    assert "503" in shown.text, "and what came of it"
    assert client.get(f"{here}/deliveries/{UUID(int=1)}").status_code == 404

    assert again(dead, "?status=dead") == (303, f"{here}?status=dead")
    assert again(done) == (303, here)
    assert states() == {new: ("due", 0), done: ("due", 0), dead: ("due", 0), other: ("dead", 10)}
    assert "1 delivery was given up after every attempt." in client.get(here).text
    assert again(UUID(int=1))[0] == 404
    assert again(other, customer=beta.slug)[0] in (403, 404)
    assert states()[other] == ("dead", 10)


def test_a_new_secret_is_shown_once_and_who_answered_gone_is_told_apart_from_who_was_stopped(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme, now = world.tenant(), utc_now()
    world.key("tenant_admin", acme)
    with db.begin(TenantScope(acme.id)) as session:
        hook, secret = create_endpoint(session, acme.id, EndpointInput("https://acme.example/hook"), ACTOR, now)
        event = send_test(session, acme.id, hook, now)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    here = f"/admin/acme/webhooks/{hook}"
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(here).text)
    assert token

    turned = client.post(f"{here}/rotate", data={"csrf_token": token[1], "hours": "24"})
    shown = re.search(r'value="(whsec_[^"]+)"', turned.text)
    assert shown
    assert shown[1] != secret
    assert turned.headers["cache-control"] == "no-store"
    later = client.get(here).text
    assert "whsec_" not in later
    assert "Messages are signed with the old secret, too, until" in later
    client.post(f"{here}/rotate", data={"csrf_token": token[1], "hours": "0"})
    assert "with the old secret, too" not in client.get(here).text

    with db.begin(TenantScope(acme.id)) as session:
        set_endpoint(session, acme.id, hook, disabled_at=now)
    assert "It is stopped" in client.get(here).text
    with db.begin(TenantScope(acme.id)) as session:
        set_delivery(session, acme.id, hook, event, status="dead", attempts=1, answer_status=410, tried_at=now)
    assert "Your system answered 410" in client.get(here).text


def test_a_change_that_is_refused_stands_in_the_form_to_be_mended(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme = world.tenant()
    world.key("tenant_admin", acme)
    with db.begin(TenantScope(acme.id)) as session:
        hook, _secret = create_endpoint(session, acme.id, EndpointInput("https://acme.example/hook"), ACTOR, utc_now())
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    here = f"/admin/acme/webhooks/{hook}"
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(here).text)
    assert token

    wish = {"url": "http://10.0.0.1/hook", "description": "The warehouse", "event.invoice.voided": "on"}
    refused = client.post(here, data={"csrf_token": token[1], **wish})

    assert refused.status_code == 422
    assert 'value="http://10.0.0.1/hook"' in refused.text
    assert 'value="The warehouse"' in refused.text
    assert 'name="event.invoice.voided" checked' in refused.text
    assert 'name="enabled">' in refused.text, "it was not ticked"
    assert 'value="https://acme.example/hook"' in client.get(here).text, "nothing was changed"


def test_a_long_address_is_called_by_its_beginning_and_no_page_but_its_form_has_the_token(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme, url = world.tenant(), f"https://acme.example/{'a' * 1900}?token=s3cret"
    world.key("tenant_admin", acme)
    with db.begin(TenantScope(acme.id)) as session:
        hook, _secret = create_endpoint(session, acme.id, EndpointInput(url), ACTOR, utc_now())
        event = send_test(session, acme.id, hook, utc_now())
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    base = "/admin/acme/webhooks"

    listed, one, delivery = (
        client.get(page).text for page in (base, f"{base}/{hook}", f"{base}/{hook}/deliveries/{event}")
    )

    called = f"acme.example/{'a' * 46}…"
    assert all(called in page for page in (listed, one, delivery))
    assert "s3cret" not in listed + delivery
    assert one.count("s3cret") == 1, "in the form that changes it"
    assert f"<title>{called} · " in one
