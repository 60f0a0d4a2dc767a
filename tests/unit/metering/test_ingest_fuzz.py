"""Whatever is sent, the answer is a refusal by name: never a fault of ours."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from core.errors import Refused
from metering.errors import EventFault
from metering.events import REGISTRY
from metering.ingest.bodies import Mode, decoded_body, mode_of
from metering.ingest.cloudevents import FaultyEvent, split_body
from metering.ingest.packing import Ids, Packer
from metering.ingest.validation import Rules, draft_event, draft_plain

RULES = Rules(datetime(2026, 11, 24, 12, tzinfo=UTC))

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(sorted(REGISTRY)),
    st.sampled_from(["wbt", "1.00", "EUR", "2026-11-24T10:00:00Z", "9999-12-31T23:59:59-23:59", "\0", "\ud800", "NaN", "1e999"]),
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
names = [
    "course_id", "course_type", "class_id", "class_starts_at", "minutes", "progress", "amount", "currency", "person",
    "tags", "audience", "cost_centre", "kind", "object_id", "object_owner", "contributor", "substitute", "session_id",
]  # fmt: skip
data = st.one_of(values, st.dictionaries(st.sampled_from(names), values))
sound = {
    "specversion": "1.0",
    "id": "1",
    "source": "s",
    "type": "custom",
    "time": "2026-11-24T10:00:00Z",
    "subject": "p",
}
events = st.one_of(
    values,
    st.dictionaries(st.sampled_from([*sound, "data", "data_base64", "other"]), values),
    st.builds(
        lambda kind, payload: sound | {"type": kind, "data": payload}, st.sampled_from([*REGISTRY, "custom"]), data
    ),
)


class Everybody(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 1


PACKER = Packer(UUID(int=1), RULES.now, Ids(Everybody(), Everybody(), Everybody()))


def attempt(call: Callable[[], Any]) -> Any:
    """Return what the call returns, or the refusal that it raises; anything else is a fault of ours."""
    try:
        return call()
    except (FaultyEvent, Refused) as refusal:
        return refusal


def take(raw: Raw) -> None:
    made = attempt(lambda: draft_event(raw, 0, RULES))
    if isinstance(made, FaultyEvent):
        assert made.code in EventFault
        assert made.detail
    else:
        PACKER.pack(made)


@settings(max_examples=200)
@given(events)
def test_any_json_is_taken_or_refused_by_name(event: Any) -> None:
    take(Raw(json.dumps(event).encode()))


@settings(max_examples=200)
@given(
    st.lists(st.one_of(st.just(sound | {"data": {"a": 1}}), events), min_size=1, max_size=4), st.sampled_from([None, 1])
)
def test_events_are_the_same_together_as_each_by_itself(several: list[Any], indent: int | None) -> None:
    raws = [Raw(json.dumps(one, indent=indent, separators=(",", ":")).encode()) for one in several]

    together = draft_plain(raws, 5, RULES)

    if together is not None:
        assert together == [draft_event(raw, index, RULES) for index, raw in enumerate(raws, 5)]


@settings(max_examples=200)
@given(
    st.binary(max_size=60),
    st.sampled_from(Mode),
    st.dictionaries(st.sampled_from(["ce-id", "ce-time", "ce-type"]), st.text(max_size=5)),
)
def test_any_bytes_are_taken_or_refused_by_name(body: bytes, mode: Mode, headers: dict[str, str]) -> None:
    found = attempt(lambda: split_body(body, mode, headers))

    if isinstance(found, Refused):
        assert found.status == 400
    else:
        for raw in found:
            take(raw)


@given(st.binary(max_size=200), st.sampled_from(["gzip", "zstd"]))
def test_any_bytes_of_any_encoding_are_refused_by_name(body: bytes, encoding: str) -> None:
    made = attempt(lambda: decoded_body(body, encoding))

    assert isinstance(made, bytes) or made.status in (400, 413)


@given(st.dictionaries(st.sampled_from(["content-type", "ce-id", "ce-type"]), st.text(max_size=30)))
def test_any_headers_have_a_mode_or_are_refused(headers: dict[str, str]) -> None:
    made = attempt(lambda: mode_of(headers))

    assert isinstance(made, Mode) or made.status == 415
