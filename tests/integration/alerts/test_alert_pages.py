"""The page of alerts: made with a look at what it would do, tried, stopped, deleted; refused with the reason."""

import html
import re
from decimal import Decimal
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from core.db import Database
from core.ids import new_id
from core.scope import TenantScope
from plans.alerts.rules import AlertRule
from plans.alerts.store import add_rule
from tests.builders.world import World, bearer

PAGE = "/admin/acme/alerts"


def test_an_alert_is_previewed_made_tried_and_deleted(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant()
    world.key("tenant_admin", acme)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    empty = client.get(PAGE).text
    token = re.search(r'name="csrf-token" content="([^"]+)"', empty)
    assert token

    def send(path: str = "", **said: str) -> Any:
        return client.post(PAGE + path, data={"csrf_token": token[1], **said})

    form = {"name": "Members", "what": "meter:members.active", "when": "percent", "value": "80", "limit": "10"}
    assert "No alerts yet" in empty
    assert 'hx-indicator="#alert-preview"' in empty, "that it looks is shown while it does"
    assert '<p class="asking-now quiet">Looking at what it would have done …</p>' in empty
    looked = send("/preview", **form | {"name": ""}).text
    assert "Now 0; it is told from 8 on. It would not have told you in " in looked
    assert "Per cent of what?" in send("/preview", **form | {"limit": ""}).text

    wrong = send(**form | {"value": "", "recipients": "nobody"})
    assert (wrong.status_code, "Say from which figure on it is told" in wrong.text) == (422, True)
    made = send(**form | {"recipients": "ops@acme.example"})
    assert "Members" in made.text
    assert "from 80% of 10 on" in made.text
    assert "No mail server is set" in made.text
    overview = client.get("/admin/acme").text
    assert "Members</a></dt>" in overview
    assert "Watching" in overview
    path = re.search(r'/admin/acme/alerts(/[0-9a-f-]{36})"', made.text)
    assert path

    assert "The test is on its way" in send(f"{path[1]}/test").text
    assert "Test: Members: 0, " in client.get("/admin/acme/mails").text
    assert "Stopped" in send(path[1], **form).text
    assert "Watch something" in client.get("/admin/acme").text
    assert send(f"{path[1]}/delete", word="no").status_code == 422
    assert "No alerts yet" in send(f"{path[1]}/delete", word="delete").text


def faults_of(page: str, field: str) -> str:
    """Return what stands at a field of the form."""
    found = re.search(rf'<span class="error" id="f{field}-fault">([^<]*)</span>', page)
    return html.unescape(found[1]).strip() if found else ""


def test_each_fault_is_one_sentence_at_its_field_and_the_preview_tells_it_too(
    client: TestClient[Litestar], world: World
) -> None:
    acme = world.tenant()
    admin = bearer(world.key("tenant_admin", acme))
    client.post("/v1/seat-pools", json={"key": "authors", "name": "Authors", "seats": 25}, headers=admin)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(PAGE).text)
    assert token
    form = {"csrf_token": token[1], "name": "Seats", "what": "seat_pool:authors", "when": "percent", "value": "80"}
    number = "Write a figure from 0 to 1,000,000,000,000 in plain digits, without commas: 1250 or 12.5."
    cases = {
        ("value", "-5"): number, ("value", "1,000"): number, ("value", "80 %"): number,
        ("limit", "7"): "A pool's limit is its own seats. Leave it out.",
        ("recipients", "ops@acme.example nobody"):
            "'nobody' is no e-mail address. Give one like finance@example.com, without a name.",
    }  # fmt: skip

    for (field, said), sentence in cases.items():
        refused = client.post(PAGE, data=form | {field: said})
        looked = client.post(f"{PAGE}/preview", data=form | {field: said}).text

        assert (refused.status_code, faults_of(refused.text, field)) == (422, sentence), said
        assert sentence in html.unescape(looked), said
        assert "it is told from" not in looked
    assert "Now 0; it is told from 20 on." in client.post(f"{PAGE}/preview", data=form).text


def test_the_form_keeps_what_is_not_offered_any_more_and_says_where_nobody_is_told(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme = world.tenant()
    key = world.key("tenant_admin", acme)
    assert client.post("/v1/pools", json={"key": "cad", "seats": 2}, headers=bearer(key)).status_code == 201
    rule = AlertRule("Lab", "meter", "lab.hours@1", "absolute", Decimal(5))
    with db.begin(TenantScope(acme.id)) as session:
        alert = new_id()
        values = {"tenant_id": acme.id, "id": alert, "created_at": utc_now(), "due_at": utc_now(), "language": "en"}
        add_rule(
            session,
            values
            | {
                "name": rule.name, "subject": rule.subject, "key": rule.key, "when_kind": rule.when,
                "value": rule.value, "limit_value": None, "cost_centre": None, "hysteresis_percent": 5,
                "per": "month", "recipients": [],
            },
        )  # fmt: skip
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})

    page = client.get(f"{PAGE}/{alert}").text

    assert re.search(r'<option value="meter:lab.hours@1" selected>', page), "else saving it would watch the first pool"
    assert "nobody: give it an address, or tell a webhook" in client.get(PAGE).text
    body = {"url": "https://acme.example/hook", "event_types": ["alert.fired"]}
    assert client.post("/v1/webhooks", json=body, headers=bearer(key)).status_code == 201
    assert "webhooks alone" in client.get(PAGE).text
