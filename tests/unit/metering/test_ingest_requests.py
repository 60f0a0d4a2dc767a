"""How bodies become events, in every mode and encoding, and which bodies are refused."""

import gzip
import json

import pytest
import zstandard

from metering.errors import (
    BodyMalformed,
    BodyTooLarge,
    ContentEncodingUnsupported,
    MediaTypeUnsupported,
    TooManyEvents,
)
from metering.ingest.bodies import MAX_BODY_BYTES, Mode, decoded_body, explained, mode_of
from metering.ingest.cloudevents import split_body
from metering.ingest.validation import Rules, draft_event
from tests.builders.cloudevents import NOW, code_of, draft, event


@pytest.mark.parametrize(
    ("headers", "mode"),
    [
        ({"content-type": "application/cloudevents+json"}, Mode.SINGLE),
        ({"content-type": "application/cloudevents+json; charset=UTF-8"}, Mode.SINGLE),
        ({"content-type": "Application/CloudEvents-Batch+JSON"}, Mode.BATCH),
        ({"content-type": "application/json"}, Mode.PLAIN),
        ({"content-type": "application/json", "ce-id": "1", "ce-specversion": "1.0"}, Mode.BINARY),
        ({"content-type": "application/vnd.lms+json", "ce-type": "x"}, Mode.BINARY),
        ({"ce-id": "1"}, Mode.BINARY),
    ],
)
def test_the_headers_tell_the_mode(headers: dict[str, str], mode: Mode) -> None:
    assert mode_of(headers) is mode


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/cloudevents+xml"},
        {"content-type": "application/cloudevents+json; charset=utf-16"},
        {"content-type": "application/xml", "ce-id": "1"},
    ],
)
def test_anything_but_json_in_utf_8_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(MediaTypeUnsupported):
        mode_of(headers)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "zstd", "identity", ""])
def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(encoding: str) -> None:
    pack = {"gzip": gzip.compress, "x-gzip": gzip.compress, "zstd": zstandard.compress}.get(encoding, bytes)

    assert len(decoded_body(pack(b" " * MAX_BODY_BYTES), encoding)) == MAX_BODY_BYTES
    with pytest.raises(BodyTooLarge):
        decoded_body(pack(b" " * (MAX_BODY_BYTES + 1)), encoding)


def test_bodies_of_several_members_or_frames_are_joined() -> None:
    assert decoded_body(gzip.compress(b"[1,") + gzip.compress(b"2]"), "gzip") == b"[1,2]"
    assert decoded_body(zstandard.compress(b"[1,") + zstandard.compress(b"2]"), "zstd") == b"[1,2]"


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    # 1 GB of zeros is about 1 MB of gzip; unpacking stops after 10,000,001 bytes.
    bomb = gzip.compress(bytes(1 << 30), compresslevel=1)

    with pytest.raises(BodyTooLarge):
        decoded_body(bomb, "gzip")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_what_is_not_of_its_encoding_is_malformed(encoding: str) -> None:
    with pytest.raises(BodyMalformed):
        decoded_body(b"hello", encoding)


def test_a_gzip_body_that_stops_short_is_malformed() -> None:
    with pytest.raises(BodyMalformed):
        decoded_body(gzip.compress(b"[]" * 1000)[:-12], "gzip")


@pytest.mark.parametrize(
    ("raw", "encoding", "reason"),
    [
        (zstandard.compress(b'[{"a":1},' * 100)[:-9], "zstd", "ends before its zstd frame does"),
        (zstandard.compress(b"[1") + zstandard.compress(b",2]")[:-1], "zstd", "ends before its zstd frame does"),
        (zstandard.compress(b"["), "zstd", "is not JSON"),
        (gzip.compress(b"[1]"), "", "Content-Encoding: gzip"),
        (zstandard.compress(b"[1]"), "identity", "Content-Encoding: zstd"),
        (b"[", "", "is not JSON"),
        (b"\xef\xbb\xbf[]", "", "without a byte-order mark"),
        ("[]".encode("utf-16"), "", "UTF-16"),
        (gzip.compress("[]".encode("utf-16-le")), "gzip", "UTF-16"),
        (b"", "", "is empty"),
        (gzip.compress(b" "), "gzip", "is empty"),
    ],
    # Named: a gzip header holds the time, so that two workers would collect tests of other names.
    ids=[
        "zstd-cut",
        "second-frame-cut",
        "zstd-of-half-an-array",
        "gzip-unsaid",
        "zstd-unsaid",
        "half-an-array",
        "marked",
        "utf-16",
        "utf-16-unmarked",
        "empty",
        "blank",
    ],
)
def test_a_body_that_is_no_json_because_of_its_encoding_is_told_so(raw: bytes, encoding: str, reason: str) -> None:
    with pytest.raises(BodyMalformed) as caught:
        split_body(decoded_body(raw, encoding), Mode.PLAIN, {})

    assert reason in str(explained(caught.value, raw, encoding))


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ContentEncodingUnsupported):
        decoded_body(b"", "br")


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        (b"", Mode.PLAIN),
        (b"{", Mode.PLAIN),
        (b'{"a":1}x', Mode.PLAIN),
        (b"5", Mode.PLAIN),
        (b"[]", Mode.SINGLE),
        (b"{}", Mode.BATCH),
        (b"[1,]", Mode.BATCH),
        (b"nonsense", Mode.BINARY),
    ],
)
def test_a_body_that_is_not_the_json_of_its_mode_is_malformed(body: bytes, mode: Mode) -> None:
    with pytest.raises(BodyMalformed):
        split_body(body, mode, {})


def test_plain_json_takes_one_event_or_an_array() -> None:
    assert [bytes(raw) for raw in split_body(b' {"a":1} ', Mode.PLAIN, {})] == [b'{"a":1}']
    assert [bytes(raw) for raw in split_body(b'\n[{"a":1}, 2]', Mode.PLAIN, {})] == [b'{"a":1}', b"2"]


def test_ten_thousand_events_pass_and_one_more_does_not() -> None:
    assert len(split_body(b"[" + b"1," * 9_999 + b"1]", Mode.BATCH, {})) == 10_000
    with pytest.raises(TooManyEvents):
        split_body(b"[" + b"1," * 10_000 + b"1]", Mode.BATCH, {})


def test_in_binary_mode_attributes_are_percent_encoded_headers() -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "lms%20one",
        "ce-type": "session.ended",
        "ce-time": "2026-11-24T10:00:00Z",
        "ce-subject": "J%C3%BCrgen",
        "ce-traceparent": "ignored",
    }

    (raw,) = split_body(b'{"session_id": "s"}', Mode.BINARY, headers)

    made = draft_event(raw, 0, Rules(NOW))
    assert (made.source, made.subject, made.canonical) == ("lms one", "Jürgen", b'{"session_id":"s"}')


def test_one_event_that_is_too_deep_does_not_sink_its_batch() -> None:
    deep = b'{"id":"deep","data":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    good = json.dumps(event(id='quote " and ] bracket')).encode()

    first, second, third = split_body(b"[" + good + b" , " + deep + b"," + good + b"]", Mode.BATCH, {})

    assert draft(bytes(first)).id == draft(bytes(third)).id == 'quote " and ] bracket'
    assert code_of(bytes(second)) == "nesting_too_deep"


@pytest.mark.parametrize(
    "bad", [b'{"n":NaN}', b'{"n":-Infinity}', b'"a' + bytes([1]) + b'"', b'{"t":"' + bytes([255, 254]) + b'"}']
)
def test_one_event_that_is_no_json_does_not_sink_its_batch(bad: bytes) -> None:
    good = json.dumps(event()).encode()

    events = split_body(b" [ " + good + b" , " + bad + b" ," + good + b" ] ", Mode.BATCH, {})

    assert [bytes(raw) for raw in events] == [good, bad, good]
    assert code_of(bytes(events[1])) == "event_invalid"


@pytest.mark.parametrize("rest", [b"", b",", b"]x", b"}", b",]", b" 1]"])
def test_what_is_no_array_even_so_is_malformed(rest: bytes) -> None:
    with pytest.raises(BodyMalformed):
        split_body(b"[NaN" + rest, Mode.BATCH, {})


def test_a_huge_array_of_bad_numbers_is_given_up_early() -> None:
    with pytest.raises(TooManyEvents):
        split_body(b"[" + b"NaN," * 2_000_000 + b"1]", Mode.BATCH, {})


def test_a_deep_body_with_unbalanced_brackets_is_malformed() -> None:
    with pytest.raises(BodyMalformed):
        split_body(b"[" + b"[" * 50_000 + b"]" * 40_000 + b"]", Mode.BATCH, {})
