"""Archiving a month and restoring it changes nothing, whatever is in it and however often it is done."""

import contextlib
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.archive import Killed, Shelves, killed_at
from tests.builders.suite import Suite
from tests.builders.world import World

MONTH, NEXT = "2024-03", "2024-04"
numbers = count()

acts = st.one_of(
    st.tuples(st.just("activity.performed"), st.just({"verb": "viewed", "object_type": "page", "object_id": "p"})),
    st.tuples(st.just("contribution.created"), st.fixed_dictionaries({"kind": st.sampled_from(["post", "answer"]), "object_id": st.just("o")})),
    st.tuples(st.sampled_from(["session.started", "session.ended"]), st.fixed_dictionaries({"session_id": st.sampled_from(["s", "t"])})),
    st.tuples(st.just("seat.assigned"), st.just({"pool": "pro"})),
    st.tuples(st.just("seat.released"), st.just({"pool": "pro"})),
    st.tuples(st.just("course.enrolled"), st.just({"course_id": "c", "course_type": "wbt"})),
)  # fmt: skip
hours = st.integers(0, 24 * 40)
events = st.lists(st.tuples(acts, st.sampled_from(["ann", "bob"]), hours), min_size=1, max_size=12)
killed = st.lists(st.sampled_from(["begun", "copied", "named", "written", "slice", "archived"]), max_size=2)


@pytest.fixture
def new_suite(client: TestClient[Litestar], world: World) -> Callable[[], Suite]:
    return lambda: Suite(client, world, f"t-{next(numbers)}")


@given(events, killed, st.integers(0, 11))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_month_that_was_archived_and_came_back_is_what_it_was(
    new_suite: Callable[[], Suite], told: list[Any], steps: list[str], voided: int
) -> None:
    suite = new_suite()
    sent = []
    for (event_type, data), who, hour in told:
        day, of_day = divmod(hour, 24)
        at = f"2024-03-{day + 1:02} {of_day:02}:30" if day < 31 else f"2024-04-{day - 30:02} {of_day:02}:30"
        sent.append(suite.tell(event_type, who, at, **data))
    if voided < len(sent):
        suite.correct(sent[voided], "void")
    with tempfile.TemporaryDirectory() as folder:
        shelves = Shelves(suite, Path(folder))
        before, figures = shelves.rows(), shelves.figures(MONTH, NEXT)

        for step in steps:
            with contextlib.suppress(Killed):
                shelves.archive(MONTH, reached=killed_at(step))
            assert shelves.figures(MONTH, NEXT) == figures
        if shelves.statuses() != ["archived"]:
            shelves.archive(MONTH)
        assert shelves.figures(MONTH, NEXT) == figures
        assert shelves.rows()["keys"] == before["keys"]

        shelves.restore(MONTH)
        assert shelves.rows() == before
        assert shelves.figures(MONTH, NEXT) == figures
