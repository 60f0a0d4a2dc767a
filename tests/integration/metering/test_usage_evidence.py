"""GET /v1/usage/evidence over HTTP: who was counted by which event, page by page, and who may know."""

from datetime import UTC, datetime

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.suite import Suite
from tests.builders.usage import act, evidence
from tests.builders.world import World, bearer

Client = TestClient[Litestar]


@pytest.fixture
def suite(client: Client, world: World) -> Suite:
    return Suite(client, world)


def test_evidence_tells_who_was_counted_by_which_event_and_who_was_not(suite: Suite, world: World) -> None:
    world.people(suite.tenant, "ann")
    world.cost_centres(suite.tenant, "ops")
    world.assign(suite.tenant, "ann", ops=1)
    counting = act(suite, "ann", "2026-03-02 10:00", community_id="c")
    act(suite, "bot", "2026-03-02 10:00", person={"class": "service"})
    suite.tell("course.enrolled", "bob", "2026-03-02 10:00", course_id="c", course_type="wbt")

    body = evidence(suite).json()

    assert (body["quantity"], body["unit"]) == ("1", "person")
    assert body["counts"] == {"counted": 1, "people": 1, "excluded": {"no_qualifying_event": 1, "weight_zero": 1}}
    ann, *others = body["items"]
    assert (ann["counted"], ann["reason"], ann["quantity"], ann["weight"]) == (True, "active_by_event", "1", "1")
    assert (ann["source"], ann["event_id"], ann["at"]) == ("suite", counting["id"], "2026-03-02T09:00:00Z")
    assert ann["keys"] == {"audience": "employee", "class": "member", "community_id": "c"}
    assert ann["cost_centres"] == [{"code": "ops", "share": "1"}]
    assert ann["person"].startswith("p-")
    assert {item["reason"] for item in others} == {"no_qualifying_event", "weight_zero"}
    assert not any(item["counted"] for item in others)
    assert body["next_cursor"] is None


def test_evidence_comes_in_pages_that_cover_everything_once(suite: Suite) -> None:
    for number in range(5):
        act(suite, f"p{number}", "2026-03-02 10:00")
    suite.tell("session.started", "idle", "2026-03-02 10:00", session_id="s")

    seen: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = evidence(suite, limit=4, cursor=cursor).json()
        seen += [item["person"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert len(seen) == len(set(seen)) == 6
    assert [len(evidence(suite, counted=flag).json()["items"]) for flag in ("true", "false")] == [5, 1]
    assert evidence(suite, cursor="x").json()["code"] == "cursor_invalid"
    assert evidence(suite, limit=0).status_code in (400, 422)


def test_only_who_may_see_people_gets_their_ids(suite: Suite, world: World) -> None:
    act(suite, "ann", "2026-03-02 10:00")
    vendor = world.key("vendor_finance")

    mine = evidence(suite).json()["items"][0]
    theirs = suite.client.get(
        "/v1/usage/evidence",
        params={"meter": "members.active", "from": "2026-03-01", "to": "2026-04-01"},
        headers=bearer(vendor, suite.tenant.slug),
    ).json()["items"][0]

    assert mine["person_id"] is not None
    assert theirs["person_id"] is None
    assert mine["person"] == theirs["person"]


def test_evidence_of_people_by_name_address_or_key(suite: Suite, world: World) -> None:
    world.people(suite.tenant, "u-17", name="Ann Lee", email="lee@example.org")
    world.people(suite.tenant, "u-18", name="Bob", email="bob@example.org")
    for who in ("u-17", "u-18", "u-19"):
        act(suite, who, "2026-03-02 10:00")

    for search in ("ann l", "LEE@", "u-17"):
        body = evidence(suite, q=search).json()
        assert [item["event_id"] for item in body["items"]] == ["e-1"]
        assert (body["counts"]["counted"], body["next_cursor"]) == (1, None)
    assert evidence(suite, q="nobody").json()["items"] == []
    assert len(evidence(suite, q="u-1").json()["items"]) == 3

    suite.merge("u-18", "u-17", datetime(2026, 3, 5, tzinfo=UTC))
    # Bob was found to be Ann: who looks for him finds her.
    assert [item["event_id"] for item in evidence(suite, q="bob@").json()["items"] if item["counted"]] == ["e-1"]
    # Who may see figures and no people may not look for people either.
    params = {"meter": "members.active", "from": "2026-03-01", "to": "2026-04-01", "q": "ann"}
    finance = bearer(world.key("vendor_finance"), "acme")
    assert suite.client.get("/v1/usage/evidence", params=params, headers=finance).status_code == 403
