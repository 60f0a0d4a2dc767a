"""An event's page: its story for those who may read it."""

import re
from datetime import timedelta
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


def test_evidence_leads_to_the_page_of_each_event(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant()
    key = bearer(world.key("tenant_admin", acme))
    now = utc_now()
    data = {"verb": "read", "object_type": "blog", "object_id": "b"}
    sent = [
        {"id": event_id, "source": SOURCE, "type": "activity.performed", "time": now.isoformat(), "subject": who,
         "data": data | {"person": {"class": kind}}}
        for event_id, who, kind in (("e/1", "ann", "member"), ("e/2", "bot", "test"))
    ]  # fmt: skip
    assert client.post("/v1/events", headers=key, json=sent).json()["accepted"] == 2
    sign_in(client, "tenant_admin@acme.example")
    this_month = f"period={now.astimezone(acme.tz):%Y-%m}"

    for show, event_id in (("", "e/1"), ("&show=excluded", "e/2")):
        listed = client.get(f"/admin/acme/members?meter=members.active&{this_month}{show}").text
        address = re.search(r'href="(/admin/acme/event\?[^"]+)">' + event_id, listed)
        assert address, show
        assert client.get(unescape(address[1])).status_code == 200


def test_a_code_that_no_cost_centre_has_is_told_wherever_it_counts(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant()
    key = bearer(world.key("tenant_admin", acme))
    now = utc_now().astimezone(acme.tz)
    sent = {"id": "1", "source": "s", "type": "contribution.created", "time": now.isoformat(), "subject": "ann",
            "data": {"kind": "post", "object_id": "p", "cost_centre": "EMEA-9"}}  # fmt: skip
    assert client.post("/v1/events", headers=key, json=sent).json()["accepted"] == 1
    sign_in(client, "tenant_admin@acme.example")
    span = {"from": f"{now:%Y-%m}-01", "to": (now + timedelta(days=2)).date().isoformat()}

    def told() -> tuple[list[str], list[str | None], list[bool]]:
        usage = client.get(
            "/v1/usage", headers=key, params={"meter": "members.active", "group_by": "cost_centre", **span}
        ).json()
        tail = client.get("/v1/events/tail", headers=key | {"Accept": "application/json"}).json()
        pages = (f"members?period={now:%Y-%m}", "live", "event?source=s&id=1")
        shown = [unescape(client.get(f"/admin/acme/{page}").text) for page in pages]
        assert [item["group"] for item in usage["totals"]] == [{"cost_centre": "EMEA-9"}]
        return (
            usage["unknown_cost_centres"],
            [item["unknown_cost_centre"] for item in tail["items"]],
            ["no such cost centre" in page for page in shown],
        )

    assert told() == (["EMEA-9"], ["EMEA-9"], [True, True, True])
    world.cost_centres(acme, "EMEA-9")  # the organisation came after the event
    assert told() == ([], [None], [False, False, False])
