"""What an event must be to be accepted, and what is wrong with the ones that are refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Raw

from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.validation import Rules, draft_plain
from tests.builders.cloudevents import NOW, code_of, draft, event


def twice(name: str, before: str, **changes: Any) -> str:
    return json.dumps(event(**changes), separators=(",", ":")).replace(f'"{name}":', f'{before},"{name}":', 1)


@pytest.mark.parametrize(
    "whole",
    [
        twice("id", '"id":"e-0"'),
        twice("course_id", '"course_id":"c-0"'),
        twice("c", '"c" : 2', data={"a": {"b": [{"c": 1}]}}, type="custom"),
        twice("course_id", '"course_id"' + chr(9) + ':"c-0"'),
        twice("course_id", '"course_id"  :"c-0"'),
        twice("id", '"i' + chr(92) + 'u0064":"e-0"'),
        twice("traceparent", '"traceparent":"0"', traceparent="1"),
    ],
)
def test_a_name_that_stands_twice_in_an_object_is_refused_rather_than_half_lost(whole: str) -> None:
    assert code_of(whole.encode()) == "event_invalid"
    assert draft_plain([Raw(whole.encode())], 0, Rules(NOW)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"course_id": ":x", "course_type": "wbt", "url": 'https://a:1/":', "b": [{"a": 1}, {"a": 2}]}},
        {"datacontenttype": "application/json", "traceparent": "00", "sequence": 7},
    ],
)
def test_names_that_stand_once_in_each_object_are_no_repetition(changes: dict[str, Any]) -> None:
    assert draft(event(**changes)).id == "e-1"
    assert draft(json.dumps(event(**changes), indent=2, separators=(" ,", " : ")).encode()).id == "e-1"


@pytest.mark.parametrize(
    ("change", "plain"),
    [
        ({"datacontenttype": "application/json", "dataschema": None}, True),
        ({"data": {"course_id": "c-1", "course_type": "wbt", "tags": {"a": "b"}}}, True),
        ({"data": {"course_id": "c-1", "course_type": "other"}}, False),
        ({"data": {"course_id": "c-1", "course_type": "wbt", "x": "a" + chr(0)}}, False),
        ({"time": "2026-11-25T10:00:00Z"}, False),
        ({"specversion": "0.3"}, False),
    ],
)
def test_sound_events_are_drafted_together_and_one_that_is_not_has_them_looked_at_one_by_one(
    change: dict[str, Any], plain: bool
) -> None:
    raws = [Raw(json.dumps(event(id=str(n), **(change if n == 2 else {}))).encode()) for n in range(4)]

    drafts = draft_plain(raws, 10, Rules(NOW))

    assert (drafts is not None) is plain
    if drafts is not None:
        assert [(draft.id, draft.index) for draft in drafts] == [("0", 10), ("1", 11), ("2", 12), ("3", 13)]


def test_a_valid_event_becomes_a_draft_in_utc() -> None:
    made = draft(event())

    assert made.occurred_at == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert made.metered
    assert made.canonical == b'{"course_id":"c-1","course_type":"wbt"}'


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": ...}, "id_missing"),
        ({"id": ""}, "id_missing"),
        ({"id": None}, "id_missing"),
        ({"id": 5}, "attribute_invalid"),
        ({"id": "x" * 513}, "attribute_invalid"),
        ({"id": "x\0"}, "attribute_invalid"),
        ({"source": ...}, "source_missing"),
        ({"type": ...}, "type_missing"),
        ({"subject": ...}, "subject_missing"),
        ({"subject": {"a": 1}}, "attribute_invalid"),
        ({"time": ...}, "time_missing"),
        ({"time": "2026-11-24T10:00:00"}, "time_invalid"),
        ({"time": "2026-02-30T10:00:00Z"}, "time_invalid"),
        ({"time": "yesterday"}, "time_invalid"),
        ({"time": 1764000000}, "time_invalid"),
        ({"time": "0001-01-01T00:00:00+10:00"}, "time_invalid"),
        ({"time": "9999-12-31T23:59:59-10:00"}, "time_in_future"),
        ({"specversion": ...}, "specversion_unsupported"),
        ({"specversion": "0.3"}, "specversion_unsupported"),
        ({"data": ...}, "data_invalid"),
        ({"data": []}, "data_invalid"),
        ({"data": "text"}, "data_invalid"),
        ({"data": {"course_id": "c"}}, "data_invalid"),
        ({"data": {"course_id": "", "course_type": "wbt"}}, "data_invalid"),
        ({"data": {"course_id": "c", "course_type": "mooc"}}, "data_invalid"),
        ({"data": {"course_id": "c", "course_type": "wbt", "audience": "friends"}}, "data_invalid"),
        ({"data": {"course_id": "c", "course_type": "wbt", "person": {"class": "king"}}}, "data_invalid"),
        ({"data": {"course_id": "c", "course_type": "wbt", "tags": {"a": 1}}}, "data_invalid"),
        ({"data": {"course_id": "c", "course_type": "wbt", "class_starts_at": "2026-11-24"}}, "data_invalid"),
        ({"data": {"course_id": "c\0", "course_type": "wbt"}}, "data_invalid"),
        ({"data_base64": "eA=="}, "data_invalid"),
    ],
)
def test_a_bad_event_is_refused_with_its_code(changes: dict[str, Any], code: str) -> None:
    assert code_of(event(**changes)) == code


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        ("class.attended", {"minutes": -1}, "quantity_out_of_range"),
        ("class.attended", {"minutes": 44641}, "quantity_out_of_range"),
        ("class.attended", {"minutes": 1e300}, "quantity_out_of_range"),
        ("class.attended", {"minutes": "NaN"}, "data_invalid"),
        ("class.attended", {"minutes": True}, "data_invalid"),
        ("course.cancelled", {"course_type": "wbt", "progress": 1.01}, "quantity_out_of_range"),
        ("course.cancelled", {"course_type": "wbt", "progress": -0.5}, "quantity_out_of_range"),
        ("course.purchased", {"amount": "-5.00", "currency": "EUR"}, "quantity_out_of_range"),
        ("course.purchased", {"amount": "1234567890123", "currency": "EUR"}, "quantity_out_of_range"),
        ("course.purchased", {"amount": 12.3, "currency": "EUR"}, "data_invalid"),
        ("course.purchased", {"amount": "1e5", "currency": "EUR"}, "data_invalid"),
        ("course.purchased", {"amount": "5", "currency": "XXQ"}, "data_invalid"),
        ("course.refunded", {"amount": "5", "currency": "eur"}, "data_invalid"),
    ],
)
def test_absurd_quantities_are_refused(kind: str, data: dict[str, Any], code: str) -> None:
    base = {"course_id": "c", "class_id": "k"}
    assert code_of(event(type=kind, data=base | data)) == code


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("class.attended", {"minutes": 0}),
        ("class.attended", {"minutes": 44640}),
        ("class.attended", {"minutes": 45.5}),
        ("course.cancelled", {"course_type": "ilt", "progress": 1}),
        ("course.purchased", {"amount": "999999999999", "currency": "JPY"}),
        ("course.refunded", {"amount": "0.00", "currency": "KWD"}),
    ],
)
def test_quantities_at_their_limits_pass(kind: str, data: dict[str, Any]) -> None:
    assert draft(event(type=kind, data={"course_id": "c", "class_id": "k"} | data)).metered


def test_a_detail_names_the_field_and_the_schema() -> None:
    with pytest.raises(FaultyEvent, match=r"data\.course_type: .*'mooc'.* See /schemas/course\.launched\."):
        draft(event(data={"course_id": "c", "course_type": "mooc"}))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"data": {"course_type": "wbt"}}, "/data/course_id"),
        ({"data": ...}, "/data/course_id"),
        ({"data": {"course_id": "c", "course_type": "mooc"}}, "/data/course_type"),
        ({"data": {"course_id": "c", "course_type": "wbt", "person": {"class": "boss"}}}, "/data/person/class"),
        ({"data": {"course_id": "c", "course_type": "wbt", "tags": {"team": 5}}}, "/data/tags"),
        ({"data": []}, "/data"),
        ({"type": "class.attended", "data": {"course_id": "c", "class_id": "k", "minutes": -1}}, "/data/minutes"),
        ({"subject": ...}, "/subject"),
        ({"time": "soon"}, "/time"),
        ({"time": "2026-11-24T12:06:00Z"}, "/time"),
        ({"specversion": "0.3"}, "/specversion"),
        ({"type": "x", "data": ..., "data_base64": "%"}, "/data_base64"),
        ({"id": "a\0b"}, ""),  # one of four
    ],
)
def test_a_fault_leads_to_the_field(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(FaultyEvent) as refused:
        draft(event(**changes))

    assert refused.value.pointer == pointer


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(FaultyEvent, match=r"^data\.course_id is missing\. See /schemas/course\.launched\.$"):
        draft(event(data={"course_type": "wbt"}))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"5", "event_invalid"),
        (b'"text"', "event_invalid"),
        (b"null", "event_invalid"),
        (b'{"id":"\xff"}', "event_invalid"),
        (b'{"id":"\\ud800"}', "event_invalid"),
    ],
)
def test_what_is_no_event_at_all_is_refused_alone(raw: bytes, code: str) -> None:
    assert code_of(raw) == code


def test_time_may_be_five_minutes_ahead_of_the_tenants_clock_and_no_more() -> None:
    assert draft(event(time=(NOW + timedelta(minutes=5)).isoformat())).id == "e-1"
    assert code_of(event(time=(NOW + timedelta(minutes=5, microseconds=1)).isoformat())) == "time_in_future"


def test_plain_json_may_leave_the_version_out_but_not_state_another() -> None:
    assert draft(event(specversion=...), version_required=False).id == "e-1"
    with pytest.raises(FaultyEvent):
        draft(event(specversion="0.3"), version_required=False)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_data_may_be_thirty_two_levels_deep_and_no_more() -> None:
    # The object itself is the first level.
    assert draft(event(type="custom", data={"x": nested(31)})).id == "e-1"
    assert code_of(event(type="custom", data={"x": nested(32)})) == "nesting_too_deep"
    assert draft(event(type="custom", data={"wide": [[1]] * 100})).id == "e-1"


@pytest.mark.parametrize("data", [..., None, {"any": "thing"}, [1], "text", 5])
def test_an_unknown_type_is_kept_whatever_its_data(data: Any) -> None:
    assert not draft(event(type="coffee.brewed", data=data)).metered


def test_an_escaped_backslash_is_not_a_nul() -> None:
    made = draft(event(data={"course_id": "\\u0000", "course_type": "wbt"}))

    assert made.canonical == b'{"course_id":"\\\\u0000","course_type":"wbt"}'


def test_the_hash_tells_content_but_neither_order_nor_time_nor_spelling_of_numbers() -> None:
    one = draft(
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"p","time":"2026-11-24T10:00:00Z","data":{"a":1,"b":[1.0]}}'
    )
    same = draft(
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"p","time":"2026-11-24T11:00:00Z","data":{ "b":[1], "a":1.0}}'
    )
    other = draft(
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"p","time":"2026-11-24T10:00:00Z","data":{"a":1,"b":[2]}}'
    )

    assert one.content_hash == same.content_hash != other.content_hash
    assert (
        one.content_hash
        != draft(event(id="1", source="s", type="t", subject="q", data={"a": 1, "b": [1]})).content_hash
    )
    assert one.event_key == same.event_key == other.event_key


def test_integers_beyond_64_bits_are_kept_exactly() -> None:
    big = 10**30
    assert draft(event(type="custom", data={"n": big})).canonical == b'{"n":%d}' % big
