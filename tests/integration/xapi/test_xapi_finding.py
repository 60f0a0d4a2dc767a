"""GET /xapi/statements: filters, pages, formats, attachments; and the older way to ask."""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from metering.xapi.multipart import Part, boundary_of, compose, split_parts
from tests.builders.world import World, bearer
from tests.builders.xapi import ADL, VERSION, Lrs, about_course, fresh_id, statement, voiding

ANA = {"mbox": "mailto:ana@example.org"}
BEN = {"account": {"homePage": "https://lms.example", "name": "ben"}}
CARL = {"openid": "https://carl.example"}
REGISTRATION = "01890000-0000-4000-8000-00000000abcd"
COURSE_ID = "https://lms.example/course/1"


def agent(who: dict[str, Any]) -> str:
    return json.dumps(who)


@pytest.fixture(scope="module")
def library(shared: tuple[TestClient[Litestar], World]) -> Lrs:
    """A tenant for tests that only read."""
    client, world = shared
    return Lrs(client, world.key("tenant_admin", world.tenant("library")))


@pytest.fixture(scope="module")
def stored(library: Lrs) -> dict[str, str]:
    """Four statements: by Ana, by Ben, by a team with Carl about Ana, and about Ben's."""
    ids = {name: fresh_id() for name in ("ana", "ben", "team", "ref")}
    context = {"registration": REGISTRATION.upper(), "instructor": CARL,
               "contextActivities": {"parent": [{"id": COURSE_ID}]}}  # fmt: skip
    team = {"objectType": "Group", "member": [CARL]}
    ref = {"objectType": "StatementRef", "id": ids["ben"]}
    answer = library.post([
        statement(id=ids["ana"], actor=ANA, context=context),
        about_course("launched", id=ids["ben"], actor=BEN),
        statement(id=ids["team"], actor=team, object={"objectType": "Agent", **ANA}),
        statement(id=ids["ref"], actor=CARL, verb={"id": ADL + "commented"}, object=ref),
    ])  # fmt: skip
    assert answer.status_code == 200
    return ids


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "ana ben team ref"),
        ({"agent": agent(ANA)}, "ana team"),
        # The hash of an address is the same person.
        ({"agent": agent({"mbox_sha1sum": hashlib.sha1(b"mailto:ana@example.org").hexdigest()})}, "ana team"),
        ({"agent": agent(CARL)}, "team ref"),
        ({"agent": agent(CARL), "related_agents": "true"}, "ana team ref"),
        # A statement about a statement is found by what finds that one.
        ({"agent": agent(BEN)}, "ben ref"),
        ({"verb": ADL + "launched"}, "ben ref"),
        ({"activity": COURSE_ID}, "ben ref"),
        ({"activity": COURSE_ID, "related_activities": "true"}, "ana ben ref"),
        ({"registration": REGISTRATION}, "ana"),
        ({"registration": REGISTRATION, "agent": agent(ANA), "verb": ADL + "experienced"}, "ana"),
        ({"registration": REGISTRATION, "agent": agent(BEN)}, ""),
        ({"verb": ADL + "juggled"}, ""),
        ({"since": "2099-01-01T00:00:00Z"}, ""),
        ({"until": "2000-01-01T00:00:00Z"}, ""),
    ],
)
def test_a_filter_finds_what_the_standard_says(
    library: Lrs, stored: dict[str, str], query: dict[str, str], found: str
) -> None:
    wanted = [stored[name] for name in found.split()]

    assert library.ids(**query, ascending="true") == wanted
    assert library.ids(**query) == wanted[::-1]


def test_a_reference_that_came_first_is_found_all_the_same(lrs: Lrs) -> None:
    late = fresh_id()
    first = lrs.store(actor=CARL, object={"objectType": "StatementRef", "id": late})
    second = lrs.store(actor=CARL, object={"objectType": "StatementRef", "id": first})

    lrs.store(id=late, actor=ANA)

    assert lrs.ids(agent=agent(ANA)) == [late, second, first]
    lrs.post(voiding(late, actor=CARL))
    assert set(lrs.ids(agent=agent(ANA))) >= {second, first}  # what is about a voided one is still found by it
    assert late not in lrs.ids(agent=agent(ANA))


@pytest.mark.parametrize("ascending", ["true", "false"])
def test_pages_follow_each_other_without_gap_or_overlap(lrs: Lrs, ascending: str) -> None:
    ids = lrs.post([statement() for _ in range(5)]).json()
    pages, more = [], "/xapi/statements?" + urlencode({"limit": 2, "ascending": ascending, "verb": ADL + "experienced"})
    while more:
        page = lrs.client.get(more, headers=lrs.headers()).json()
        pages.append([found["id"] for found in page["statements"]])
        more = page["more"]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [one for page in pages for one in page] == (ids if ascending == "true" else ids[::-1])


def test_since_is_after_and_until_is_up_to(lrs: Lrs) -> None:
    ids = lrs.post([statement() for _ in range(3)]).json()
    stored = [lrs.get(statementId=one).json()["stored"] for one in ids]

    assert lrs.ids(since=stored[0], ascending="true") == ids[1:]
    assert lrs.ids(until=stored[1], ascending="true") == ids[:2]
    assert sorted(set(stored)) == stored  # each has an instant of its own


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"Agent": agent(ANA)}, "There is no parameter 'Agent'"),
        ({"agent": "ana"}, "must be an agent as JSON"),
        ({"agent": json.dumps({"objectType": "Group", "member": [ANA]})}, "anonymous group"),
        ({"verb": "launched"}, "must be an IRI"),
        ({"registration": "1"}, "must be a UUID"),
        ({"since": "yesterday"}, "must be a timestamp"),
        ({"limit": "-1"}, "must be a whole number"),
        ({"format": "short"}, "must be ids, exact or canonical"),
        ({"ascending": "yes"}, "must be true or false"),
        ({"cursor": "x"}, "is not one that 'more' gave"),
        ({"statementId": REGISTRATION, "verb": ADL + "launched"}, "goes together with"),
        ({"statementId": REGISTRATION, "voidedStatementId": REGISTRATION}, "goes together with"),
        ({"limit": ["1", "2"]}, "is given 2 times"),
    ],
)
def test_a_parameter_that_is_none_is_refused(library: Lrs, query: dict[str, Any], told: str) -> None:
    answer = library.get(**query)

    assert answer.status_code == 400
    assert told in answer.json()["message"]
    assert answer.headers["X-Experience-API-Consistent-Through"]


def test_formats_keep_what_they_say(lrs: Lrs) -> None:
    sent = about_course("launched", actor={"objectType": "Agent", "name": "Ana", **ANA})
    one = lrs.post(sent).json()[0]

    exact = lrs.get(statementId=one, format="exact").json()
    ids = lrs.get(statementId=one, format="ids").json()
    headers = lrs.headers(**{"Accept-Language": "de-CH, en;q=0.5"})
    query = {"statementId": one, "format": "canonical"}
    canonical = lrs.client.get("/xapi/statements", params=query, headers=headers).json()

    assert exact["object"] == sent["object"]
    assert (ids["actor"], ids["object"]) == ({"objectType": "Agent", **ANA}, {"id": COURSE_ID})
    assert canonical["object"]["definition"]["name"] == {"de": "Sicherheit"}
    assert canonical["actor"]["name"] == "Ana"


def test_attachments_come_back_as_they_were_sent(lrs: Lrs) -> None:
    content = b"\x00\x01--certificate\r\n"
    sha2 = hashlib.sha256(content).hexdigest()
    attachment = {
        "usageType": "https://lms.example/certificate", "display": {"en": "Certificate"},
        "contentType": "application/pdf", "length": len(content), "sha2": sha2,
    }  # fmt: skip
    headers = {"Content-Type": "application/pdf", "Content-Transfer-Encoding": "binary", "X-Experience-API-Hash": sha2}
    whole = Part({"Content-Type": "application/json"}, json.dumps(statement(attachments=[attachment])).encode())
    answer = lrs.post(compose([whole, Part(headers, content)], "abc"), "multipart/mixed; boundary=abc")
    assert answer.status_code == 200, answer.text

    given = lrs.get(statementId=answer.json()[0], attachments="true")
    media, boundary = boundary_of(given.headers["Content-Type"])
    first, second = split_parts(given.content, boundary)

    assert media == "multipart/mixed"
    assert json.loads(first.content)["attachments"] == [attachment]
    assert (second.content, second.headers["x-experience-api-hash"]) == (content, sha2)
    assert lrs.get(attachments="true").headers["Content-Type"].startswith("multipart/mixed")
    assert lrs.get().headers["Content-Type"] == "application/json"


def test_the_older_way_to_ask_is_understood_in_1_0_only(lrs: Lrs) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    put = {"statementId": fresh_id(), "content": json.dumps(statement()), VERSION: "1.0.3",
           "Authorization": f"Bearer {lrs.key}"}  # fmt: skip

    def send(method: str, fields: dict[str, str], **headers: str) -> Any:
        return lrs.client.post(f"/xapi/statements?method={method}", content=urlencode(fields), headers=form | headers)

    assert send("PUT", put).status_code == 204
    asked = send("GET", {"statementId": put["statementId"]}, **bearer(lrs.key), **{VERSION: "1.0.3"})
    assert asked.json()["id"] == put["statementId"]
    assert send("PUT", put | {VERSION: "2.0.0"}).status_code == 400
    assert send("PUT", {name: value for name, value in put.items() if name != "content"}).status_code == 400
    assert send("PUT&statementId=x", put).status_code == 400
    assert send("TRACE", put).status_code == 400
    assert send("PUT", put, **{VERSION: "2.0.0"}).status_code == 401  # not rewritten: no key in the headers


def test_head_is_get_without_a_body(lrs: Lrs) -> None:
    one = lrs.store()

    answer = lrs.client.head("/xapi/statements", params={"statementId": one}, headers=lrs.headers())

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Last-Modified"]


def test_what_statements_tell_of_agents_and_activities(lrs: Lrs) -> None:
    lrs.post([about_course("launched", actor={**ANA, "name": name}) for name in ("Ana", "Ana Example")])
    lrs.store(object={"id": COURSE_ID, "definition": {"name": {"fr": "Sécurité"}}})
    ask = lrs.client.get

    person = ask("/xapi/agents", params={"agent": agent(ANA)}, headers=lrs.headers()).json()
    activity = ask("/xapi/activities", params={"activityId": COURSE_ID}, headers=lrs.headers()).json()

    assert person == {"objectType": "Person", "name": ["Ana", "Ana Example"], "mbox": [ANA["mbox"]]}
    assert activity["definition"]["name"] == {"de": "Sicherheit", "en": "Safety", "fr": "Sécurité"}
    assert ask("/xapi/activities/state", headers=lrs.headers()).status_code == 404
    assert ask("/xapi/activities/state", headers=bearer(lrs.key)).status_code == 400
    assert ask("/xapi/agents", headers=lrs.headers()).status_code == 400


def test_a_forgotten_persons_originals_are_gone_and_the_facts_stay(lrs: Lrs) -> None:
    gone = lrs.store(actor=ANA)
    kept = lrs.store(actor=BEN, context={"instructor": ANA})

    answer = lrs.client.post("/v1/xapi/forget", json={"agent": ANA}, headers=bearer(lrs.key))

    assert answer.json() == {"found": True}
    assert lrs.ids() == [kept]
    assert lrs.get(statementId=gone).status_code == 404
    assert lrs.ids(agent=agent(ANA), related_agents="true") == []
    again = lrs.store(actor=ANA)  # comes back, under a new key
    assert lrs.ids() == [again, kept]
    assert len(lrs.client.get("/v1/events", headers=bearer(lrs.key)).json()["items"]) == 3
    assert lrs.client.post("/v1/xapi/forget", json={"agent": CARL}, headers=bearer(lrs.key)).json() == {"found": False}
