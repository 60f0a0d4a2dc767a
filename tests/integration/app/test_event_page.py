"""An event's page: its story for those who may read it."""

import re
from html import unescape

from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from tests.builders.world import World, bearer

SOURCE = "https://lms.example/?a=1&b=2"


def sign_in(client: TestClient[Litestar], email: str) -> None:
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": email, "password": "correct horse battery"})


def test_an_event_is_shown_with_every_correction_from_among_the_live_ones(
    client: TestClient[Litestar], world: World
) -> None:
    acme = world.tenant()
    key = bearer(world.key("tenant_admin", acme))
    now = utc_now().isoformat()
    data = {"verb": "read", "object_type": "blog", "object_id": "<b>1</b>"}
    sent = {"specversion": "1.0", "id": "e/1", "source": SOURCE, "type": "activity.performed", "time": now,
            "subject": "ann", "data": data}  # fmt: skip
    instead = {"type": "activity.performed", "time": now, "subject": "bob", "data": data | {"verb": "viewed"}}
    assert client.post("/v1/events", headers=key, json=sent).json()["accepted"] == 1
    for kind, reason, replacement in (("void", "sent by mistake", None), ("replace", "it was Bob", instead)):
        body = {"source": SOURCE, "id": "e/1", "kind": kind, "reason": reason, "replacement": replacement}
        assert client.post("/v1/events/corrections", headers=key, json=body).status_code == 201
    sign_in(client, "tenant_admin@acme.example")

    live = client.get("/admin/acme/live").text
    address = re.search(r'href="(/admin/acme/event\?[^"]+)"', live)
    assert address
    page = client.get(unescape(address[1]))

    assert page.status_code == 200
    assert "<b>1</b>" not in page.text
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text)))
    for part in ('"verb":"read"', '"verb":"viewed"', " ann ", "bob", "tenant_admin@acme.example", "On no bill yet"):
        assert part in text
    assert text.index("Taken away") < text.index("sent by mistake") < text.index("it was Bob")


def test_an_event_that_is_not_there_is_a_page_that_says_so(client: TestClient[Litestar], world: World) -> None:
    world.key("tenant_admin", world.tenant())
    sign_in(client, "tenant_admin@acme.example")

    page = client.get("/admin/acme/event", params={"source": "x", "id": "y"})

    assert page.status_code == 404
    assert "There is no event" in unescape(page.text)
