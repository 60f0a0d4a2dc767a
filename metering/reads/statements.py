"""xAPI statements out of the database: one, a page of many, what of them is not metered."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from core.exact_json import decode_exact
from core.lists import any_of
from metering.errors import StatementNotFound
from metering.models import (
    FactKey,
    XapiActorKey,
    XapiAttachment,
    XapiDirectory,
    XapiMark,
    XapiRule,
    XapiStatement,
    XapiStream,
)
from metering.xapi.actors import mark
from metering.xapi.content import completed
from metering.xapi.filters import StatementQuery
from metering.xapi.mapping import TenantMapping
from metering.xapi.mentions import sealers_named, shown
from metering.xapi.requests import Content
from metering.xapi.rules import MappingRule
from metering.xapi.sealing import Unreadable, Vault
from metering.xapi.statements import VOIDED

__all__ = (
    "LONGEST_WRITE",
    "StatementPage",
    "StatementView",
    "UnmeteredView",
    "actor_keys",
    "attachments_of",
    "consistent_through",
    "find_statement",
    "list_statements",
    "tenant_mapping",
    "unmetered_page",
    "unmetered_statements",
)

LONGEST_WRITE = timedelta(seconds=60)
"""Longer no transaction of the hot lane lives: what was stored before that is there to be read."""


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement as it is given out, and when it was stored."""

    id: UUID
    stored_at: datetime
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Statements in the order asked for; `last` is where the page ends if there may be more."""

    items: tuple[StatementView, ...]
    last: tuple[datetime, UUID] | None


@dataclass(frozen=True, slots=True)
class UnmeteredView:
    """Statements of one kind that make no fact, and why."""

    verb: str
    activity_type: str
    reason: str
    statements: int
    last_stored_at: datetime


def _statements(tenant_id: UUID) -> Select[Any]:
    key = (XapiActorKey.tenant_id == XapiStatement.tenant_id) & (XapiActorKey.actor == XapiStatement.actor)
    return (
        select(
            XapiStatement.id, XapiStatement.stored_at, XapiStatement.version, XapiStatement.authority,
            XapiStatement.actor, XapiStatement.sealed, XapiActorKey.wrapped,
        )
        .join(XapiActorKey, key)  # who was forgotten has none
        .where(XapiStatement.tenant_id == tenant_id)
    )  # fmt: skip


def _is_voided(statement: Any) -> Any:
    """Return the condition that a voiding statement names it; a voiding one is never voided itself."""
    voiding = aliased(XapiStatement)
    named = exists().where(voiding.tenant_id == statement.tenant_id, voiding.voids == statement.id)
    return (statement.verb != VOIDED) & named


def find_statement(
    session: Session, tenant_id: UUID, statement_id: UUID, vault: Vault, *, voided: bool
) -> StatementView:
    """Return one statement: one that holds, or one that is voided.

    Raises:
        StatementNotFound: there is none of this id and state (`statement_not_found`).
    """
    condition = _is_voided(XapiStatement)
    query = _statements(tenant_id).where(XapiStatement.id == statement_id, condition if voided else ~condition)
    row = session.execute(query).one_or_none()
    view = _opened(session, tenant_id, [row] if row is not None else [], vault)
    if not view:
        raise StatementNotFound(statement_id)
    return view[0]


def list_statements(session: Session, tenant_id: UUID, wanted: StatementQuery, vault: Vault) -> StatementPage:
    """Return a page of the statements that all marks find, voided ones left out."""
    query = _statements(tenant_id).where(~_is_voided(XapiStatement))
    stored, last_id = XapiStatement.stored_at, XapiStatement.id
    for index, (kind, value) in enumerate(wanted.marks):
        found = aliased(XapiMark)
        query = query.join(
            found,
            (found.tenant_id == XapiStatement.tenant_id)
            & (found.statement_id == XapiStatement.id)
            & (found.stored_at == XapiStatement.stored_at),
        )
        query = query.where(found.mark == mark(tenant_id, kind, value))
        if index == 0:  # its primary key is in the order of the page
            stored, last_id = found.stored_at, found.statement_id
    if wanted.since is not None:
        query = query.where(stored > wanted.since)
    if wanted.until is not None:
        query = query.where(stored <= wanted.until)
    if wanted.after is not None:
        here, there = tuple_(stored, last_id), tuple_(*wanted.after)
        query = query.where(here > there if wanted.ascending else here < there)
    order = (stored, last_id) if wanted.ascending else (stored.desc(), last_id.desc())
    rows = session.execute(query.order_by(*order).limit(wanted.limit + 1)).all()
    page = rows[: wanted.limit]
    last = (page[-1].stored_at, page[-1].id) if len(rows) > wanted.limit else None
    return StatementPage(tuple(_opened(session, tenant_id, page, vault)), last)


def _opened(session: Session, tenant_id: UUID, rows: Sequence[Row[Any]], vault: Vault) -> list[StatementView]:
    originals = []
    for row in rows:
        try:
            open_sealed = vault.opener(row.wrapped, tenant_id.bytes + row.actor.bytes)
            raw = open_sealed(row.sealed, tenant_id.bytes + row.id.bytes)
        except Unreadable:
            # The person was forgotten, and came back under a new key.
            continue
        originals.append((row, decode_exact(raw)))
    wanted = frozenset[UUID]().union(*(sealers_named(value) for _, value in originals))
    people = _People(session, tenant_id, wanted, vault)
    return [
        StatementView(row.id, row.stored_at, completed(
            shown(value, people.opener_of(row.id)),
            stored=row.stored_at, statement_id=str(row.id), version=row.version, authority=row.authority,
        ))
        for row, value in originals
    ]  # fmt: skip


class _People:
    """What opens what stands under people's keys, for as long as they have one."""

    def __init__(self, session: Session, tenant_id: UUID, names: Collection[UUID], vault: Vault) -> None:
        self._tenant_id = tenant_id
        self._openers: dict[UUID, Callable[[bytes, bytes], bytes]] = {}
        query = select(XapiActorKey.actor, XapiActorKey.wrapped).where(XapiActorKey.tenant_id == tenant_id)
        for name, wrapped in session.execute(query.where(any_of(XapiActorKey.actor, names))) if names else ():
            with suppress(Unreadable):
                self._openers[name] = vault.opener(wrapped, tenant_id.bytes + name.bytes)

    def opener_of(self, statement_id: UUID) -> Callable[[UUID, bytes], bytes | None]:
        """Return what opens the tokens of a statement."""
        bound = self._tenant_id.bytes + statement_id.bytes
        return lambda name, sealed: self.opened(name, sealed, bound + name.bytes)

    def opened(self, name: UUID, sealed: bytes, bound: bytes) -> bytes | None:
        """Return what was sealed under a person's key; None where they were forgotten (and came back)."""
        opener = self._openers.get(name)
        try:
            return None if opener is None else opener(sealed, bound)
        except Unreadable:
            return None


def attachments_of(session: Session, tenant_id: UUID, ids: Sequence[UUID], vault: Vault) -> list[Content]:
    """Return the contents that were sent along with these statements and can still be read, each SHA-2 once."""
    same = (XapiStatement.tenant_id == XapiAttachment.tenant_id) & (XapiStatement.id == XapiAttachment.statement_id)
    query = (
        select(
            XapiAttachment.statement_id, XapiAttachment.sha2, XapiAttachment.content_type, XapiAttachment.sealed,
            XapiAttachment.also_by, XapiStatement.actor,
        )
        .join(XapiStatement, same)
        .where(XapiAttachment.tenant_id == tenant_id, any_of(XapiAttachment.statement_id, ids))
        .order_by(XapiAttachment.sha2)
    )  # fmt: skip
    rows = session.execute(query).all()
    people = _People(session, tenant_id, {one for row in rows for one in (row.actor, *row.also_by)}, vault)
    found: dict[str, Content] = {}
    for row in rows:
        bound = tenant_id.bytes + row.statement_id.bytes + row.sha2.encode()
        content: bytes | None = row.sealed
        for one in (row.actor, *reversed(row.also_by)):
            content = people.opened(one, content, bound) if content is not None else None
        if content is not None:
            found[row.sha2] = Content(row.sha2, row.content_type, content)
    return list(found.values())


def actor_keys(session: Session, tenant_id: UUID, after: UUID | None, limit: int) -> list[tuple[UUID, bytes]]:
    """Return people's wrapped keys in the order of their names, those after one only."""
    query = select(XapiActorKey.actor, XapiActorKey.wrapped).where(XapiActorKey.tenant_id == tenant_id)
    if after is not None:
        query = query.where(XapiActorKey.actor > after)
    return [
        (actor, bytes(wrapped)) for actor, wrapped in session.execute(query.order_by(XapiActorKey.actor).limit(limit))
    ]


def consistent_through(session: Session, tenant_id: UUID) -> datetime:
    """Return an instant up to which every statement stored is there to be read.

    One request of a tenant after another stores, by the clock as it is when its turn comes. So where
    nobody has the turn, that is now; else what was stored last, or what no transaction outlives.

    Args:
        session: scoped to the tenant, in a transaction that ends at once: it holds writers up.
        tenant_id: whose statements.
    """
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    query = select(XapiStream.last_stored_at).where(XapiStream.tenant_id == tenant_id)
    if session.execute(query.with_for_update(read=True, skip_locked=True)).first() is not None:
        return now
    last = session.execute(query).scalar()
    return max(last, now - LONGEST_WRITE) if last is not None else now - LONGEST_WRITE


def tenant_mapping(session: Session, tenant_id: UUID) -> TenantMapping:
    """Return what the tenant added to the built-in mapping."""
    rules = session.execute(
        select(XapiRule.verb, XapiRule.activity_type, XapiRule.event_type, XapiRule.data)
        .where(XapiRule.tenant_id == tenant_id)
        .order_by(XapiRule.verb, XapiRule.activity_type)
    )
    pages = session.execute(select(XapiDirectory.home_page).where(XapiDirectory.tenant_id == tenant_id)).scalars()
    return TenantMapping(tuple(MappingRule(*row) for row in rules), frozenset(pages))


def unmetered_page(
    session: Session, tenant_id: UUID, after: datetime | None, limit: int, vault: Vault
) -> tuple[list[StatementView], datetime | None]:
    """Return statements that made no fact, in the order they were stored, and where the page ends.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        after: the end of the page before, exclusive; None to begin.
        limit: of statements that are looked at; what cannot be read any more is left out.
        vault: opens the originals.
    """
    metered = exists().where(FactKey.tenant_id == tenant_id, FactKey.event_key == XapiStatement.event_key)
    query = _statements(tenant_id).where(XapiStatement.unmetered != "voiding", ~metered)
    if after is not None:
        query = query.where(XapiStatement.stored_at > after)
    rows = session.execute(query.order_by(XapiStatement.stored_at).limit(limit)).all()
    return _opened(session, tenant_id, rows, vault), rows[-1].stored_at if len(rows) == limit else None


def unmetered_statements(session: Session, tenant_id: UUID, limit: int) -> list[UnmeteredView]:
    """Return what kinds of statements make no fact, the most frequent first."""
    metered = exists().where(FactKey.tenant_id == tenant_id, FactKey.event_key == XapiStatement.event_key)
    reason = func.coalesce(XapiStatement.unmetered, "")
    count = func.count().label("statements")
    query = (
        select(
            XapiStatement.verb, XapiStatement.activity_type, reason, count,
            func.max(XapiStatement.stored_at),
        )
        .where(XapiStatement.tenant_id == tenant_id, XapiStatement.unmetered != "voiding", ~metered)
        .group_by(XapiStatement.verb, XapiStatement.activity_type, XapiStatement.unmetered)
        .order_by(count.desc(), XapiStatement.verb, XapiStatement.activity_type)
        .limit(limit)
    )  # fmt: skip
    return [UnmeteredView(*row) for row in session.execute(query).tuples()]
