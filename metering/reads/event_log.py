"""Single events as they were sent, and what was corrected about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from core.exact_json import exact_number
from core.lists import any_of
from metering.bodies import unpacked_body
from metering.errors import EventArchived, EventNotFound
from metering.events import REGISTRY
from metering.ingest.keys import event_uuid
from metering.models import Correction, Fact, FactBody, FactKey, Symbol
from metering.reads.archives import is_archived
from metering.reads.facts import symbols_of
from metering.reads.keyed import of_events, same_event
from tenants.actions.import_people import SUBJECT
from tenants.reads.identities import identity_keys, identity_of_key

__all__ = (
    "CorrectionView",
    "EventFilter",
    "EventView",
    "SeenEvent",
    "find_event",
    "list_events",
    "views_of",
    "was_accepted",
)


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A void or a replacement. The last one of an event is in force.

    `replacement` has `type`, `time` (an instant), `subject` and `data` as they were sent, without personal data
    in `data`.
    """

    id: UUID
    kind: str
    reason: str
    author: str
    recorded_at: datetime
    replacement: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as it was sent, without personal data in `data`, and its corrections, oldest first.

    `subject` and the person keys in `data` are the senders' keys for people: personal data.
    """

    event_key: UUID
    source: str
    id: str
    type: str
    time: datetime
    subject: str | None
    data: Any
    accepted_at: datetime
    corrections: tuple[CorrectionView, ...]

    @property
    def status(self) -> str:
        """What holds now: the `original`, its replacement (`replaced`), or nothing (`voided`)."""
        if not self.corrections:
            return "original"
        return "voided" if self.corrections[-1].kind == "void" else "replaced"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: times `[since, until)`, and exact values where given; after the cursor `(time, key)`."""

    since: datetime
    until: datetime
    type: str | None = None
    source: str | None = None
    subject: str | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


_Row: TypeAlias = Row[UUID, datetime, datetime, int, int, int, bytes]


class _Body(msgspec.Struct):
    id: str
    data: Any = None


_body = msgspec.json.Decoder(_Body, float_hook=exact_number)
_EVENT = (Fact.event_key, Fact.occurred_at, Fact.accepted_at, Fact.type_id, Fact.source_id, Fact.identity_id)


def find_event(session: Session, tenant_id: UUID, source: str, event_id: str, *, named: bool) -> EventView:
    """Return one event.

    Args:
        session: scoped to the tenant.
        tenant_id: whose event.
        source: as sent.
        event_id: as sent.
        named: show the senders' keys for people.

    Raises:
        EventNotFound: none was accepted under that source and id (`event_not_found`).
        EventArchived: it was accepted and lies in an archive (`event_archived`).
    """
    key = event_uuid(source, event_id)
    rows = session.execute(of_events(_query(tenant_id), Fact, tenant_id, [key])).all()
    if not rows:
        if is_archived(session, tenant_id, key):
            raise EventArchived
        raise EventNotFound(source, event_id)
    return _views(session, tenant_id, rows, named=named)[0]


def list_events(session: Session, tenant_id: UUID, wanted: EventFilter, *, named: bool) -> tuple[EventView, ...]:
    """Return events by (time, key), at most `wanted.limit`; see `find_event` for `named`."""
    return _views(session, tenant_id, session.execute(_page(session, tenant_id, wanted)).all(), named=named)


def _page(
    session: Session, tenant_id: UUID, wanted: EventFilter
) -> Select[UUID, datetime, datetime, int, int, int, bytes]:
    """Return the query of a page: the first of each type, of these the first of all, and only then their bodies.

    The index of facts begins with the type. Without the types' own limits all events of the range would be
    sorted for each page, and those of a year are millions.
    """
    since = wanted.since if wanted.after is None else max(wanted.since, wanted.after[0])
    types = _numbers(tenant_id, "type", wanted.type).subquery()
    of_type = select(Fact.tenant_id, *_EVENT).where(
        Fact.tenant_id == tenant_id,
        Fact.type_id == types.c.id,
        Fact.occurred_at >= since,
        Fact.occurred_at < wanted.until,
    )
    if wanted.source is not None:
        of_type = of_type.where(Fact.source_id.in_(_numbers(tenant_id, "source", wanted.source)))
    if wanted.subject is not None:
        of_type = of_type.where(Fact.identity_id == (identity_of_key(session, tenant_id, SUBJECT, wanted.subject) or 0))
    if wanted.after is not None:
        of_type = of_type.where(tuple_(Fact.occurred_at, Fact.event_key) > tuple_(*wanted.after))
    first = of_type.order_by(Fact.occurred_at, Fact.event_key).limit(wanted.limit).lateral()
    page = select(first).select_from(types.join(first, true()))
    page = page.order_by(first.c.occurred_at, first.c.event_key).limit(wanted.limit)
    found = aliased(Fact, page.subquery(), adapt_on_names=True)
    return (
        select(*(getattr(found, column.key) for column in _EVENT), FactBody.body)
        .outerjoin(FactBody, same_event(FactBody, found))
        .order_by(found.occurred_at, found.event_key)
    )


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event with what stands in its fact: whose it is, and the fields that meters know."""

    event: EventView
    identity_id: int
    attributes: Mapping[str, Any]


def views_of(session: Session, tenant_id: UUID, keys: Sequence[UUID], *, named: bool) -> tuple[SeenEvent, ...]:
    """Return the events of these keys, in their order; see `find_event` for `named`."""
    query = of_events(_query(tenant_id).add_columns(Fact.attributes), Fact, tenant_id, keys)
    rows = {row.event_key: row for row in session.execute(query)}
    ordered = [rows[key] for key in keys if key in rows]
    return tuple(
        SeenEvent(view, row.identity_id, row.attributes or {})
        for view, row in zip(_views(session, tenant_id, ordered, named=named), ordered, strict=True)
    )


def was_accepted(session: Session, tenant_id: UUID, event_key: UUID) -> bool:
    """Tell whether an event has come in, be its facts here or in an archive."""
    query = select(FactKey.event_key).where(FactKey.tenant_id == tenant_id, FactKey.event_key == event_key)
    return session.execute(query).first() is not None


def _query(tenant_id: UUID) -> Select[UUID, datetime, datetime, int, int, int, bytes]:
    return (
        select(*_EVENT, FactBody.body)
        .outerjoin(FactBody, same_event(FactBody, Fact))
        .where(Fact.tenant_id == tenant_id)
    )


def _numbers(tenant_id: UUID, kind: str, value: str | None) -> Select[int]:
    """Return the query of a type's or source's number, of all numbers for None: senders may make any number."""
    query = select(Symbol.id).where(Symbol.tenant_id == tenant_id, Symbol.kind == kind)
    return query if value is None else query.where(Symbol.value == value)


def _views(session: Session, tenant_id: UUID, rows: Sequence[_Row], *, named: bool) -> tuple[EventView, ...]:
    symbols = symbols_of(session, tenant_id, {number for row in rows for number in (row.type_id, row.source_id)})
    corrections = _corrections(session, tenant_id, [row.event_key for row in rows])
    instead = [one.replacement for ones in corrections.values() for one in ones if one.replacement is not None]
    bodies = [_body.decode(unpacked_body(row.body)) if row.body else _Body("") for row in rows]
    people: dict[int, str] = {}
    if named:
        told = [(symbols[row.type_id], body.data) for row, body in zip(rows, bodies, strict=True)]
        told += [(one["type"], one["data"]) for one in instead]
        mentioned = [value for name, data in told for _, value in _person_fields(name, data)]
        subjects = [*(row.identity_id for row in rows), *(one["identity_id"] for one in instead)]
        people = identity_keys(session, tenant_id, [*subjects, *mentioned])
    return tuple(
        _view(row, body, symbols, people, corrections.get(row.event_key, ()))
        for row, body in zip(rows, bodies, strict=True)
    )


def _view(
    row: _Row,
    body: _Body,
    symbols: dict[int, str],
    people: dict[int, str],
    corrections: tuple[CorrectionView, ...],
) -> EventView:
    name = symbols[row.type_id]
    return EventView(
        event_key=row.event_key,
        source=symbols[row.source_id],
        id=body.id,
        type=name,
        time=row.occurred_at,
        subject=people.get(row.identity_id),
        data=_named(name, body.data, people),
        accepted_at=row.accepted_at,
        corrections=tuple(_told(one, people) for one in corrections),
    )


def _told(correction: CorrectionView, people: dict[int, str]) -> CorrectionView:
    stored = correction.replacement
    if stored is None:
        return correction
    event = {
        "type": stored["type"],
        "time": datetime.fromisoformat(stored["time"]),
        "subject": people.get(stored["identity_id"]),
        "data": _named(stored["type"], stored["data"], people),
    }
    return replace(correction, replacement=event)


def _named(event_type: str, data: Any, people: dict[int, str]) -> Any:
    """Return data with the senders' keys for people in place of identities; None for those that are not shown."""
    for field, identity_id in _person_fields(event_type, data):
        data[field] = people.get(identity_id)
    return data


def _person_fields(event_type: str, data: Any) -> list[tuple[str, int]]:
    """Return the fields of data in which an identity stands for a person's key."""
    kind = REGISTRY.get(event_type)
    if kind is None or not isinstance(data, dict):
        return []
    return [(name, data[name]) for name in kind.person_keys if isinstance(data.get(name), int)]


def _corrections(session: Session, tenant_id: UUID, keys: Iterable[UUID]) -> dict[UUID, tuple[CorrectionView, ...]]:
    rows = session.execute(
        select(
            Correction.target_key, Correction.id, Correction.kind, Correction.reason, Correction.author,
            Correction.recorded_at, Correction.replacement,
        )
        .where(Correction.tenant_id == tenant_id, any_of(Correction.target_key, list(keys)))
        .order_by(Correction.recorded_at, Correction.id)
    )  # fmt: skip
    found: dict[UUID, tuple[CorrectionView, ...]] = {}
    for target_key, *columns in rows:
        found[target_key] = (*found.get(target_key, ()), CorrectionView(*columns))
    return found
