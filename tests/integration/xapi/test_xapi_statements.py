"""The statement resource over HTTP: what is stored, what is refused, what comes back."""

import base64

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.ids import new_id
from core.scope import TenantScope
from tenants.reads import TenantView
from tests.builders.world import World, bearer
from tests.builders.xapi import ADL, VERSION, Lrs, about_course, fresh_id, statement, voiding

Client = TestClient[Litestar]


def test_a_statement_is_kept_as_received_and_completed(lrs: Lrs) -> None:
    sent = statement(context={"contextActivities": {"parent": {"id": "https://lms.example/course/1"}}})

    answer = lrs.post(sent)

    assert answer.status_code == 200
    assert answer.headers[VERSION] == "1.0.3"
    (statement_id,) = answer.json()
    given = lrs.get(statementId=statement_id)
    found = given.json()
    assert given.headers["Last-Modified"].endswith("GMT")
    assert {name: found[name] for name in ("actor", "verb", "object")} == {
        name: sent[name] for name in ("actor", "verb", "object")
    }
    assert found["context"]["contextActivities"]["parent"] == [{"id": "https://lms.example/course/1"}]
    assert (found["id"], found["version"], found["timestamp"]) == (statement_id, "1.0.0", found["stored"])
    assert found["authority"]["account"]["homePage"] == "urn:tollbook:users"


def test_put_takes_the_id_of_the_request_and_says_204(lrs: Lrs) -> None:
    wanted = fresh_id()

    assert lrs.put(wanted, statement()).status_code == 204
    assert lrs.put(wanted, statement(id=wanted)).status_code == 204
    assert lrs.put(fresh_id(), statement(id=wanted)).status_code == 400
    assert lrs.client.put("/xapi/statements", json=statement(), headers=lrs.headers()).status_code == 400
    assert lrs.get(statementId=wanted).json()["id"] == wanted


def test_the_same_again_changes_nothing_and_other_content_is_a_conflict(lrs: Lrs) -> None:
    first = lrs.store(id=fresh_id(), timestamp="2026-01-10T10:00:00Z")

    again = lrs.post(statement(id=first, timestamp="2026-01-10T11:00:00Z"))
    other = lrs.post([statement(), statement(id=first, object={"id": "https://lms.example/page/2"})])

    assert (again.status_code, again.json()) == (200, [first])
    assert other.status_code == 409
    assert other.json()["code"] == "statement_conflict"
    assert lrs.ids() == [first]  # of the batch nothing was taken
    assert lrs.get(statementId=first).json()["timestamp"] == "2026-01-10T10:00:00Z"


def test_a_batch_is_taken_as_a_whole_or_not_at_all(lrs: Lrs) -> None:
    answer = lrs.post([statement(), {**statement(), "actor": {"name": "nobody"}}])

    assert answer.status_code == 400
    assert "[1].actor must be identified by exactly one of" in answer.json()["message"]
    assert lrs.ids() == []
    twice = fresh_id()
    assert lrs.post([statement(id=twice), statement(id=twice)]).status_code == 400


def test_a_key_is_the_password_of_http_basic_too(lrs: Lrs) -> None:
    def status(credentials: str) -> int:
        token = base64.b64encode(credentials.encode()).decode()
        headers = {"Authorization": f"Basic {token}", VERSION: "1.0.3"}
        return lrs.client.get("/xapi/statements", headers=headers).status_code

    assert [status(f"lms:{lrs.key}"), status("lms:tb_wrong"), status(lrs.key)] == [200, 401, 401]
    basic = {"Authorization": "Basic " + base64.b64encode(f"lms:{lrs.key}".encode()).decode()}
    assert lrs.client.get("/v1/me", headers=basic).status_code == 401  # of xAPI's paths only
    refused = lrs.client.get("/xapi/statements", headers={VERSION: "1.0.3"})
    assert refused.status_code == 401
    schemes = [challenge.split()[0] for challenge in refused.headers.get_list("WWW-Authenticate")]
    assert schemes == ["Basic", "Bearer"]


def test_about_needs_neither_key_nor_version(client: Client) -> None:
    answer = client.get("/xapi/about")

    assert answer.status_code == 200
    assert {"1.0.3", "2.0.0"} <= set(answer.json()["version"])


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("1.0", 200),
        ("1.0.0", 200),
        ("1.0.9", 200),
        ("2.0.0", 200),
        ("2.0", 200),
        ("0.95", 400),
        ("1.1.0", 400),
        ("", 400),
    ],
)
def test_the_version_is_in_every_request_and_answer(lrs: Lrs, header: str, status: int) -> None:
    headers = bearer(lrs.key, **({VERSION: header} if header else {}))

    answer = lrs.client.get("/xapi/statements", headers=headers)

    assert answer.status_code == status
    assert answer.headers[VERSION] in ("1.0.3", "2.0.0")
    assert answer.headers["X-Experience-API-Consistent-Through"]


def test_voiding_takes_a_statement_and_its_fact_back(lrs: Lrs) -> None:
    first = lrs.store()
    second = lrs.store()

    answer = lrs.post(voiding(first))

    assert answer.status_code == 200
    assert lrs.get(statementId=first).status_code == 404
    assert lrs.get(voidedStatementId=first).json()["id"] == first
    assert lrs.get(voidedStatementId=second).status_code == 404
    assert lrs.ids() == [*answer.json(), second]
    events = lrs.client.get("/v1/events", headers=bearer(lrs.key)).json()["items"]
    assert {event["id"]: event["status"] for event in events} == {first: "voided", second: "original"}


def test_nothing_is_voided_twice_and_a_voiding_statement_never(lrs: Lrs) -> None:
    first = lrs.store()
    (void,) = lrs.post(voiding(first)).json()

    again, of_voiding = lrs.post(voiding(first)), lrs.post(voiding(void))

    # The standard lets one that voids again be stored, and do nothing.
    assert (again.status_code, of_voiding.status_code) == (200, 400)
    assert "cannot be voided" in of_voiding.json()["message"]
    assert lrs.post(voiding(again.json()[0])).status_code == 400
    assert lrs.post([voiding(second := lrs.store()), voiding(second)]).status_code == 200
    assert lrs.get(statementId=void).status_code == 200
    events = lrs.client.get("/v1/events", headers=bearer(lrs.key)).json()["items"]
    assert {event["id"]: len(event["corrections"]) for event in events} == {first: 1, second: 1}


def test_a_void_that_comes_before_its_statement_waits_for_it(lrs: Lrs) -> None:
    late = fresh_id()
    lrs.post(voiding(late))

    lrs.store(id=late)

    assert lrs.get(statementId=late).status_code == 404
    assert lrs.client.get("/v1/events", headers=bearer(lrs.key)).json()["items"][0]["status"] == "voided"


def test_errors_are_told_in_the_standards_manner(lrs: Lrs) -> None:
    answer = lrs.post({"actor": 1})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["message"] == "The statement lacks its property 'verb'."
    assert lrs.client.get("/xapi/nothing", headers=lrs.headers()).json()["status"] == 404


def test_a_tenant_sees_its_own_statements_only(lrs: Lrs, world: World) -> None:
    mine = lrs.store()
    other = Lrs(lrs.client, world.key("tenant_admin", world.tenant(f"o-{new_id().hex}")))

    assert other.get(statementId=mine).status_code == 404
    assert other.ids() == []
    theirs = other.store(id=mine)  # the same id is another statement there
    assert theirs == mine
    assert other.ids() == lrs.ids() == [mine]


def test_reading_takes_the_right_to_see_people(world: World, client: Client, tenant: TenantView) -> None:
    reader = Lrs(client, world.key("vendor_finance"))
    headers = {**reader.headers(), "Tbk-Tenant": tenant.slug}

    assert client.get("/xapi/statements", headers=headers).status_code == 403
    assert client.post("/xapi/statements", headers=headers, json=statement()).status_code == 403


def test_statements_are_sealed_where_they_lie(lrs: Lrs, world: World, tenant: TenantView) -> None:
    lrs.post(about_course("registered", actor={"mbox": "mailto:ana@example.org", "name": "Ana Example"}))

    with world.db.begin(TenantScope(tenant.id)) as session:
        for table in ("xapi_statement", "xapi_mark", "xapi_actor_key", "fact", "fact_body"):
            whole = str(session.execute(text(f"select * from {table}")).all())
            assert "ana@example" not in whole.lower(), table
            assert b"Ana Example".hex() not in whole, table


def test_what_is_unmetered_is_stored_and_told_with_its_reason(lrs: Lrs) -> None:
    group = {"objectType": "Group", "member": [{"mbox": "mailto:ana@example.org"}]}
    answer = lrs.post([
        statement(verb={"id": "https://suite.example/verbs/juggled"}),
        about_course("launched", actor=group),
        about_course("launched"),
        statement(verb={"id": ADL + "launched"}),
        about_course("progressed"),
        about_course("registered", timestamp="2126-01-01T00:00:00Z"),
    ])  # fmt: skip

    assert answer.headers["Tbk-Unmetered"] == "5"
    assert len(lrs.ids()) == 6
    told = lrs.client.get("/v1/xapi/unmetered", headers=bearer(lrs.key)).json()["items"]
    assert {(item["verb"].rsplit("/", 1)[1], item["reason"], item["statements"]) for item in told} == {
        ("juggled", "verb_unmapped", 1),
        ("launched", "actor_is_group", 1),
        ("launched", "activity_type_unmapped", 1),
        ("progressed", "ignored_by_rule", 1),
        ("registered", "time_in_future", 1),
    }
