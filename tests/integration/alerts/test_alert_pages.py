"""The page of alerts: made with a look at what it would do, tried, stopped, deleted; refused with the reason."""

import re
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World

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
