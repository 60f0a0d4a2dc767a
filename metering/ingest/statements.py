"""xAPI statements into the database, in the transaction that stores their facts.

The row of `xapi_stream` is locked first: one request of a tenant after another. So nobody else
writes statements of the tenant meanwhile, and what is looked up here still holds at the commit.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from core.clock import utc_now
from core.exact_json import encode_exact
from core.ids import new_id
from metering.errors import StatementConflict, StatementInvalid
from metering.xapi.mentions import hidden, signatures_of
from metering.xapi.requests import Content
from metering.xapi.sealing import Vault
from metering.xapi.statements import VOIDED

__all__ = ("StatementRow", "StatementWriter", "VoidedFact")

Connection = AsyncConnection[Any]
Sealer = Callable[[bytes, bytes], bytes]

# Each statement has an instant of its own, later than all before it. The clock is read when the row
# is locked, not before: an instant at which nobody held the lock has all its past behind it.
_NEXT = """
    insert into xapi_stream (tenant_id, last_stored_at)
    values (%(tenant)s, coalesce(%(now)s, clock_timestamp()) + %(more)s)
    on conflict (tenant_id) do update
        set last_stored_at = %(more)s + greatest(
            xapi_stream.last_stored_at + interval '1 microsecond', coalesce(%(now)s, clock_timestamp()))
    returning last_stored_at
"""
_KNOWN = "select id, essence_hash from xapi_statement where tenant_id = %s and id = any(%s)"
_VOIDING = f"select id from xapi_statement where tenant_id = %s and id = any(%s) and verb = '{VOIDED}'"  # noqa: S608
_VOIDED = "select voids from xapi_statement where tenant_id = %s and voids = any(%s)"
_KEYS = "select actor, wrapped from xapi_actor_key where tenant_id = %s and actor = any(%s)"
_ADD_KEY = "insert into xapi_actor_key (tenant_id, actor, wrapped, created_at) values (%s, %s, %s, %s)"
_ADD_STATEMENT = """
    insert into xapi_statement
        (tenant_id, id, stored_at, version, authority, essence_hash, actor, verb, activity_type, refers_to,
         voids, event_key, unmetered, sealed)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_ADD_MARKS = """
    insert into xapi_mark (tenant_id, mark, stored_at, statement_id)
    select %s, m.* from unnest(%s::uuid[], %s::timestamptz[], %s::uuid[]) as m (mark, stored_at, statement_id)
"""
# A statement about a statement is found by what finds that one; whichever of the two came first.
_INHERIT = """
    insert into xapi_mark (tenant_id, mark, stored_at, statement_id)
    select r.tenant_id, m.mark, r.stored_at, r.id
    from xapi_statement r
    join xapi_mark m on m.tenant_id = r.tenant_id and m.statement_id = r.refers_to
    where r.tenant_id = %(tenant)s and (r.id = any(%(ids)s) or r.refers_to = any(%(ids)s))
    on conflict do nothing
    returning statement_id
"""
_ADD_ATTACHMENT = (
    "insert into xapi_attachment (tenant_id, statement_id, sha2, content_type, sealed, also_by)"
    " values (%s, %s, %s, %s, %s, %s)"
)
_VOID_FACT = """
    insert into correction (tenant_id, id, target_key, kind, reason, author, recorded_at)
    values (%s, %s, %s, 'void', %s, %s, %s)
"""
_AUDIT = """
    insert into audit_entry (tenant_id, id, at, actor, action, object_type, object_id, detail)
    values (%s, %s, %s, %s, 'record_correction', 'event', %s, %s)
"""
_CHAIN_MAX = 16
"""How many statements may stand about each other in a row and still be found by the first one's marks."""


@dataclass(frozen=True, slots=True)
class VoidedFact:
    """The fact that a voiding statement takes back."""

    target_key: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement as the tables will hold it; `stored_at` and sealing come with the transaction."""

    id: UUID
    version: str
    authority: dict[str, Any]
    essence_hash: bytes
    actor: UUID
    verb: str
    activity_type: str
    refers_to: UUID | None
    voids: UUID | None
    voided_fact: VoidedFact | None
    event_key: UUID
    unmetered: str | None
    raw: bytes
    value: Mapping[str, Any]
    mentions: Mapping[str, UUID]
    """Whom it names beside its actor, by `agent_key`: under which name their keys stand."""
    marks: frozenset[UUID]
    contents: tuple[Content, ...]


@dataclass(slots=True)
class StatementWriter:
    """Writes the statements of one request; the transaction may begin it again."""

    tenant_id: UUID
    rows: Sequence[StatementRow]
    now: datetime
    clock: datetime | None
    """A test clock's time, by which its tenant's statements are stored; None for the real one."""
    author: str
    vault: Vault

    async def __call__(self, connection: Connection) -> None:
        """Write what is not stored yet.

        Raises:
            StatementConflict: an id with other content is stored (`statement_conflict`).
            StatementInvalid: a voiding statement would be voided (`statement_invalid`).
        """
        more = timedelta(microseconds=len(self.rows) - 1)
        given = {"tenant": self.tenant_id, "now": self.clock, "more": more}
        cursor = await connection.execute(_NEXT, given)
        (last,) = await cursor.fetchone() or (self.now,)
        fresh = await self._not_stored(connection)
        if not fresh:
            return
        fresh = await self._voiding_once(connection, fresh)
        stored = {row.id: last - more + timedelta(microseconds=index) for index, row in enumerate(fresh)}
        await self._add(connection, fresh, stored)
        await self._inherit(connection, [row.id for row in fresh])
        await self._void(connection, [row.voided_fact for row in fresh if row.voided_fact is not None])

    async def _not_stored(self, connection: Connection) -> list[StatementRow]:
        cursor = await connection.execute(_KNOWN, (self.tenant_id, [row.id for row in self.rows]))
        known = {statement_id: bytes(essence) for statement_id, essence in await cursor.fetchall()}
        for row in self.rows:
            if known.get(row.id, row.essence_hash) != row.essence_hash:
                raise StatementConflict(
                    f"A statement with the id {row.id} and other content is stored; it stays. Use a new id."
                )
        return [row for row in self.rows if row.id not in known]

    async def _voiding_once(self, connection: Connection, rows: list[StatementRow]) -> list[StatementRow]:
        """Return the rows with those that void what is voided already doing nothing.

        Raises:
            StatementInvalid: a voiding statement would be voided (`statement_invalid`).
        """
        targets = [row.voids for row in rows if row.voids is not None]
        if not targets:
            return rows
        wanted = (self.tenant_id, targets)
        voiding = {row[0] for row in await (await connection.execute(_VOIDING, wanted)).fetchall()}
        voiding |= {row.id for row in self.rows if row.voids is not None}
        if refused := voiding.intersection(targets):
            raise StatementInvalid(f"The statement {min(refused)} is a voiding one, which cannot be voided.")
        voided = {row[0] for row in await (await connection.execute(_VOIDED, wanted)).fetchall()}
        done = []
        for row in rows:
            again = row.voids in voided
            done.append(replace(row, voids=None, voided_fact=None) if again else row)
            if row.voids is not None:
                voided.add(row.voids)
        return done

    async def _add(self, connection: Connection, rows: Sequence[StatementRow], stored: dict[UUID, datetime]) -> None:
        people = {row.actor for row in rows}.union(*(row.mentions.values() for row in rows))
        keys = await self._keys(connection, people)
        tenant = self.tenant_id
        sealers = {one: self.vault.sealer(keys[one], tenant.bytes + one.bytes) for one in people}
        statements, attachments = [], []
        for row in rows:
            statements.append((
                tenant, row.id, stored[row.id], row.version, Jsonb(row.authority), row.essence_hash, row.actor,
                row.verb, row.activity_type, row.refers_to, row.voids, row.event_key, row.unmetered,
                sealers[row.actor](self._original(row, sealers), tenant.bytes + row.id.bytes),
            ))  # fmt: skip
            attachments += [self._attachment(row, content, sealers) for content in row.contents]
        async with connection.cursor() as cursor:
            await cursor.executemany(_ADD_STATEMENT, statements)
            if attachments:
                await cursor.executemany(_ADD_ATTACHMENT, attachments)
        marks = [(mark, row.id) for row in rows for mark in row.marks]
        await connection.execute(
            _ADD_MARKS, (tenant, [m for m, _ in marks], [stored[i] for _, i in marks], [i for _, i in marks])
        )

    def _original(self, row: StatementRow, sealers: Mapping[UUID, Sealer]) -> bytes:
        """Return a statement's bytes, with tokens for whom it mentions."""
        if not row.mentions:
            return row.raw
        bound = self.tenant_id.bytes + row.id.bytes
        return encode_exact(hidden(row.value, {
            key: (name, lambda plain, seal=sealers[name], name=name: seal(plain, bound + name.bytes))  # type: ignore[misc]
            for key, name in row.mentions.items()
        }))  # fmt: skip

    def _attachment(self, row: StatementRow, content: Content, sealers: Mapping[UUID, Sealer]) -> tuple[Any, ...]:
        bound = self.tenant_id.bytes + row.id.bytes + content.sha2.encode()
        also_by = sorted(row.mentions.values()) if content.sha2 in signatures_of(row.value) else []
        sealed = content.content
        for one in (*also_by, row.actor):
            sealed = sealers[one](sealed, bound)
        return self.tenant_id, row.id, content.sha2, content.content_type, sealed, also_by

    async def _keys(self, connection: Connection, actors: Collection[UUID]) -> dict[UUID, bytes]:
        cursor = await connection.execute(_KEYS, (self.tenant_id, list(actors)))
        keys = {actor: bytes(wrapped) for actor, wrapped in await cursor.fetchall()}
        for actor in actors - keys.keys():
            keys[actor] = self.vault.new_key(self.tenant_id.bytes + actor.bytes)
            await connection.execute(_ADD_KEY, (self.tenant_id, actor, keys[actor], self.now))
        return keys

    async def _inherit(self, connection: Connection, ids: list[UUID]) -> None:
        for _ in range(_CHAIN_MAX):
            cursor = await connection.execute(_INHERIT, {"tenant": self.tenant_id, "ids": ids})
            ids = list({row[0] for row in await cursor.fetchall()})
            if not ids:
                return

    async def _void(self, connection: Connection, facts: Sequence[VoidedFact]) -> None:
        for fact in facts:
            correction = new_id()
            await connection.execute(
                _VOID_FACT, (self.tenant_id, correction, fact.target_key, fact.reason, self.author, self.now)
            )
            detail = {"kind": "void", "reason": fact.reason, "correction": str(correction)}
            await connection.execute(
                _AUDIT, (self.tenant_id, new_id(), utc_now(), self.author, str(fact.target_key), Jsonb(detail))
            )
