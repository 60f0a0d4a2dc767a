"""The demo's people that go on acting: the same minute gives the same events, and the service takes every one."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from msgspec import Raw

from app.demo import live
from app.demo.live import LIVE, happenings
from app.demo.world import Customer, build_world
from app.embedded.__main__ import live as running
from metering.ingest.validation import Rules, draft_event

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = int(NOW.timestamp()) // 60


@pytest.fixture(params=LIVE)
def customer(request: pytest.FixtureRequest) -> Customer:
    return build_world(NOW, 40).customer(request.param)


def test_the_same_minute_gives_the_same_events_with_ids_of_their_own(customer: Customer) -> None:
    hours = [event for n in range(120) for event in happenings(customer, MINUTE + n)]
    live._begun.cache_clear()

    assert hours == [event for n in range(120) for event in happenings(customer, MINUTE + n)]
    ids = [UUID(event["id"]) for event in hours]
    assert len(set(ids)) == len(ids) > 120
    assert {one.version for one in ids} == {7}


def test_every_event_is_taken_and_lies_in_its_minute_after_the_loaded_world(customer: Customer) -> None:
    for n in range(60):
        for event in happenings(customer, MINUTE + n):
            draft_event(Raw(msgspec.json.encode(event | {"specversion": "1.0"})), 0, Rules(NOW + timedelta(hours=1)))
            assert event["time"].timestamp() * 1000 >= customer.edges_ms[-1]
            assert int(event["time"].timestamp()) // 60 == MINUTE + n


def test_every_session_that_begins_ends(customer: Customer) -> None:
    hours = [event for n in range(120) for event in happenings(customer, MINUTE + n)]
    begun = {e["data"]["session_id"]: e for e in hours[: len(hours) // 2] if e["type"] == "session.started"}
    ended = {e["data"]["session_id"]: e for e in hours if e["type"] == "session.ended"}

    assert begun
    assert begun.keys() <= ended.keys()
    assert all(ended[session]["subject"] == event["subject"] for session, event in begun.items())


def test_who_starts_again_in_the_same_minute_sends_it_again(customer: Customer) -> None:
    def some(minute: int) -> Iterator[str]:
        for _, (_, event) in zip(range(20), live._due([customer], minute), strict=False):
            yield event["id"]

    first = list(some(MINUTE))
    assert list(some(MINUTE)) == first
    assert set(some(MINUTE + 1)) & set(first)


def test_nobody_waits_whose_parent_has_gone() -> None:
    assert live._wait_until(live.utc_now(), os.getppid())
    assert not live._wait_until(live.utc_now() + timedelta(hours=1), parent=-1)


def test_the_demo_can_be_left_as_it_was_loaded(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as log, running({"DEMO_LIVE": "0"}, log) as process:
        assert process is None


def test_it_ends_with_the_demo(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TOLLBOOK_RUN_DIR": str(tmp_path),
    }
    with (tmp_path / "log").open("ab") as log, running(environment, log) as process:
        assert process is not None
    assert process.poll() is not None
