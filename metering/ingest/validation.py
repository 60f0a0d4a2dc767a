"""One event's envelope and data into a draft that only lacks the database's ids (pure)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw, Struct

from metering.errors import EventFault
from metering.events import REGISTRY
from metering.events.data import EventData, PersonDetails
from metering.events.registry import EventType, Fault
from metering.ingest.cloudevents import Envelope, FaultyEvent, read_envelope
from metering.ingest.keys import content_hash, event_key

__all__ = (
    "FUTURE_TOLERANCE",
    "MAX_DEPTH",
    "Draft",
    "Rules",
    "attributes_json",
    "body_json",
    "canonical_json",
    "draft_event",
    "stripped_data",
)

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far ahead of the tenant's clock a sender's clock may be."""
MAX_DEPTH = 32
"""How deep `data` may be nested."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all events of one request."""

    now: datetime
    version_required: bool = True
    latest: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "latest", self.now + FUTURE_TOLERANCE)


class Draft(Struct, gc=False):
    """A valid event on its way in.

    `canonical` is its data as canonical JSON, `typed` the fields that meters know, `person_keys` its
    persons besides the subject by field. `content` is the decoded data where the body must differ
    from it (personal data, person keys), else None.
    """

    index: int
    id: str
    source: str
    type: str
    subject: str
    occurred_at: datetime
    event_key: bytes
    content_hash: bytes
    canonical: bytes
    typed: EventData | None
    person: PersonDetails | None
    person_keys: tuple[tuple[str, str], ...]
    content: Any
    data_base64: str | None
    metered: bool


class _Body(Struct, gc=False, omit_defaults=True):
    """What is kept of an event: no subject, no personal data."""

    id: str
    source: str
    type: str
    time: datetime
    data: Raw
    data_base64: str | None = None


_COMMON = EventType("", EventData, "")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


def draft_event(raw: Raw, index: int, rules: Rules) -> Draft:
    """Validate one event.

    Raises:
        FaultyEvent: with the `EventFault` that it is refused for.
    """
    envelope = read_envelope(raw, version_required=rules.version_required)
    if envelope.time > rules.latest:
        detail = f"time is more than five minutes ahead of the tenant's clock ({rules.now:%Y-%m-%dT%H:%M:%SZ})."
        raise FaultyEvent((EventFault.TIME_IN_FUTURE, detail), envelope.id)
    try:
        return _draft(envelope, index, bytes(raw))
    except _DataFault as fault:
        raise FaultyEvent(fault.fault, envelope.id) from None


class _DataFault(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _draft(envelope: Envelope, index: int, whole: bytes) -> Draft:
    kind = REGISTRY.get(envelope.type)
    raw = bytes(envelope.data)
    content = _content(raw)
    _refuse_repeated_names(whole, envelope, content)
    typed = _typed(envelope, kind, raw, content)
    person = typed.person if typed is not None else None
    person_keys = _person_keys(typed, kind)
    canonical = canonical_json(content)
    hashed = canonical if envelope.data_base64 is None else canonical + envelope.data_base64.encode()
    return Draft(  # by place: names cost a microsecond here
        index,
        envelope.id,
        envelope.source,
        envelope.type,
        envelope.subject,
        envelope.time.astimezone(UTC),
        event_key(envelope.source, envelope.id),
        content_hash(envelope.type, envelope.subject, hashed),
        canonical,
        typed,
        person,
        person_keys,
        content if person is not None or person_keys else None,
        envelope.data_base64,
        kind is not None,
    )


def _content(raw: bytes) -> Any:
    """Decode the data and refuse what could not be stored or walked."""
    if not raw:
        return None
    try:
        content = _decode(raw)
    except (RecursionError, msgspec.DecodeError, UnicodeDecodeError) as error:
        if isinstance(error, RecursionError):
            raise _DataFault(_TOO_DEEP) from None
        raise _DataFault((EventFault.DATA_INVALID, f"data cannot be read: {error}.")) from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(content) > MAX_DEPTH:
        raise _DataFault(_TOO_DEEP)
    if b"\\u0000" in raw and _has_nul(content):
        raise _DataFault((EventFault.DATA_INVALID, "data must not contain the character U+0000."))
    return content


_TOO_DEEP = (EventFault.NESTING_TOO_DEEP, f"data is nested more than {MAX_DEPTH} levels deep. Flatten it.")


def _refuse_repeated_names(whole: bytes, envelope: Envelope, content: Any) -> None:
    """Refuse an event one of whose objects has a name twice: decoders keep the last value and lose the other.

    Counting is enough for nearly all events. `":` ends each name (inside a string the quote would be
    escaped); what is counted otherwise, or has a space before the colon, is looked at closely.
    """
    expected = 5 + (envelope.specversion is not None) + (envelope.data_base64 is not None) + bool(len(envelope.data))
    if whole.count(b'":') == expected + _names_in(content) and b'" :' not in whole:
        return
    try:
        json.loads(whole, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        return  # not for this look to judge


def _names_in(value: Any) -> int:
    """Return how many names the objects of a decoded value have."""
    if not isinstance(value, dict):
        return sum(map(_names_in, value)) if isinstance(value, list) else 0
    count = len(value)
    for child in value.values():
        if child.__class__ is dict or child.__class__ is list:
            count += _names_in(child)
    return count


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        detail = f"The name '{twice[:64]}' stands twice in one object. Send it once."
        raise _DataFault((EventFault.EVENT_INVALID, detail))


def _depth(value: Any) -> int:
    """Return how many containers enclose the innermost value; walks levels, not the call stack."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _has_nul(child) for key, child in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


def _typed(envelope: Envelope, kind: EventType | None, raw: bytes, content: Any) -> EventData | None:
    """Return the fields that meters know; of an unknown type the common ones, if its data is an object."""
    if envelope.data_base64 is not None:
        if kind is not None or raw:
            raise _DataFault((EventFault.DATA_INVALID, "data_base64 is for unknown types only, and not beside data."))
        return None
    if kind is None and not isinstance(content, dict):
        return None
    if content is None:
        raw = b"{}"
    try:
        typed = (kind or _COMMON).decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _DataFault(_data_fault(str(error), kind)) from None
    fault = kind.fault(typed) if kind is not None and kind.fault is not None else None
    if fault is not None:
        raise _DataFault(fault)
    result: EventData = typed
    return result


_PATH = re.compile(r" - at `\$\.?(.*)`$")


def _data_fault(error: str, kind: EventType | None) -> Fault:
    """Turn the decoder's message into a sentence that names the field."""
    path = _PATH.search(error)
    field = f"data.{path.group(1)}" if path and path.group(1) else "data"
    schema = f" See /schemas/{kind.name}." if kind else ""
    return EventFault.DATA_INVALID, f"{field}: {_PATH.sub('', error)}.{schema}"


def _person_keys(typed: EventData | None, kind: EventType | None) -> tuple[tuple[str, str], ...]:
    if kind is None or not kind.person_keys:
        return ()
    return tuple((name, key) for name in kind.person_keys if (key := getattr(typed, name)) is not None)


def canonical_json(content: Any) -> bytes:
    """Return JSON with sorted keys and no white space, in which 1.0 and 1 are the same number."""
    try:
        text = _encode_sorted(content)
        return _encode_sorted(_with_whole_numbers(content)) if b".0" in text else text
    except OverflowError:  # an integer beyond 64 bits, which the fast encoder does not write
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1 << 53 else value
    if isinstance(value, dict):
        return {key: _with_whole_numbers(child) for key, child in value.items()}
    return [_with_whole_numbers(child) for child in value] if isinstance(value, list) else value


def stripped_data(draft: Draft, identities: Mapping[str, int]) -> bytes:
    """Return the data as it is kept: no name, e-mail or external id; person keys as identity ids."""
    if draft.content is None:
        return draft.canonical
    data = dict(draft.content)
    if draft.person is not None:
        kept = {name: value for name, value in data["person"].items() if name in ("class", "audience")}
        data["person"] = kept
        if not kept:
            del data["person"]
    for name, key in draft.person_keys:
        data[name] = identities[key]
    return canonical_json(data)


def body_json(draft: Draft, identities: Mapping[str, int]) -> bytes:
    """Return the event as its body is kept (before compression)."""
    data = Raw(stripped_data(draft, identities))
    return _encode(_Body(draft.id, draft.source, draft.type, draft.occurred_at, data, draft.data_base64))


def attributes_json(draft: Draft, identities: Mapping[str, int]) -> bytes | None:
    """Return the typed fields as JSON, or None where there are none; person keys as identity ids."""
    typed = draft.typed
    if typed is None:
        return None
    typed.person = None
    if draft.person_keys:
        fields = msgspec.to_builtins(typed)
        for name, key in draft.person_keys:
            fields[name] = identities[key]
        return _encode(fields)
    text = _encode(typed)
    return None if text == b"{}" else text
