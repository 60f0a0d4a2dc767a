"""A request's body into valid statements and their attachments (pure)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from core.exact_json import exact_number
from core.ids import new_id
from core.json_faults import NameTwice, refuse_repeated_names
from metering.errors import StatementInvalid
from metering.ingest.validation import MAX_DEPTH
from metering.xapi.multipart import Part, boundary_of, split_parts
from metering.xapi.shapes import Faulty
from metering.xapi.signatures import check_signatures
from metering.xapi.statements import check_statement
from metering.xapi.versions import Version

__all__ = ("MAX_STATEMENTS", "Content", "Incoming", "read_one", "read_statements")

MAX_STATEMENTS = 10_000
_SHA2 = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_ARRAY = msgspec.json.Decoder(list[Raw])
_RAW = msgspec.json.Decoder(Raw)
_EXACT = msgspec.json.Decoder(float_hook=exact_number)


@dataclass(frozen=True, slots=True)
class Content:
    """An attachment's bytes; `sha2` in lower case."""

    sha2: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A valid statement: its bytes as received, what they say, and the contents sent with it."""

    id: UUID
    raw: bytes
    value: dict[str, Any]
    contents: tuple[Content, ...] = ()


def read_statements(body: bytes, content_type: str, version: Version) -> list[Incoming]:
    """Return the statements of a POST, in its order; those without an id are given one.

    Raises:
        StatementInvalid: the first fault that was found; all of the request is refused (`statement_invalid`).
    """
    text, parts = _split(body, content_type)
    batch = text.lstrip(b" \t\r\n")[:1] == b"["
    raws = _decoded(_ARRAY if batch else _RAW, text)
    found = _read(raws if batch else [raws], parts, version, "[{}]" if batch else "")
    return [Incoming(_id_of(value) or new_id(), raw, value, contents) for raw, value, contents in found]


def read_one(body: bytes, content_type: str, version: Version, statement_id: UUID) -> Incoming:
    """Return the statement of a PUT, which takes the id of the request.

    Raises:
        StatementInvalid: it is not valid, or has another id (`statement_invalid`).
    """
    text, parts = _split(body, content_type)
    ((raw, value, contents),) = _read([_decoded(_RAW, text)], parts, version, "")
    if _id_of(value) not in (None, statement_id):
        raise StatementInvalid("id must be the same as the parameter statementId.")
    return Incoming(statement_id, raw, value, contents)


def _id_of(value: Mapping[str, Any]) -> UUID | None:
    return UUID(value["id"]) if "id" in value else None


def _split(body: bytes, content_type: str) -> tuple[bytes, list[Part] | None]:
    """Return the JSON of a request, and its other parts where it is multipart."""
    media, boundary = boundary_of(content_type)
    if media == "application/json":
        return body, None
    if media != "multipart/mixed":
        raise StatementInvalid(
            f"Content-Type must be application/json or multipart/mixed, not '{content_type[:100] or 'absent'}'."
        )
    first, *others = split_parts(body, boundary) or [Part({}, b"")]
    if boundary_of(first.headers.get("content-type", ""))[0] != "application/json":
        raise StatementInvalid("The first part of multipart/mixed must be the statements, as application/json.")
    return first.content, others


def _decoded(decoder: Any, text: bytes) -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StatementInvalid(f"The body is not JSON in UTF-8: {error}.") from None


def _read(
    raws: Sequence[Raw], parts: Sequence[Part] | None, version: Version, path: str
) -> list[tuple[bytes, dict[str, Any], tuple[Content, ...]]]:
    if not raws:
        raise StatementInvalid("The body has no statement.")
    if len(raws) > MAX_STATEMENTS:
        raise StatementInvalid(f"The body has {len(raws):,} statements; at most {MAX_STATEMENTS:,} are taken at once.")
    sent = _contents(parts or ())
    found, seen, used = [], set[str](), set[str]()
    for index, raw in enumerate(raws):
        where = path.format(index)
        value = _value(bytes(raw), where)
        try:
            check_statement(value, version, where)
            contents = _attached(value, sent, where)
            check_signatures(value, {content.sha2: content.content for content in contents}, version, where)
        except Faulty as fault:
            raise StatementInvalid(str(fault)) from None
        statement_id = value.get("id", "").lower()
        if statement_id and statement_id in seen:
            raise StatementInvalid(f"Two statements of the body have the id {statement_id}.")
        seen.add(statement_id)
        used |= {content.sha2 for content in contents}
        found.append((bytes(raw), value, contents))
    if superfluous := sent.keys() - used:
        raise StatementInvalid(f"The part with the hash {min(superfluous)} is no statement's attachment.")
    return found


def _value(raw: bytes, where: str) -> Any:
    value = _decoded(_EXACT, raw)
    try:
        refuse_repeated_names(raw)
    except NameTwice as twice:
        raise StatementInvalid(f"{where or 'The statement'}: {twice}") from None
    except (ValueError, RecursionError):
        pass  # the look at its depth says so
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _too_deep(value):
        raise StatementInvalid(f"{where or 'The statement'} is nested more than {MAX_DEPTH} levels deep.")
    return value


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)
                 if isinstance(child, dict | list)]  # fmt: skip
    return bool(level)


def _contents(parts: Sequence[Part]) -> dict[str, Content]:
    found = {}
    for part in parts:
        if part.headers.get("content-transfer-encoding", "").lower() != "binary":
            raise StatementInvalid("Each part with an attachment must have Content-Transfer-Encoding: binary.")
        sha2 = part.headers.get("x-experience-api-hash", "").lower()
        if len(sha2) not in _SHA2:
            raise StatementInvalid("Each part with an attachment must have its SHA-2 in X-Experience-API-Hash.")
        if hashlib.new(_SHA2[len(sha2)], part.content).hexdigest() != sha2:
            raise StatementInvalid(f"The content of the part with the hash {sha2} has another SHA-2.")
        found[sha2] = Content(sha2, part.headers.get("content-type", "application/octet-stream"), part.content)
    return found


def _attached(statement: Mapping[str, Any], sent: Mapping[str, Content], where: str) -> tuple[Content, ...]:
    """Return the contents of a statement's attachments: each is sent along, or has a fileUrl."""
    contents = {}
    for index, attachment in enumerate(statement.get("attachments", ())):
        content = sent.get(attachment["sha2"].lower())
        if content is not None:
            contents[content.sha2] = content
        elif "fileUrl" not in attachment:
            raise Faulty(f"{where}.attachments[{index}]".lstrip("."), "is not sent along and has no fileUrl.")
    return tuple(contents.values())
