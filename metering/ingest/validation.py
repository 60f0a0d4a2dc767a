"""One event's envelope and data into a draft that only lacks the database's ids (pure)."""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw, Struct

from core.exact_json import decode_exact, encode_exact_sorted
from core.json_faults import NameTwice, refuse_repeated_names
from metering.errors import EventFault
from metering.events import REGISTRY
from metering.events.data import EventData, PersonDetails
from metering.events.registry import EventType, Fault
from metering.ingest.cloudevents import Envelope, FaultyEvent, read_envelope, read_envelopes
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
    "draft_plain",
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
_encode = msgspec.json.Encoder().encode


def draft_event(raw: Raw, index: int, rules: Rules) -> Draft:
    """Validate one event.

    Raises:
        FaultyEvent: with the `EventFault` that it is refused for.
    """
    whole = bytes(raw)
    envelope = read_envelope(whole, version_required=rules.version_required)
    if envelope.time > rules.latest:
        detail = (
            f"time is more than five minutes ahead of the tenant's clock ({rules.now:%Y-%m-%dT%H:%M:%SZ})."
            " Send the instant at which it happened; is the sender's clock right?"
        )
        raise FaultyEvent((EventFault.TIME_IN_FUTURE, detail), envelope.id)
    try:
        content = _content(bytes(envelope.data))
        _refuse_repeated_names(whole, envelope.names + _names_in(content))
        _refuse_nul(whole, content)
        return _draft(envelope, index, content)
    except _DataFault as fault:
        raise FaultyEvent(fault.fault, envelope.id) from None


def draft_plain(raws: Sequence[Raw], first: int, rules: Rules) -> list[Draft] | None:
    """Validate events that stand together, all at once: what they have in common is looked at once.

    Args:
        raws: events, in the order of the request.
        first: the index of the first in it.
        rules: what holds for all of them.

    Returns:
        What `draft_event` makes of each; None where one of them is refused or needs a closer look.
    """
    array = b"".join((b"[", b",".join(raws), b"]"))
    envelopes = read_envelopes(array, version_required=rules.version_required)
    if envelopes is None or len(envelopes) != len(raws) or _has_gap_before_colon(array):
        return None
    # An object with a list or an object inside needs one bracket more, and a name more if anything is in it.
    flat = array.count(b"[") == 1 and array.count(b"{") <= 2 * len(raws)
    names, drafts, latest = 0, [], rules.latest
    try:
        for index, envelope in enumerate(envelopes, first):
            if envelope.time > latest:
                return None
            data = envelope.data
            content = decode_exact(data) if data else None
            names += envelope.names
            names += len(content) if flat and content.__class__ is dict else _names_in(content)
            drafts.append(_draft(envelope, index, content))
    except (_DataFault, RecursionError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return drafts if array.count(b'":') == names else None


class _DataFault(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _draft(envelope: Envelope, index: int, content: Any) -> Draft:
    """Return the draft of an event whose decoded data is sound JSON."""
    kind = REGISTRY.get(envelope.type)
    typed = _typed(envelope, kind, content)
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
        envelope.time if envelope.time.tzinfo is UTC else envelope.time.astimezone(UTC),
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
    """Decode the data."""
    if not raw:
        return None
    try:
        return decode_exact(raw)
    except (RecursionError, msgspec.DecodeError, UnicodeDecodeError) as error:
        if isinstance(error, RecursionError):
            raise _DataFault(_TOO_DEEP) from None
        detail = f"data cannot be read: {error}. Send JSON in UTF-8."
        raise _DataFault((EventFault.DATA_INVALID, detail)) from None


def _refuse_nul(whole: bytes, content: Any) -> None:
    # One character is found ten times as quickly as several.
    if b"\\" in whole and b"\\u0000" in whole and _has_nul(content):
        raise _DataFault((EventFault.DATA_INVALID, "data must not contain the character U+0000."))


_TOO_DEEP = (EventFault.NESTING_TOO_DEEP, f"data is nested more than {MAX_DEPTH} levels deep. Flatten it.")


def _refuse_repeated_names(whole: bytes, names: int) -> None:
    """Refuse an event one of whose objects has a name twice: decoders keep the last value and lose the other.

    Counting is enough for nearly all events. `":` ends each name (inside a string the quote would be
    escaped); what is counted otherwise, or has white space before a colon, is looked at closely.
    """
    if whole.count(b'":') == names and not _has_gap_before_colon(whole):
        return
    try:
        refuse_repeated_names(whole)
    except NameTwice as twice:
        raise _DataFault((EventFault.EVENT_INVALID, str(twice))) from None
    except (ValueError, RecursionError):
        return  # not for this look to judge


def _has_gap_before_colon(text: bytes) -> bool:
    """Tell whether white space stands before a colon, of a name or in a string."""
    return any(gap[:1] in text and gap in text for gap in (b" :", b"\t:", b"\n:", b"\r:"))


def _names_in(value: Any, depth: int = 1) -> int:
    """Return how many names the objects of a decoded value have; refuse one that is nested too deeply."""
    if value.__class__ is not dict and value.__class__ is not list:
        return 0
    if depth > MAX_DEPTH:
        raise _DataFault(_TOO_DEEP)
    count, children = (len(value), value.values()) if value.__class__ is dict else (0, value)
    for child in children:
        if child.__class__ is dict or child.__class__ is list:
            count += _names_in(child, depth + 1)
    return count


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _has_nul(child) for key, child in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


def _typed(envelope: Envelope, kind: EventType | None, content: Any) -> EventData | None:
    """Return the fields that meters know; of an unknown type the common ones, if its data is an object."""
    if envelope.data_base64 is not None:
        if kind is not None or envelope.data:
            raise _DataFault((EventFault.DATA_INVALID, "data_base64 is for unknown types only, and not beside data."))
        if not _is_base64(envelope.data_base64):
            raise _DataFault((EventFault.DATA_INVALID, _NO_BASE64))
        return None
    if kind is None and not isinstance(content, dict):
        return None
    try:
        typed = (kind or _COMMON).decoder.decode(b"{}" if content is None else envelope.data)
    except msgspec.ValidationError as error:
        raise _DataFault(_data_fault(str(error), kind)) from None
    fault = kind.fault(typed) if kind is not None and kind.fault is not None else None
    if fault is not None:
        raise _DataFault(fault)
    result: EventData = typed
    return result


_NO_BASE64 = (
    "data_base64 must be base64: A to Z, a to z, 0 to 9, + and /, filled up with = to a multiple of four (RFC 4648)."
    " Encode the bytes anew; data that is JSON or text belongs in data."
)


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


_ABSENT = re.compile(r"Object missing required field `(.+)`")
_PATH = re.compile(r" - at `\$\.?(.*)`$")


def _data_fault(error: str, kind: EventType | None) -> Fault:
    """Turn the decoder's message into a sentence that names the field."""
    path = _PATH.search(error)
    field, told = f"data.{path.group(1)}" if path and path.group(1) else "data", _PATH.sub("", error)
    schema = f" See /schemas/{kind.name}." if kind else ""
    if missing := _ABSENT.fullmatch(told):
        return EventFault.DATA_INVALID, f"{field}.{missing.group(1)} is missing.{schema}"
    return EventFault.DATA_INVALID, f"{field}: {told}.{schema}"


def _person_keys(typed: EventData | None, kind: EventType | None) -> tuple[tuple[str, str], ...]:
    if kind is None or not kind.person_keys:
        return ()
    return tuple((name, key) for name in kind.person_keys if (key := getattr(typed, name)) is not None)


def canonical_json(content: Any) -> bytes:
    """Return JSON with sorted keys and no white space; 1.0 and 1 are the same number, and each has all its digits."""
    text = encode_exact_sorted(content)
    return encode_exact_sorted(_with_whole_numbers(content)) if b".0" in text else text


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
