"""What statements mean: the facts that they become, the figures, and a tenant's own mapping."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from psycopg import AsyncConnection

from core.clock import utc_now
from core.periods import month_period
from core.scope import TenantScope
from core.settings import secret_key
from metering.actions.receive_statements import Sender, receive_statements
from metering.errors import DatabaseUnavailable
from metering.ingest.lane import IngestLane, Prepared
from metering.ingest.writer import Companion
from metering.policies import CountingPolicies, CoursePolicy
from metering.reads import measure
from metering.xapi.mapping import TenantMapping
from metering.xapi.requests import read_statements
from metering.xapi.sealing import Vault
from metering.xapi.versions import Version
from tenants.reads import TenantView
from tests.builders.world import World, bearer
from tests.builders.xapi import ADL, Lrs, about_course, fresh_id, statement, voiding

REGISTRATION = "01890000-0000-4000-8000-00000000abcd"
USED = {"verb": "played", "object_type": "x", "object_id": "$object"}
CATEGORY = [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}]
MODE = "https://w3id.org/xapi/cmi5/context/extensions/launchmode"


def cmi5(
    verb: str, unit: str, mode: str | None = None, registration: str = REGISTRATION, **changes: Any
) -> dict[str, Any]:
    """Return a cmi5 statement about a unit; only the LMS's launch says the mode."""
    context: dict[str, Any] = {"registration": registration, "contextActivities": {"category": CATEGORY}}
    if mode is not None:
        context["extensions"] = {MODE: mode}
    changes.setdefault("timestamp", "2026-03-10T10:00:00Z")
    return statement(verb={"id": ADL + verb}, object={"id": f"https://lms.example/{unit}"}, context=context, **changes)


def events(lrs: Lrs) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lrs.client.get(
        "/v1/events", params={"from": "2026-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}, headers=bearer(lrs.key)
    ).json()["items"]
    return found


def transactions(world: World, tenant: TenantView) -> str:
    """Return March's transactions where a launch is what charges."""
    policy = CountingPolicies(courses=CoursePolicy(triggers={"wbt": "launched"}))
    with world.db.begin(TenantScope(tenant.id)) as session:
        period = month_period(2026, 3, tenant.tz)
        return str(measure(session, tenant, "courses.transactions.charged", period, policy=policy).quantity)


def test_a_cmi5_launch_is_one_transaction_and_a_retry_and_a_review_none(
    lrs: Lrs, world: World, tenant: TenantView
) -> None:
    launch = cmi5("launched", "unit-1", "Normal", id=fresh_id())
    assert lrs.post(launch).headers["Tbk-Unmetered"] == "0"
    assert lrs.post(launch).status_code == 200  # a retry
    lrs.post(cmi5("initialized", "unit-1"))  # the unit reports for itself
    lrs.post(cmi5("launched", "unit-2", "Normal"))  # another unit of the same registration
    lrs.post(cmi5("completed", "unit-1"))
    # Somebody who only looks at it again, under a registration of its own
    other = "01890000-0000-4000-8000-00000000beef"
    lrs.post([cmi5("launched", "unit-1", "Review", other), cmi5("launched", "unit-1", "Browse", other)])
    lrs.post(cmi5("initialized", "unit-1", registration=other))

    assert transactions(world, tenant) == "1"
    modes = [event["data"].get("mode") for event in events(lrs) if event["type"] == "course.launched"]
    assert sorted(modes) == ["browse", "normal", "normal", "review"]


def test_a_launch_that_is_voided_charges_nothing(lrs: Lrs, world: World, tenant: TenantView) -> None:
    (launch,) = lrs.post(cmi5("launched", "unit-1", "Normal")).json()
    assert transactions(world, tenant) == "1"

    lrs.post(voiding(launch))

    assert transactions(world, tenant) == "0"


class Breaking(IngestLane):
    """A lane whose connection dies when the statement is written and its fact is not, `times` times."""

    def __init__(self, database_url: str, times: int) -> None:
        super().__init__(database_url)
        self.times = times

    async def store_along(self, tenant_id: UUID, prepared: Prepared, companion: Companion) -> None:
        async def breaking(connection: AsyncConnection[Any]) -> None:
            await companion(connection)
            if self.times:
                self.times -= 1
                await connection.close()

        await super().store_along(tenant_id, prepared, breaking)


async def receive(lane: IngestLane, tenant: TenantView, *sent: dict[str, Any]) -> list[int]:
    """Receive several requests of one statement each, all at once."""
    sender = Sender("user:test", {"objectType": "Agent", "openid": "https://x.example"}, Version.ONE)
    requests = [read_statements(json.dumps(one).encode(), "application/json", Version.ONE) for one in sent]
    try:
        return await asyncio.gather(*(
            receive_statements(lane, tenant, request, sender, TenantMapping(), utc_now(), Vault(secret_key()))
            for request in requests
        ))  # fmt: skip
    finally:
        await lane.close()


def test_requests_at_once_are_stored_one_after_another(lrs: Lrs, world: World, tenant: TenantView) -> None:
    same = cmi5("launched", "unit-1", "Normal", id=fresh_id())
    others = [cmi5("launched", "unit-1", "Normal", registration=fresh_id(), id=fresh_id()) for _ in range(6)]

    done = asyncio.run(receive(IngestLane(world.db.database_url), tenant, *[same] * 6, *others))

    assert done == [0] * 12
    ids = lrs.ids(ascending="true")
    assert sorted(ids) == sorted([same["id"], *(other["id"] for other in others)])
    stored = [lrs.get(statementId=one).json()["stored"] for one in ids]
    assert stored == sorted(set(stored))  # each an instant of its own, in the order of the commits
    # One of the same registration, sent six times, and six of their own.
    assert transactions(world, tenant) == "7"


def test_a_statement_and_its_fact_are_there_both_or_not_at_all(lrs: Lrs, world: World, tenant: TenantView) -> None:
    sent = cmi5("launched", "unit-1", "Normal", id=fresh_id())
    url = world.db.database_url

    with pytest.raises(DatabaseUnavailable):
        asyncio.run(receive(Breaking(url, times=100), tenant, sent))
    assert (lrs.ids(), events(lrs)) == ([], [])

    # One break is mended by beginning the transaction again; whoever sends again changes nothing.
    assert asyncio.run(receive(Breaking(url, times=1), tenant, sent)) == [0]
    assert lrs.post(sent).status_code == 200
    assert lrs.ids() == [event["id"] for event in events(lrs)] == [sent["id"]]


@pytest.mark.parametrize(
    ("sent", "event_type", "data"),
    [
        (about_course("registered"), "course.enrolled", {"course_id": "https://lms.example/course/1", "course_type": "wbt"}),
        (about_course("passed"), "course.completed", {"course_id": "https://lms.example/course/1", "course_type": "wbt"}),
        (
            statement(verb={"id": "https://w3id.org/xapi/adl/verbs/waived"}),
            "course.completed",
            {"course_id": "https://lms.example/page/1", "course_type": "wbt", "waived": True},
        ),
        (
            statement(
                verb={"id": ADL + "attended"},
                object={"id": "https://lms.example/class/7", "definition": {"type": "http://adlnet.gov/expapi/activities/meeting"}},
                context={"contextActivities": {"parent": [{"id": "https://lms.example/course/2"}]}},
                result={"duration": "PT1H30M"},
            ),
            "class.attended",
            {"course_id": "https://lms.example/course/2", "class_id": "https://lms.example/class/7", "minutes": "90"},
        ),
        (
            statement(verb={"id": ADL + "commented"}),
            "contribution.created",
            {"kind": "comment", "object_id": "https://lms.example/page/1"},
        ),
        (statement(verb={"id": "https://w3id.org/xapi/adl/verbs/logged-in"}, context={"registration": REGISTRATION}),
         "session.started", {"session_id": REGISTRATION}),
    ],
)  # fmt: skip
def test_a_verb_on_a_kind_of_activity_is_an_event(
    lrs: Lrs, sent: dict[str, Any], event_type: str, data: dict[str, Any]
) -> None:
    (one,) = lrs.post(sent).json()

    (event,) = events(lrs)
    assert (event["source"], event["id"], event["type"]) == ("/xapi/statements", one, event_type)
    assert event["data"] == data
    assert event["subject"] == "account:https://lms.example|ana"


def test_a_tenant_adds_rows_of_its_own(lrs: Lrs) -> None:
    verb, kind = "https://suite.example/verbs/juggled", "https://suite.example/kinds/ball"
    headers = bearer(lrs.key)
    row = {"verb": verb, "activity_type": kind, "event_type": "activity.performed",
           "data": {"verb": "played", "object_type": "ball", "object_id": "$object"}}  # fmt: skip
    put = lrs.client.put

    assert put("/v1/xapi/mapping/rules", json=row, headers=headers).status_code == 200
    assert (
        put(
            "/v1/xapi/mapping/rules", json={"verb": ADL + "experienced", "event_type": None}, headers=headers
        ).status_code
        == 200
    )
    thing = {"id": "https://suite.example/ball/1", "definition": {"type": kind}}
    answer = lrs.post([statement(verb={"id": verb}, object=thing), statement(verb={"id": verb}), statement()])

    assert answer.headers["Tbk-Unmetered"] == "2"
    assert [event["data"]["object_type"] for event in events(lrs)] == ["ball"]
    shown = lrs.client.get("/v1/xapi/mapping", headers=headers).json()["rules"]
    assert [rule["verb"] for rule in shown if not rule["built_in"]] == [ADL + "experienced", verb]
    gone = {"params": {"verb": verb, "activity_type": kind}, "headers": headers}
    assert [lrs.client.delete("/v1/xapi/mapping/rules", **gone).status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize(
    ("change", "told", "places"),
    [
        ({"verb": "juggled"}, "must be an IRI", ["/verb"]),
        ({"activity_type": "ball"}, "must be an IRI", ["/activity_type"]),
        ({"event_type": "ball.juggled"}, "is not an event type", ["/event_type"]),
        ({"data": {"verb": "played"}}, "needs a value for object_id", ["/data/object_type", "/data/object_id"]),
        ({"data": USED | {"verb": "$mood"}}, "cannot be taken from a statement", ["/data/verb"]),
        ({"data": USED | {"verb": "juggled"}}, "Invalid enum value 'juggled'", ["/data/verb"]),
        ({"event_type": None}, "has no data", ["/data"]),
    ],
)
def test_a_row_that_could_make_no_event_is_refused_at_each_place(
    lrs: Lrs, change: dict[str, Any], told: str, places: list[str]
) -> None:
    row = {"verb": "https://x.example/v", "event_type": "activity.performed", "data": USED} | change

    answer = lrs.client.put("/v1/xapi/mapping/rules", json=row, headers=bearer(lrs.key))

    assert (answer.status_code, answer.json()["code"]) == (422, "xapi_rule_invalid")
    assert told in answer.json()["detail"]
    assert [fault["pointer"] for fault in answer.json()["errors"]] == places


def test_what_is_missing_or_wrong_beside_rows_is_told_at_its_place_too(lrs: Lrs) -> None:
    def places(method: str, path: str, body: dict[str, Any]) -> tuple[int, list[str]]:
        answer = lrs.client.request(method, f"/v1/xapi/{path}", json=body, headers=bearer(lrs.key))
        return answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]

    assert places("PUT", "mapping/rules", {"verb": "https://x.example/v"}) == (400, ["/event_type"])
    assert places("POST", "mapping/directories", {"home_page": "lms"}) == (422, ["/home_page"])
    assert places("POST", "forget", {"agent": {"account": {"homePage": "lms", "name": "x"}}}) == (
        400,
        ["/agent/account/homePage"],
    )


def test_accounts_of_the_tenants_own_directory_are_its_people(
    lrs: Lrs, world: World, tenant: TenantView, client: TestClient[Litestar]
) -> None:
    world.people(tenant, "ana")
    headers = bearer(lrs.key)
    lrs.store()  # an account of a system that is not known: somebody else

    added = client.post("/v1/xapi/mapping/directories", json={"home_page": "https://lms.example"}, headers=headers)
    lrs.store()

    assert added.status_code == 201
    assert sorted(event["subject"] for event in events(lrs)) == ["account:https://lms.example|ana", "ana"]


def test_statements_of_before_count_once_the_mapping_knows_them(lrs: Lrs) -> None:
    verb, headers = "https://suite.example/verbs/juggled", bearer(lrs.key)
    early, voided = lrs.store(verb={"id": verb}, timestamp="2026-03-10T10:00:00Z"), lrs.store(verb={"id": verb})
    lrs.post(voiding(voided))
    assert events(lrs) == []
    row = {"verb": verb, "event_type": "activity.performed",
           "data": {"verb": "played", "object_type": "ball", "object_id": "$object"}}  # fmt: skip
    lrs.client.put("/v1/xapi/mapping/rules", json=row, headers=headers)

    done = [lrs.client.post("/v1/xapi/remap", json={}, headers=headers).json() for _ in range(2)]

    assert done == [
        {"looked_at": 2, "metered": 2, "next_after": None},
        {"looked_at": 0, "metered": 0, "next_after": None},
    ]
    found = {event["id"]: event for event in events(lrs)}
    assert (found[early]["status"], found[early]["time"]) == ("original", "2026-03-10T10:00:00Z")
    assert found[voided]["status"] == "voided"
    assert lrs.client.get("/v1/xapi/unmetered", headers=headers).json()["items"] == []


def test_what_statements_would_become_is_told_and_nothing_is_stored(lrs: Lrs) -> None:
    headers, path = bearer(lrs.key), "/v1/xapi/try"
    sent = [
        about_course("registered", context={"registration": REGISTRATION}),
        statement(verb={"id": "https://x.example/juggled"}),
    ]

    first, second = lrs.client.post(path, json=sent, headers=headers).json()["items"]
    (alone,) = lrs.client.post(path, json=sent[1], headers=headers).json()["items"]
    refused = lrs.client.post(path, json={"verb": 1}, headers=headers)

    assert (first["event"]["type"], first["reason"]) == ("course.enrolled", "")
    assert first["event"]["data"]["registration"] == REGISTRATION
    assert (first["rule"]["verb"], first["rule"]["built_in"]) == (ADL + "registered", True)
    assert (second["rule"], second["event"], second["reason"]) == (None, None, "verb_unmapped")
    assert alone == second
    assert (refused.status_code, refused.json()["code"]) == (400, "statement_invalid")
    assert events(lrs) == []
    assert lrs.client.get("/v1/xapi/unmetered", headers=headers).json()["items"] == []
