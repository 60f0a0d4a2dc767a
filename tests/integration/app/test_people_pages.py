"""Merging on the page: shown first, then done, taken back, refused with the reason."""

import re
from datetime import date

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


class Admin:
    """An administrator of a customer, signed in."""

    def __init__(self, client: TestClient[Litestar], world: World) -> None:
        self.client, self.world, self.tenant = client, world, world.tenant()
        self.key = world.key("tenant_admin", self.tenant)
        client.headers["accept"] = "text/html"
        client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.page())
        assert token
        self.token = token[1]

    def page(self, rest: str = "") -> str:
        return self.client.get(f"/admin/acme/people{rest}").text

    def send(self, rest: str, **said: str) -> str:
        return self.client.post(f"/admin/acme/people{rest}", data={"csrf_token": self.token, **said}).text

    def names(self, rest: str = "") -> list[str]:
        return re.findall(r'<th scope="row"[^>]*><a href="/admin/acme/people/[^"]+">([^<]+)</a>', self.page(rest))


def test_who_came_by_an_event_alone_is_listed_and_found_by_the_key(client: TestClient[Litestar], world: World) -> None:
    admin = Admin(client, world)
    world.people(admin.tenant, "e-1", name="Zoe")
    world.people(admin.tenant, "e-2", name="ann")
    event = {
        "specversion": "1.0", "id": "1", "source": "https://suite.example", "type": "activity.performed",
        "time": utc_now().isoformat(), "subject": "b_lee", "data": {"verb": "read", "object_type": "blog", "object_id": "1"},
    }  # fmt: skip
    assert client.post("/v1/events", headers=bearer(admin.key), json=[event]).json()["accepted"] == 1

    # By name, whatever the case; who has none comes last, by the key that events use.
    assert admin.names() == ["ann", "Zoe", "b_lee"]
    assert admin.names("?search=b_l") == ["b_lee"]
    assert admin.names("?search=b%25l") == []
    api = client.get("/v1/people?search=b_lee", headers=bearer(admin.key)).json()["items"]
    assert len(api) == 1


def test_the_list_goes_on_by_name_from_page_to_page(client: TestClient[Litestar], world: World) -> None:
    admin = Admin(client, world)
    for number in range(60):
        world.people(admin.tenant, f"p{number}", name=f"Person {59 - number:02}")

    first = admin.page()
    following = re.search(r'href="/admin/acme/people(\?after=[^"]+)"', first)
    assert following

    assert [*admin.names(), *admin.names(following[1])] == [f"Person {number:02}" for number in range(60)]


def test_a_person_s_page_says_who_they_are_who_carries_them_and_whose_account_they_have_too(
    client: TestClient[Litestar], world: World
) -> None:
    admin = Admin(client, world)
    made = world.people(admin.tenant, "ann", "ann.old", name="Ann Annegret", email="ann@acme.example")
    world.cost_centres(admin.tenant, "sales", "it")
    world.assign(admin.tenant, "ann", sales=1)
    world.assign(admin.tenant, "ann", valid_from=date(2026, 4, 1), sales=1, it=1)
    client.post("/v1/seat-pools", headers=bearer(admin.key), json={"key": "learners", "name": "Learners", "seats": 2})
    client.post("/v1/seat-pools/learners/seats", headers=bearer(admin.key), json={"person": "ann"})

    shown = admin.page(f"/{made['ann']}")
    assert "it 50%, sales 50%" in shown
    assert "holds a seat" in shown
    assert ">ann<" in shown

    # What the page asks first is shown on the list; done there, it stands on both pages.
    assert "Nothing was changed" in admin.send("", key="ann.old", into="ann", reason="one", act="preview")
    admin.send("", key="ann.old", into="ann", reason="one", act="do")
    assert "Is also" in admin.page(f"/{made['ann']}")
    other = admin.page(f"/{made['ann.old']}")
    assert "found to be somebody else" in other
    assert "It is not the same person after all" in other
    assert admin.names("?show=merged") == ["Ann Annegret"]
    assert "Is Ann Annegret" in admin.page()
    assert client.get("/admin/acme/people/00000000-0000-0000-0000-000000000001").status_code == 404


def test_who_leaves_on_their_own_page_is_led_there_again(client: TestClient[Litestar], world: World) -> None:
    admin = Admin(client, world)
    made = world.people(admin.tenant, "ann", name="Ann")

    assert "This person is back" in admin.send("/stay", who="ann", act="leave", back="1")
    assert admin.names("?show=left") == ["Ann"]
    assert "This person leaves" in admin.send("/stay", who=str(made["ann"]), act="return", back="1")


def test_a_merge_with_somebody_who_has_left_says_that_they_are_out(client: TestClient[Litestar], world: World) -> None:
    admin = Admin(client, world)
    world.people(admin.tenant, "ann", "ann.old", "bob")
    admin.send("/stay", who="ann.old", act="leave")

    assert "no pool would let them in" in admin.send("", key="ann", into="ann.old", reason="one", act="preview")
    assert "no pool would" not in admin.send("", key="ann.old", into="ann", reason="one", act="preview")
    assert "no pool would" not in admin.send("", key="ann", into="bob", reason="one", act="preview")


def test_nobody_of_a_name_and_several_of_an_address_are_told_apart(client: TestClient[Litestar], world: World) -> None:
    admin = Admin(client, world)
    world.people(admin.tenant, "ann", email="team@acme.example")
    world.people(admin.tenant, "bob", email="team@acme.example")
    several, nobody = "Several people here have the address", "Nobody is called"

    def told(answer: str) -> tuple[bool, bool]:
        return several in answer, nobody in answer

    for form in ("/erase", "/stay"):
        assert told(admin.send(form, who="team@acme.example", act="leave")) == (True, False)
        assert told(admin.send(form, who="team@else.example", act="leave")) == (False, True)
    into = {"into": "bob", "reason": "one"}
    assert told(admin.send("", key="team@acme.example", **into)) == (True, False)
    assert told(admin.send("", key="teem", **into)) == (False, True)
    # Who is there and was not erased is not said to be nobody.
    answer = client.post("/v1/people/bob/erasure-proof", headers=bearer(admin.key), json={"key": "bob"})
    assert (answer.status_code, answer.json()["code"]) == (404, "person_unknown")
    assert answer.json()["detail"].startswith("Nobody called 'bob' was erased here.")
