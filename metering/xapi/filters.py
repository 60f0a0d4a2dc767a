"""The parameters of GET /xapi/statements (pure)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from metering.errors import XapiRequestInvalid
from metering.xapi.actors import agent_key
from metering.xapi.marks import Kind
from metering.xapi.shapes import Faulty
from metering.xapi.statements import check_agent
from metering.xapi.values import is_iri, is_uuid, read_instant

__all__ = ("Position", "StatementQuery", "cursor_text", "read_query")

DEFAULT_LIMIT = 100
MAX_LIMIT = 500

Position = tuple[datetime, UUID]
"""Where a page ended: the last statement's `stored` and id."""


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """Either one statement, or all that every mark finds."""

    statement_id: UUID | None = None
    voided_statement_id: UUID | None = None
    marks: tuple[tuple[Kind, str], ...] = ()
    since: datetime | None = None
    """Exclusive, by `stored`."""
    until: datetime | None = None
    """Inclusive, by `stored`."""
    limit: int = DEFAULT_LIMIT
    format: str = "exact"
    attachments: bool = False
    ascending: bool = False
    after: Position | None = None


def _boolean(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise XapiRequestInvalid(f"The parameter {name} must be true or false, not '{value[:50]}'.")
    return value == "true"


def _uuid(name: str, value: str) -> UUID:
    if not is_uuid(value):
        raise XapiRequestInvalid(f"The parameter {name} must be a UUID, not '{value[:50]}'.")
    return UUID(value)


def _instant(name: str, value: str) -> datetime:
    # A '+' that was not percent-encoded arrives as a space.
    instant = read_instant(value.replace(" ", "+") if "T" in value else value, zone_required=False)
    if instant is None:
        raise XapiRequestInvalid(f"The parameter {name} must be a timestamp, not '{value[:50]}'.")
    return instant


def _iri(name: str, value: str) -> str:
    if not is_iri(value):
        raise XapiRequestInvalid(f"The parameter {name} must be an IRI with a scheme, not '{value[:100]}'.")
    return value


def _limit(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise XapiRequestInvalid(f"The parameter {name} must be a whole number, 0 or more, not '{value[:50]}'.")
    wanted = int(value[:9])
    return min(wanted, MAX_LIMIT) if wanted else DEFAULT_LIMIT


def _format(name: str, value: str) -> str:
    if value not in ("ids", "exact", "canonical"):
        raise XapiRequestInvalid(f"The parameter {name} must be ids, exact or canonical, not '{value[:50]}'.")
    return value


def _agent(name: str, value: str) -> str:
    try:
        agent: Any = msgspec.json.decode(value.encode())
        check_agent(agent, name)
    except (msgspec.DecodeError, UnicodeError, RecursionError, Faulty) as error:
        raise XapiRequestInvalid(f"The parameter {name} must be an agent as JSON: {error}") from None
    key = agent_key(agent)
    assert key is not None, "check_agent wants an identifier"
    return key


def _cursor(name: str, value: str) -> Position:
    try:
        stored, last = urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode().split(" ")
        instant = read_instant(stored, zone_required=True)
        if instant is not None:
            return instant, UUID(last)
    except ValueError:
        pass
    raise XapiRequestInvalid(f"The parameter {name} is not one that 'more' gave. Start again without it.")


_READERS: dict[str, Callable[[str, str], Any]] = {
    "statementId": _uuid, "voidedStatementId": _uuid, "agent": _agent, "verb": _iri, "activity": _iri,
    "registration": _uuid, "related_activities": _boolean, "related_agents": _boolean, "since": _instant,
    "until": _instant, "limit": _limit, "format": _format, "attachments": _boolean, "ascending": _boolean,
    "cursor": _cursor,
}  # fmt: skip


def read_query(parameters: Mapping[str, list[str]]) -> StatementQuery:
    """Return what is asked for.

    Args:
        parameters: of the query, each with its values.

    Raises:
        XapiRequestInvalid: unknown, repeated or unreadable, or some that exclude each other
            (`xapi_request_invalid`).
    """
    read: dict[str, Any] = {}
    for name, values in parameters.items():
        reader = _READERS.get(name)
        if reader is None:
            raise XapiRequestInvalid(f"There is no parameter '{name[:50]}'. Names are spelt exactly: {_names()}.")
        if len(values) > 1:
            raise XapiRequestInvalid(f"The parameter {name} is given {len(values)} times. Give it once.")
        read[name] = reader(name, values[0])
    single = [name for name in ("statementId", "voidedStatementId") if name in read]
    others = read.keys() - {*single, "attachments", "format"}
    if len(single) > 1 or (single and others):
        raise XapiRequestInvalid(f"{single[0]} goes together with 'attachments' and 'format' only.")
    return StatementQuery(
        statement_id=read.get("statementId"),
        voided_statement_id=read.get("voidedStatementId"),
        marks=_marks(read),
        since=read.get("since"),
        until=read.get("until"),
        limit=read.get("limit", DEFAULT_LIMIT),
        format=read.get("format", "exact"),
        attachments=read.get("attachments", False),
        ascending=read.get("ascending", False),
        after=read.get("cursor"),
    )


def _names() -> str:
    return ", ".join(name for name in _READERS if name != "cursor")


def _marks(read: Mapping[str, Any]) -> tuple[tuple[Kind, str], ...]:
    """Return the marks, the rarest kind first: it leads the search."""
    marks: list[tuple[Kind, str]] = []
    if "registration" in read:
        marks.append(("registration", str(read["registration"])))
    if "agent" in read:
        marks.append(("related_agent" if read.get("related_agents") else "agent", read["agent"]))
    if "activity" in read:
        marks.append(("related_activity" if read.get("related_activities") else "activity", read["activity"]))
    if "verb" in read:
        marks.append(("verb", read["verb"]))
    return tuple(marks)


def cursor_text(stored: str, last: UUID) -> str:
    """Return a page's end as `more` carries it; `stored` as the statement has it."""
    return urlsafe_b64encode(f"{stored} {last}".encode()).decode().rstrip("=")
