"""CloudEvents 1.0 in JSON: a body into its events' raw bytes, one event's bytes into an envelope (pure).

Each event is decoded by itself, so that a bad one cannot sink the others.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Raw, Struct

from metering.errors import BodyMalformed, EventFault, TooManyEvents
from metering.events.registry import Fault
from metering.ingest.bodies import Mode

__all__ = ("MAX_EVENTS", "Envelope", "FaultyEvent", "read_envelope", "read_envelopes", "split_body")

MAX_EVENTS = 10_000
"""How many events one request may carry."""
MAX_ATTRIBUTE = 512
"""How many characters an id, a source, a type or a subject may have."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing that is metered happened before; a time of 0001-01-01 is a sender's default value."""

Attribute = Annotated[str, Meta(min_length=1, max_length=MAX_ATTRIBUTE)]


_PLACE = re.compile(
    r"(?P<name>data_base64|data|specversion|id|source|type|time|subject)(?P<path>[\w.\[\]]*)(?=[ :]|\Z)"
)
_STEP = re.compile(r"\w+")


class FaultyEvent(Exception):
    """One event cannot be taken; `code` is an `EventFault`, `event_id` what could be read of its id."""

    def __init__(self, fault: Fault, event_id: str | None) -> None:
        super().__init__(fault[1])
        self.code, self.detail = fault
        self.event_id = event_id

    @property
    def pointer(self) -> str:
        """Where in the event the fault is, as a JSON pointer; '' where it is no single field.

        Each sentence begins with the field that it is about: `data.person.class: …` is `/data/person/class`.
        """
        place = _PLACE.match(self.detail)
        return "" if place is None else "".join(f"/{step}" for step in [place["name"], *_STEP.findall(place["path"])])


class Envelope(Struct, gc=False):
    """The attributes of one event; the raw ones are not looked at yet. Extension attributes are dropped."""

    id: Attribute
    source: Attribute
    type: Attribute
    subject: Attribute
    time: Annotated[datetime, Meta(tz=True)]
    specversion: str | None = None
    data: Raw = Raw(b"")
    data_base64: str | None = None
    datacontenttype: Raw = Raw(b"")
    dataschema: Raw = Raw(b"")

    @property
    def names(self) -> int:
        """How many names it has, those inside its data and of extensions not counted."""
        return (
            5
            + (self.specversion is not None)
            + (len(self.data) > 0)
            + (self.data_base64 is not None)
            + (len(self.datacontenttype) > 0)
            + (len(self.dataschema) > 0)
        )


_ARRAY = msgspec.json.Decoder(list[Raw])
_RAW = msgspec.json.Decoder(Raw)
_ENVELOPE = msgspec.json.Decoder(Envelope)
_ENVELOPES = msgspec.json.Decoder(list[Envelope])


def split_body(body: bytes, mode: Mode, headers: Mapping[str, str]) -> list[Raw]:
    """Return the raw events of a body, in its order.

    Raises:
        BodyMalformed: the body is not JSON, or not the shape of its mode (`body_malformed`).
        TooManyEvents: over `MAX_EVENTS` (`too_many_events`).
    """
    first = body.lstrip(b" \t\r\n")[:1]
    try:
        if mode is Mode.BINARY:
            return [_from_headers(body if first else b"", headers)]
        if mode is not Mode.BATCH and first == b"{":
            return [_RAW.decode(body)]
        if mode is not Mode.SINGLE and first == b"[":
            events = _array(body)
        else:
            wanted = {Mode.SINGLE: "a JSON object", Mode.BATCH: "a JSON array of events"}
            raise BodyMalformed(f"The body must be {wanted.get(mode, 'an event or an array of events, in JSON')}.")
    except RecursionError:
        return [Raw(body)]  # one event, too deep: reading its envelope will say so
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyMalformed(
            f"The body is not JSON: {error}. Nothing of it was taken: send it whole, as RFC 8259 has it."
        ) from error
    if len(events) > MAX_EVENTS:
        raise TooManyEvents(len(events), MAX_EVENTS)
    return events


def _array(body: bytes) -> list[Raw]:
    try:
        return _ARRAY.decode(body)
    except RecursionError:
        return _split_deep(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        events = _split_lenient(body)
        if events is None:
            raise
        return events


_lenient = json.JSONDecoder(strict=False)
_GAP = re.compile(r"[ \t\r\n]*")


def _split_lenient(body: bytes) -> list[Raw] | None:
    """Split an array of which some events only Python would read (NaN, control characters in strings).

    So one sender's bad number does not keep the events beside it out. None where it is no array.
    """
    text = body.decode("utf-8", "surrogateescape")
    events: list[Raw] = []
    at = _GAP.match(text).end() + 1  # type: ignore[union-attr] # behind the bracket; it matches always
    try:
        while True:
            start = _GAP.match(text, at).end()  # type: ignore[union-attr]
            _, end = _lenient.raw_decode(text, start)
            events.append(Raw(text[start:end].encode("utf-8", "surrogateescape")))
            at = _GAP.match(text, end).end() + 1  # type: ignore[union-attr]
            if text[at - 1 : at] == "]":
                return None if text[at:].strip() else events
            if text[at - 1 : at] != ",":
                return None
            if len(events) > MAX_EVENTS:
                return events  # too many already, whatever follows
    except (ValueError, RecursionError):
        return None


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)


def _split_deep(body: bytes) -> list[Raw]:
    """Split an array that is too deep for the decoder, by counting brackets: only its deep events are bad."""
    events: list[Raw] = []
    depth, start = 0, 0
    for token in _TOKEN.finditer(body):
        mark = body[token.start()]
        if mark in b"[{":
            depth += 1
            start = token.end() if depth == 1 else start
        elif mark in b"]}":
            depth -= 1
        if (mark == 44 and depth == 1) or depth == 0:  # a comma between events, or the end of the array
            events.append(_shallow(body[start : token.start()]))
            start = token.end()
            if depth == 0:
                break
    if depth or body[start:].strip():
        raise BodyMalformed("The body is not JSON: its brackets do not match. Nothing of it was taken.")
    return events


def _shallow(raw: bytes) -> Raw:
    try:
        return _RAW.decode(raw)
    except RecursionError:
        return Raw(raw)


def _from_headers(body: bytes, headers: Mapping[str, str]) -> Raw:
    """Return the structured form of an event in binary mode (header values are percent-encoded)."""
    event: dict[str, Any] = {
        name[3:]: unquote(value)
        for name, value in headers.items()
        if name in ("ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-subject")
    }
    if body:
        try:
            event["data"] = _RAW.decode(body)
        except RecursionError:
            event["data"] = Raw(body)
    return Raw(msgspec.json.encode(event))


def read_envelope(raw: bytes, *, version_required: bool) -> Envelope:
    """Return one event's attributes.

    Raises:
        FaultyEvent: an attribute is missing or wrong; the first one found is named.
    """
    try:
        envelope = _ENVELOPE.decode(raw)
    except RecursionError:
        raise FaultyEvent(
            (EventFault.NESTING_TOO_DEEP, "The event is nested too deeply. Flatten its data."), None
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _diagnosis(raw, str(error)) from None
    if not speaks_1_0(envelope, version_required=version_required):
        raise FaultyEvent(
            (EventFault.SPECVERSION_UNSUPPORTED, "specversion must be '1.0'. Send CloudEvents 1.0."), envelope.id
        )
    if envelope.time < EARLIEST:
        raise FaultyEvent(
            (EventFault.TIME_INVALID, "time lies before 1970. Send the instant at which it happened."), envelope.id
        )
    if "\0" in envelope.id or "\0" in envelope.source or "\0" in envelope.type or "\0" in envelope.subject:
        detail = "id, source, type and subject must not contain the character U+0000."
        raise FaultyEvent((EventFault.ATTRIBUTE_INVALID, detail), None)
    return envelope


def speaks_1_0(envelope: Envelope, *, version_required: bool) -> bool:
    """Whether an event is of CloudEvents 1.0, or need not say."""
    return envelope.specversion == "1.0" or (envelope.specversion is None and not version_required)


def read_envelopes(array: bytes, *, version_required: bool) -> list[Envelope] | None:
    """Return the attributes of an array of events, None where one of them needs `read_envelope` by itself."""
    try:
        envelopes = _ENVELOPES.decode(array)
    except (RecursionError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    for envelope in envelopes:
        if envelope.time < EARLIEST or not speaks_1_0(envelope, version_required=version_required):
            return None
    return None if b"\0" in array or (b"\\" in array and b"\\u0000" in array) else envelopes


_MISSING = {
    "id": (EventFault.ID_MISSING, "id is missing. Give each event an id that is unique in its source."),
    "source": (EventFault.SOURCE_MISSING, "source is missing. Name the system that sends."),
    "type": (EventFault.TYPE_MISSING, "type is missing. The known types are listed at /schemas."),
    "time": (EventFault.TIME_MISSING, "time is missing. Send the instant at which it happened."),
    "subject": (EventFault.SUBJECT_MISSING, "subject is missing. Send the person's key at the sender."),
}


def _diagnosis(raw: bytes, error: str) -> FaultyEvent:
    """Find out what the fast decoder did not like: the slow path, for bad events only."""
    try:
        event = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return FaultyEvent((EventFault.EVENT_INVALID, f"The event is not valid JSON in UTF-8: {error}."), None)
    if not isinstance(event, dict):
        return FaultyEvent((EventFault.EVENT_INVALID, "An event is a JSON object."), None)
    event_id = event.get("id")
    known_id = event_id if isinstance(event_id, str) else None
    for name, fault in _MISSING.items():
        value = event.get(name)
        if value is None or value == "":
            return FaultyEvent(fault, known_id)
        if name != "time" and (not isinstance(value, str) or len(value) > MAX_ATTRIBUTE):
            detail = f"{name} must be a string of 1 to {MAX_ATTRIBUTE} characters."
            return FaultyEvent((EventFault.ATTRIBUTE_INVALID, detail), known_id and known_id[:MAX_ATTRIBUTE])
    if not _is_instant(event["time"]):
        detail = "time must be an RFC 3339 instant with an offset, for example 2026-11-24T09:30:00Z."
        return FaultyEvent((EventFault.TIME_INVALID, detail), known_id)
    return FaultyEvent((EventFault.EVENT_INVALID, f"The event is not a CloudEvent: {error}."), known_id)


def _is_instant(value: Any) -> bool:
    try:
        msgspec.convert(value, Annotated[datetime, Meta(tz=True)])
    except msgspec.ValidationError:
        return False
    return True
