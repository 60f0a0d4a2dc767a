"""The page of xAPI: rows of one's own, a try-out that stores nothing, what made no event, who may what."""

import json
import re
from html import unescape
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World
from tests.builders.xapi import Lrs, statement

PAGE = "/admin/acme/xapi"
VERB = "https://suite.example/verbs/simulated"
COURSE_ROW = {
    "verb": VERB,
    "activity_type": "*",
    "event_type": "course.launched",
    "data": "course_id = $course\r\ncourse_type = simulation\r\n",
}


@pytest.fixture
def lrs(client: TestClient[Litestar], world: World) -> Lrs:
    """Acme's administrator, signed in, with a key for statements."""
    found = Lrs(client, world.key("tenant_admin", world.tenant("acme")))
    sign_in(client, "tenant_admin")
    return found


def sign_in(client: TestClient[Litestar], role: str) -> None:
    client.cookies.clear()
    form = {"email": f"{role}@acme.example", "password": "correct horse battery", "next": ""}
    answer = client.post("/sign-in", data=form, headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 303


def shown(client: TestClient[Litestar], path: str = PAGE) -> str:
    return client.get(path, headers={"accept": "text/html"}).text


def send(client: TestClient[Litestar], part: str, **fields: str) -> Any:
    token = re.search(r'name="csrf-token" content="([^"]+)"', shown(client))
    assert token is not None
    data = {"csrf_token": token.group(1), **fields}
    return client.post(f"{PAGE}/{part}", data=data, headers={"accept": "text/html"}, follow_redirects=False)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_a_row_is_added_tried_changed_and_taken_away(client: TestClient[Litestar], lrs: Lrs) -> None:
    sent = json.dumps(statement(verb={"id": VERB}))
    assert "No row is about this verb." in words(send(client, "try", statement=sent).text)

    assert send(client, "rows", **COURSE_ROW).status_code == 303
    assert "course_id = $course, course_type = simulation" in words(shown(client))
    tried = words(send(client, "try", statement=sent).text)
    assert "course.launched" in tried
    assert "simulated, any (your own)" in tried
    assert lrs.ids() == []  # nothing was stored

    change = re.search(r'href="([^"]+)#row" aria-label="Change simulated"', shown(client))
    assert change is not None
    form = shown(client, unescape(change.group(1)))
    assert "course_id = $course\ncourse_type = simulation</textarea>" in form
    send(client, "rows", **(COURSE_ROW | {"event_type": "", "data": ""}))
    assert "A row says that this makes no event." in words(send(client, "try", statement=sent).text)

    send(client, "rows/remove", verb=VERB, activity_type="*")
    assert "None yet" in words(shown(client))


def test_what_is_wrong_with_a_row_stands_beside_its_field(client: TestClient[Litestar], lrs: Lrs) -> None:
    row = COURSE_ROW | {"verb": "simulated", "data": "course_type = mooc"}

    refused = send(client, "rows", **row)

    assert refused.status_code == 422
    told = dict(re.findall(r'<span class="error" id="f(\w+)-fault">(.*?)</span>', refused.text))
    assert "must be an IRI" in unescape(told["verb"])
    assert "needs a value for course_id" in unescape(told["data"])
    assert "mooc" in told["data"]
    assert "course_type = mooc</textarea>" in refused.text
    unread = send(client, "rows", **(COURSE_ROW | {"data": "course_id: $course"}))
    assert "Line 1: write each field once" in words(unread.text)


def test_a_statement_that_is_none_is_told_what_is_wrong(client: TestClient[Litestar], lrs: Lrs) -> None:
    refused = send(client, "try", statement=json.dumps({"actor": {"mbox": "ana"}}))

    assert refused.status_code == 400
    assert "&#34;ana&#34;" in refused.text  # what was pasted stays
    assert "lacks its property 'verb'" in words(refused.text)


def test_a_value_that_does_not_fit_its_event_is_told(client: TestClient[Litestar], lrs: Lrs) -> None:
    send(client, "rows", **(COURSE_ROW | {"data": "course_id = $parent\ncourse_type = wbt"}))

    tried = words(send(client, "try", statement=json.dumps(statement(verb={"id": VERB}))).text)

    assert "data.course_id is missing. See /schemas/course.launched." in tried


def test_statements_that_made_no_event_are_listed_and_looked_at_again(client: TestClient[Litestar], lrs: Lrs) -> None:
    lrs.store(verb={"id": VERB})
    listed = shown(client)
    assert "No row is about this verb." in words(listed)
    assert f'href="{PAGE}?verb=https%3A%2F%2Fsuite.example%2Fverbs%2Fsimulated' in listed

    send(client, "rows", **COURSE_ROW)
    again = words(send(client, "remap").text)

    assert "Looked at again: 1. Made an event now: 1." in again
    assert "Every statement made an event" in again


def test_home_pages_of_ones_own_people(client: TestClient[Litestar], lrs: Lrs) -> None:
    assert send(client, "directories", home_page="lms").status_code == 422
    send(client, "directories", home_page="https://lms.example")

    tried = words(send(client, "try", statement=json.dumps(statement())).text)

    assert "Person ana When" in tried
    send(client, "directories/remove", home_page="https://lms.example")
    assert "Person account:https://lms.example|ana When" in words(
        send(client, "try", statement=json.dumps(statement())).text
    )


def test_who_may_read_sees_it_and_changes_nothing(client: TestClient[Litestar], world: World) -> None:
    world.key("tenant_auditor", world.tenant("acme"))
    sign_in(client, "tenant_auditor")

    page = shown(client)

    assert "What comes along" in page
    assert "Save the row" not in page
    assert "/rows/remove" not in page
    assert "course.launched" in words(
        send(client, "try", statement=json.dumps(statement(verb={"id": "http://adlnet.gov/expapi/verbs/launched"},
             object={"id": "https://l.example/1",
                     "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}))).text
    )  # fmt: skip
    for part in ("rows", "rows/remove", "remap", "directories", "directories/remove"):
        assert send(client, part).status_code == 403, part
