"""The JSON Schemas say what the validation does."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from metering.events import REGISTRY
from metering.events.json_schema import event_schema, schema_index
from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.validation import Rules, draft_event

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

MINIMAL: dict[str, dict[str, Any]] = {
    "session.started": {"session_id": "s"},
    "session.heartbeat": {"session_id": "s"},
    "session.ended": {"session_id": "s"},
    "membership.opened": {"community_id": "c"},
    "membership.closed": {"community_id": "c"},
    "activity.performed": {"verb": "viewed", "object_type": "page", "object_id": "o"},
    "contribution.created": {"kind": "post", "object_id": "o"},
    "contribution.accepted": {"object_id": "o", "contributor": "bob"},
    "seat.assigned": {"pool": "p"},
    "seat.released": {"pool": "p"},
    "course.enrolled": {"course_id": "c", "course_type": "wbt"},
    "course.launched": {"course_id": "c", "course_type": "wbt"},
    "course.completed": {"course_id": "c", "course_type": "wbt"},
    "course.cancelled": {"course_id": "c", "course_type": "wbt"},
    "class.attended": {"course_id": "c", "class_id": "k"},
    "class.missed": {"course_id": "c", "class_id": "k"},
    "course.purchased": {"course_id": "c", "amount": "1.00", "currency": "EUR"},
    "course.refunded": {"course_id": "c", "amount": "1.00", "currency": "EUR"},
    "person.updated": {},
    "person.deactivated": {},
    "person.reactivated": {},
}
"""The bold fields of the table of event types, by type: written down a second time on purpose."""


def event(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": "1", "source": "s", "type": kind, "time": "2026-11-24T10:00:00Z",
        "subject": "ann", "data": data,
    }  # fmt: skip


def taken(whole: dict[str, Any]) -> bool:
    try:
        draft_event(Raw(json.dumps(whole).encode()), 0, Rules(NOW))
    except FaultyEvent:
        return False
    return True


def test_every_type_of_the_table_is_known_and_no_other() -> None:
    assert set(REGISTRY) == set(MINIMAL)
    assert [item["type"] for item in schema_index()["items"]] == sorted(MINIMAL)


@pytest.mark.parametrize("kind", sorted(MINIMAL))
def test_the_required_fields_suffice_and_none_of_them_can_be_left_out(kind: str) -> None:
    schema = jsonschema_rs.validator_for(event_schema(REGISTRY[kind]))

    whole = event(kind, MINIMAL[kind])
    assert taken(whole)
    assert schema.is_valid(whole)
    for field in MINIMAL[kind]:
        lacking = event(kind, {name: value for name, value in MINIMAL[kind].items() if name != field})
        assert not taken(lacking)
        assert not schema.is_valid(lacking)


@pytest.mark.parametrize(("kind", "field"), [("class.attended", "minutes"), ("course.cancelled", "progress")])
@pytest.mark.parametrize(("value", "fits"), [(1, True), (0.5, True), ("0.5", True), (-1, False), (True, False)])
def test_decimals_are_numbers_or_strings_by_the_schema_too(kind: str, field: str, value: object, fits: bool) -> None:
    whole = event(kind, MINIMAL[kind] | {field: value})

    assert taken(whole) == jsonschema_rs.validator_for(event_schema(REGISTRY[kind])).is_valid(whole) == fits


values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 50_000), st.text("ab", max_size=3), st.just("wbt"), st.just("post")
)


@given(st.sampled_from(sorted(MINIMAL)), st.data())
def test_what_is_taken_is_valid_by_its_schema(kind: str, data: st.DataObject) -> None:
    schema = event_schema(REGISTRY[kind])
    names = sorted(schema["$defs"][schema["properties"]["data"]["$ref"].rsplit("/", 1)[1]]["properties"])
    changed = MINIMAL[kind] | data.draw(st.dictionaries(st.sampled_from(names), values, max_size=2))

    whole = event(kind, changed)

    if taken(whole):
        assert jsonschema_rs.validator_for(schema).is_valid(whole)
