"""The live tail: every accepted fact once, in order, whatever the order of commits."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.clock import utc_now
from core.db import INGEST, engine
from core.scope import TenantScope
from metering.api import tail as api
from metering.reads.tail import TailPage, TailPlace, tail_facts, tail_start
from tests.builders.suite import Suite
from tests.builders.world import World, bearer

Client = TestClient[Litestar]


@pytest.fixture
def suite(client: Client, world: World) -> Suite:
    return Suite(client, world)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that end after one look, so that a test can read them to the end."""
    monkeypatch.setattr(api, "LIFE_S", 0.05)
    monkeypatch.setattr(api, "PAUSE_S", 0.1)


def act(suite: Suite, who: str = "ann", **data: Any) -> dict[str, Any]:
    return suite.tell(
        "activity.performed", who, "2026-03-02 10:00", verb="read", object_type="page", object_id="1", **data
    )


def start(suite: Suite) -> TailPlace:
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        return tail_start(session, utc_now())


def look(suite: Suite, place: TailPlace, limit: int = 200) -> TailPage:
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        return tail_facts(session, suite.tenant.id, place, utc_now(), named=True, limit=limit)


def ids(page: TailPage) -> list[str]:
    return [item.event.id for item in page.items]


def stream(suite: Suite, key: str = "", **headers: str) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream with their ids."""
    answer = suite.client.get("/v1/events/tail", headers=bearer(key or suite.key, None, **headers))
    assert answer.headers["content-type"].startswith("text/event-stream")
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            yield {"place": fields["id"], **msgspec.json.decode(fields["data"])}


def test_what_was_accepted_comes_once_and_in_pieces_too(suite: Suite) -> None:
    act(suite)
    place = start(suite)
    assert ids(look(suite, place)) == []
    sent = [
        suite.event("activity.performed", "ann", "2026-03-02 10:00", verb="read", object_type="p", object_id=str(n))
        for n in range(5)
    ]
    suite.send(*sent)

    seen: list[str] = []
    for limit in (2, 1, 200, 200):
        page = look(suite, place, limit)
        seen, place = seen + ids(page), page.place
    assert sorted(seen) == sorted(event["id"] for event in sent)
    # From the place of any one of them the others follow.
    everything = look(suite, start_before := place, 200)
    assert (ids(everything), everything.place) == ([], start_before)


def test_each_facts_own_place_leads_to_those_after_it(suite: Suite) -> None:
    place = start(suite)
    suite.send(*(suite.event("seat.assigned", "ann", "2026-03-02 10:00", pool=str(n)) for n in range(4)))
    whole = look(suite, place)

    for index, item in enumerate(whole.items):
        act(suite)
        rest = ids(look(suite, TailPlace.of(item.place.text())))
        # Those of the same look after it, then (in the next look) what came since.
        assert rest[: 3 - index] == ids(whole)[index + 1 :] or index == 3
    assert len(ids(look(suite, whole.items[-1].place))) == 4


def test_a_fact_that_is_stamped_early_and_committed_late_is_not_left_out(suite: Suite) -> None:
    template = act(suite)
    place = start(suite)
    slow = engine(suite.db.database_url, INGEST)
    with slow.connect() as connection:
        connection.execute(text(f"set local app.tenant_id = '{suite.tenant.id}'"))
        # As a flight does: it copies a fact under another key, stamped now, and has not committed.
        for table, columns in (
            ("fact", "occurred_at, now(), type_id, source_id, identity_id, attributes"),
            ("fact_body", "now(), body"),
            ("fact_key", "content_hash, now()"),
        ):
            names = columns.replace("now()", "accepted_at")
            connection.execute(
                text(
                    f"insert into {table} (tenant_id, event_key, {names})"
                    f" select tenant_id, '00000000-0000-0000-0000-000000000001', {columns} from {table} where tenant_id = :t"
                ),
                {"t": suite.tenant.id},
            )
        later = act(suite)
        first = look(suite, place)
        assert ids(first) == [later["id"]]
        connection.commit()
    slow.dispose()

    second = look(suite, first.place)
    # Its body is the template's.
    assert [str(item.event.event_key)[-1] for item in second.items] == ["1"]
    assert ids(second) == [template["id"]]
    assert ids(look(suite, second.place)) == []


def test_a_stream_says_why_no_meter_looks_at_a_fact(suite: Suite, brief: None) -> None:
    place = start(suite).text()
    act(suite)
    act(suite, "tess", person={"class": "test"})
    suite.tell("acme.odd", "ann", "2026-03-02 10:00")
    suite.tell("course.completed", "ann", "2026-03-02 10:00", course_id="c", course_type="wbt", waived=True)
    suite.tell("course.enrolled", "ann", "2026-03-02 10:00", course_id="c", course_type="simulation")

    told = list(stream(suite, **{"Last-Event-ID": place}))

    assert [(one["type"], one["subject"], one["metered"], one["reason"]) for one in told] == [
        ("activity.performed", "ann", True, None),
        ("activity.performed", "tess", False, "weight_zero"),
        ("acme.odd", "ann", False, "type_unknown"),
        ("course.completed", "ann", False, "waived"),
        ("course.enrolled", "ann", False, "not_trigger"),
    ]
    # Whoever was cut off after the third goes on with the fourth.
    rest = list(stream(suite, **{"Last-Event-ID": told[2]["place"]}))
    assert [one["type"] for one in rest] == ["course.completed", "course.enrolled"]


def test_a_custom_meter_makes_its_type_known(suite: Suite, brief: None) -> None:
    meter = {
        "key": "odd", "unit": "thing", "aggregation": "count", "fields": {"n": "number"},
        "filter": {"types": ["acme.odd"], "where": [{"field": "n", "op": "gt", "value": 1}]},
    }  # fmt: skip
    assert suite.client.post("/v1/meters", json=meter, headers=bearer(suite.key)).status_code == 201
    place = start(suite).text()
    suite.tell("acme.odd", "ann", "2026-03-02 10:00", n=2)
    suite.tell("acme.odd", "ann", "2026-03-02 10:00", n=1)

    assert [one["reason"] for one in stream(suite, **{"Last-Event-ID": place})] == [None, "filtered_out"]


def test_each_tenant_follows_its_own_and_names_take_the_right(
    suite: Suite, client: Client, world: World, brief: None
) -> None:
    other = Suite(client, world, "other")
    place = start(suite).text()
    act(suite)
    act(other, "bob")

    assert [one["subject"] for one in stream(suite, **{"Last-Event-ID": place})] == ["ann"]
    assert [one["subject"] for one in stream(other, **{"Last-Event-ID": place})] == ["bob"]
    vendor = world.key("vendor_finance")
    answer = client.get("/v1/events/tail", headers=bearer(vendor, "acme", Accept="application/json")).json()
    assert [one["subject"] for one in answer["items"]] == [None]


def test_the_last_facts_as_a_list_newest_first(suite: Suite) -> None:
    first, second = act(suite), act(suite)
    listed = suite.client.get("/v1/events/tail", headers=bearer(suite.key, Accept="application/json")).json()

    assert [one["id"] for one in listed["items"]] == [second["id"], first["id"]]
    third = act(suite)
    assert ids(look(suite, TailPlace.of(listed["after"]))) == [third["id"]]


def test_places_that_are_none_and_too_many_readers_are_refused(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    forged = TailPlace("no snapshot", datetime(2026, 1, 1, tzinfo=UTC)).text()
    for word in ("nonsense", forged):
        answer = suite.client.get("/v1/events/tail", params={"after": word}, headers=bearer(suite.key))
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")
    monkeypatch.setattr(api, "MOST", 0)
    answer = suite.client.get("/v1/events/tail", headers=bearer(suite.key))
    assert (answer.status_code, answer.json()["code"]) == (429, "tail_busy")


def test_the_page_lists_the_last_events_and_its_stream_sends_rows_in_the_readers_words(
    suite: Suite, client: Client, brief: None
) -> None:
    act(suite, "<b>ann</b>")
    place = start(suite).text()
    suite.tell("acme.odd", "ann", "2026-03-02 10:00")

    page = client.get("/admin/acme/live", headers=bearer(suite.key)).text
    assert "&lt;b&gt;ann" in page
    assert "Is it spelt right?" in page
    rows = client.get("/admin/acme/live/stream", params={"after": place}, headers=bearer(suite.key)).text
    [data] = [line for line in rows.splitlines() if line.startswith("data: ")]
    assert '<tr><th scope="row"' in data
    assert "acme.odd" in data
    assert data.endswith("</tr>")
