"""Mutated statements: refused or stored, never a fault."""

import copy
import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.errors import StatementInvalid
from metering.xapi.requests import read_statements
from metering.xapi.versions import Version
from tests.builders.xapi import Lrs, about_course

WHOLE = about_course(
    "launched",
    id="01890000-0000-4000-8000-00000000abcd",
    timestamp="2026-01-10T10:00:00Z",
    result={"score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10}, "success": True, "duration": "PT1H"},
    context={
        "registration": "01890000-0000-4000-8000-00000000beef",
        "instructor": {"objectType": "Group", "member": [{"mbox": "mailto:ben@example.org"}]},
        "contextActivities": {
            "parent": [{"id": "https://lms.example/course/1"}],
            "other": {"id": "https://x.example/1"},
        },
        "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/launchmode": "Normal"},
    },
)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20),
    st.sampled_from(["\0", "http://x", "mailto:a@b", "P1Y", "9999-12-31T23:59:59.999999-23:59", "9" * 40, 10**400, [], {}, [[]]]),
    st.dictionaries(st.text(max_size=5), st.none(), max_size=2),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in items for place in ((*path, key), *places(child, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    whole = copy.deepcopy(WHOLE)
    for _ in range(draw(st.integers(1, 3))):
        found = places(whole)
        place = draw(st.sampled_from(found)) if found else ()
        if not place:
            break
        parent = whole
        for step in place[:-1]:
            parent = parent[step]
        kind = draw(st.sampled_from(["replace", "delete", "rename", "wrap"]))
        last = place[-1]
        if kind == "replace":
            parent[last] = draw(ODD)
        elif kind == "delete":
            del parent[last]
        elif kind == "wrap":
            parent[last] = [parent[last]]
        elif isinstance(parent, dict):
            parent[draw(st.text(max_size=8))] = parent.pop(last)
    return whole


@settings(max_examples=150, deadline=None)
@given(mutated(), st.sampled_from(list(Version)))
def test_reading_refuses_or_takes(whole: Any, version: Version) -> None:
    try:
        (found,) = read_statements(json.dumps(whole).encode(), "application/json", version)
    except StatementInvalid:
        return
    assert found.value["verb"]["id"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated())
def test_the_door_never_answers_with_a_fault(lrs: Lrs, whole: Any) -> None:
    answer = lrs.post(whole)

    assert answer.status_code in (200, 400, 409), answer.text
    if answer.status_code == 200:
        assert lrs.get(statementId=answer.json()[0]).status_code == 200
        assert lrs.get(limit=5, format="canonical").status_code == 200


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(["application/json", "multipart/mixed; boundary=abc", "", "x/y; boundary="]),
)
def test_any_bytes_are_refused_or_taken(body: bytes, content_type: str) -> None:
    with suppress(StatementInvalid):
        assert read_statements(body, content_type, Version.ONE)
