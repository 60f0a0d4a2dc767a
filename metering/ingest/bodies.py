"""From a request's bytes to its media type and plain body, within hard limits (pure)."""

import codecs
import io
import zlib
from collections.abc import Mapping
from enum import Enum

import zstandard

from metering.errors import BodyMalformed, BodyTooLarge, ContentEncodingUnsupported, MediaTypeUnsupported

__all__ = ("MAX_BODY_BYTES", "Mode", "decoded_body", "explained", "mode_of")

MAX_BODY_BYTES = 10_000_000
"""The limit of a body, as it is sent and again after decompression."""

_ZSTD_WINDOW = 1 << 24
"""Frames that ask for more memory than this to be unpacked are refused: no honest body needs it."""


class Mode(Enum):
    """How a request carries its events."""

    SINGLE = "application/cloudevents+json"
    """One event in structured mode."""
    BATCH = "application/cloudevents-batch+json"
    """A JSON array of events."""
    PLAIN = "application/json"
    """One event or an array; `specversion` may be left out."""
    BINARY = "ce-*"
    """The attributes are headers, the body is `data`."""

    @property
    def version_required(self) -> bool:
        """Whether every event must say that it is CloudEvents 1.0."""
        return self is not Mode.PLAIN


def mode_of(headers: Mapping[str, str]) -> Mode:
    """Tell the mode by the headers (names in lower case).

    Raises:
        MediaTypeUnsupported: anything but JSON in UTF-8 (`media_type_unsupported`).
    """
    content_type = headers.get("content-type", "")
    media, _, parameters = content_type.lower().partition(";")
    media, charset = media.strip(), parameters.partition("charset=")[2].split(";")[0].strip().strip('"')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise MediaTypeUnsupported(content_type)
    if media in (Mode.SINGLE.value, Mode.BATCH.value):
        return Mode(media)
    if "ce-specversion" in headers or "ce-id" in headers or "ce-type" in headers:
        if media in ("", "application/json", "text/json") or media.endswith("+json"):
            return Mode.BINARY
        raise MediaTypeUnsupported(content_type)
    if media == Mode.PLAIN.value:
        return Mode.PLAIN
    raise MediaTypeUnsupported(content_type)


def decoded_body(raw: bytes, encoding: str) -> bytes:
    """Return the body without its content encoding, never unpacking more than the limit.

    Args:
        raw: the bytes as sent.
        encoding: the header Content-Encoding; '' for none.

    Raises:
        BodyTooLarge: over `MAX_BODY_BYTES`, before or after (`body_too_large`).
        BodyMalformed: the bytes are not of that encoding (`body_malformed`).
        ContentEncodingUnsupported: neither gzip nor zstd (`content_encoding_unsupported`).
    """
    if len(raw) > MAX_BODY_BYTES:
        raise BodyTooLarge(MAX_BODY_BYTES)
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return raw
    if name not in ("gzip", "x-gzip", "zstd"):
        raise ContentEncodingUnsupported(encoding)
    try:
        body = _from_zstd(raw) if name == "zstd" else _from_gzip(raw)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise BodyMalformed(
            f"The body is not valid {name}: {error}. Compress it so, whole, or leave Content-Encoding out."
        ) from error
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(MAX_BODY_BYTES)
    return body


def explained(error: BodyMalformed, raw: bytes, encoding: str) -> BodyMalformed:
    """Return why a body is no JSON, if its encoding is to blame: cut off, not named, or not UTF-8.

    Args:
        error: what JSON says of it.
        raw: the body as it was sent.
        encoding: the header Content-Encoding; '' for none.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        for kind, magic in (("gzip", b"\x1f\x8b"), ("zstd", b"\x28\xb5\x2f\xfd")):
            if raw.startswith(magic):
                return BodyMalformed(f"The body looks like {kind}. Say so with the header Content-Encoding: {kind}.")
    if name == "zstd" and _is_cut_off(raw):
        return BodyMalformed("The body ends before its zstd frame does. Nothing of it was taken; send it again.")
    text = decoded_body(raw, encoding)
    if not text.strip():
        return BodyMalformed("The body is empty. Send an event or an array of events, in JSON.")
    if text.startswith(codecs.BOM_UTF8):
        return BodyMalformed("The body begins with a byte-order mark. Send JSON in UTF-8 without a byte-order mark.")
    if text[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" in text[:2]:
        return BodyMalformed("The body looks like UTF-16. Send JSON in UTF-8.")
    return error


def _is_cut_off(raw: bytes) -> bool:
    """Tell whether a frame whose content is known to be within the limit lacks its end."""
    while raw:
        unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        unpacker.decompress(raw)
        if not unpacker.eof:
            return True
        raw = unpacker.unused_data
    return False


def _from_zstd(raw: bytes) -> bytes:
    """Unpack frames up to one byte over the limit. What a cut-off frame lacks, JSON will miss."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return unpacker.stream_reader(io.BytesIO(raw), read_across_frames=True).read(MAX_BODY_BYTES + 1)


def _from_gzip(raw: bytes) -> bytes:
    """Unpack all members up to one byte over the limit. A member that stops short is an error."""
    parts: list[bytes] = []
    room, rest = MAX_BODY_BYTES + 1, raw
    while rest and room > 0:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        part = unpacker.decompress(rest, room)
        parts.append(part)
        room -= len(part)
        if room > 0 and not unpacker.eof:
            raise EOFError("it ends before its last member does")
        rest = unpacker.unused_data
    return b"".join(parts)
