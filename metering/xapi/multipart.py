"""multipart/mixed as xAPI uses it: statements first, then attachments (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message

from metering.errors import StatementInvalid

__all__ = ("Part", "boundary_of", "compose", "split_parts")

_CRLF = b"\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One part; the names of its headers are in lower case."""

    headers: Mapping[str, str]
    content: bytes


def boundary_of(content_type: str) -> tuple[str, str]:
    """Return a Content-Type's media type in lower case and its boundary, '' where it names none."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary", "")
    return content_type.partition(";")[0].strip().lower(), boundary if isinstance(boundary, str) else ""


def split_parts(body: bytes, boundary: str) -> list[Part]:
    """Return the parts of a body, in its order.

    Raises:
        StatementInvalid: no boundary, or the body is not put together by it (`statement_invalid`).
    """
    if not boundary or len(boundary) > 70:
        raise StatementInvalid("Content-Type: multipart/mixed must name a 'boundary' of 1 to 70 characters.")
    delimiter = _CRLF + b"--" + boundary.encode()
    preamble, *pieces = (_CRLF + body).split(delimiter)
    if preamble.strip() or not pieces:
        raise StatementInvalid(f"The body must begin with its boundary, a line '--{boundary}'.")
    parts: list[Part] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            return parts
        line, end, rest = piece.partition(_CRLF)
        if line.strip() or not end:
            raise StatementInvalid("A boundary must stand in a line of its own, ended by CRLF.")
        parts.append(_part(rest))
    raise StatementInvalid(f"The body must end with the line '--{boundary}--'.")


def _part(text: bytes) -> Part:
    head, gap, content = (_CRLF + text).partition(_CRLF + _CRLF)
    if not gap:
        raise StatementInvalid("A part of the body has no empty line between its headers and its content.")
    headers = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name:
            headers[name.strip().lower()] = value.strip()
    return Part(headers, content)


def compose(parts: Sequence[Part], boundary: str) -> bytes:
    """Return a body of these parts."""
    body = bytearray()
    for part in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        body += b"--" + boundary.encode() + _CRLF + head.encode("latin-1", "replace") + _CRLF + part.content + _CRLF
    return bytes(body + b"--" + boundary.encode() + b"--" + _CRLF)
