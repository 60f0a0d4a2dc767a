"""Merging on the page: shown first, then done, taken back, refused with the reason."""

import re

from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from tests.builders.world import World, bearer


def test_a_merge_is_shown_then_done_and_taken_back(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant()
    key = world.key("tenant_admin", acme)
    events = [
        {
            "specversion": "1.0", "id": who, "source": "https://suite.example", "type": "activity.performed",
            "time": utc_now().isoformat(), "subject": who,
            "data": {"verb": "read", "object_type": "blog", "object_id": "1"},
        }
        for who in ("ann", "ann.old")
    ]  # fmt: skip
    assert client.post("/v1/events", headers=bearer(key), json=events).json()["accepted"] == 2
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    page = "/admin/acme/people"
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(page).text)
    assert token

    def send(act: str, **said: str) -> str:
        form = {"csrf_token": token[1], "key": "ann.old", "reason": "one person", "act": act, **said}
        return client.post(page, data=form).text

    def figures(text: str) -> list[tuple[str, str]]:
        rows = re.findall(
            r'>Active members</th>.*?class="right">(\d+)</td>.*?class="right">(\d+)</td>', text, re.DOTALL
        )
        return [(before, after) for before, after in rows]

    assert figures(send("preview", into="ann")) == [("2", "1")]
    assert figures(send("do", into="ann")) == [("2", "1")]  # the preview had changed nothing
    assert "one person already" in send("do", into="ann")
    assert figures(send("do", into="")) == [("1", "2")]
    assert "was not merged" in send("do", into="")


def test_somebody_is_erased_after_a_look_and_the_word(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant()
    world.key("tenant_admin", acme)
    world.people(acme, "ann", name="Ann Annegret")
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    page = "/admin/acme/people"
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(page).text)
    assert token

    def send(**said: str) -> str:
        return client.post(f"{page}/erase", data={"csrf_token": token[1], **said}).text

    shown = send(who="ann", act="preview")
    assert "“ann” becomes erased-" in shown
    assert "1 key of senders names nobody any more" in shown
    assert "nothing was changed" in send(who="ann", act="do", word="delete")
    assert "Ann Annegret" in client.get(page).text
    assert "is called erased-" in send(who="ann", act="do", word="erase")
    assert "Ann Annegret" not in client.get(page).text
    assert "person" in send(who="nobody", act="preview")


def test_somebody_leaves_and_is_back_by_a_button(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant()
    world.key("tenant_admin", acme)
    world.people(acme, "ann", name="Ann Annegret")
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    page = "/admin/acme/people"
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(page).text)
    assert token

    def send(who: str, act: str) -> str:
        return client.post(f"{page}/stay", data={"csrf_token": token[1], "who": who, "act": act}).text

    left = send("ann", "leave")
    assert "has left." in left
    assert ">Left<" in left
    back = send("ann", "return")
    assert "is back." in back
    assert ">Active<" in back
    assert "nobody" in send("nobody", "leave")
    assert ">Left<" not in client.get(page).text
