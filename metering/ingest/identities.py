"""The database's ids of what events name: types, sources, and whom their person keys mean.

Ids are for ever, so that they can be remembered per process; what is new is made in a transaction
of its own before the facts (an id that no fact came to use harms nobody).
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, errors

from core.ids import new_id
from metering.errors import DatabaseUnavailable
from metering.ingest.connections import Connections
from metering.ingest.packing import Ids
from metering.ingest.validation import Draft
from tenants.actions.import_people import SUBJECT

__all__ = ("Resolver",)

_ATTEMPTS = 4
_REMEMBERED = 500_000
"""How many ids a process remembers, of all tenants, before it begins again."""
_REMEMBERED_S = 600.0
"""How long it remembers them: so long the key of somebody who was erased may still mean the pseudonym."""

_SYMBOLS = """
    insert into symbol (tenant_id, kind, value)
    select %(tenant)s, s.* from unnest(%(kinds)s::text[], %(values)s::text[]) as s (kind, value) order by 2, 3
    on conflict do nothing
"""
_KNOWN_SYMBOLS = """
    select s.kind, s.value, s.id
    from symbol s join unnest(%(kinds)s::text[], %(values)s::text[]) as w (kind, value)
      on s.kind = w.kind and s.value = w.value
    where s.tenant_id = %(tenant)s
"""
_KNOWN = "select key, id from identity where tenant_id = %s and scheme = %s and key = any(%s)"
_OWNERS = "select external_id, id from person where tenant_id = %s and external_id = any(%s)"
# One statement: the foreign key from identity to person is looked at when it ends.
_MAKE = """
    with made as (
        insert into identity (tenant_id, scheme, key, home_person_id, created_at)
        select %(tenant)s, %(scheme)s, n.key, n.person_id, n.since
        from unnest(%(keys)s::text[], %(persons)s::uuid[], %(since)s::timestamptz[]) as n (key, person_id, since)
        order by n.key
        on conflict do nothing
        returning home_person_id
    )
    insert into person (tenant_id, id, external_id, active_from)
    select %(tenant)s, n.person_id, max(n.external_id), min(n.since)
    from unnest(%(keys)s::text[], %(persons)s::uuid[], %(since)s::timestamptz[], %(external_ids)s::text[])
        as n (key, person_id, since, external_id)
    where n.person_id in (select home_person_id from made)
    group by n.person_id
    order by n.person_id
    on conflict (tenant_id, id) do nothing
"""


@dataclass(slots=True)
class _Known:
    types: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    identities: dict[str, int] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: list[Draft] = field(default_factory=list)
    """Drafts of requests that wait for the lock: whoever gets it learns for all of them."""

    @property
    def ids(self) -> Ids:
        return Ids(self.types, self.sources, self.identities)

    def lacks(self, drafts: Sequence[Draft]) -> bool:
        types, sources, identities = self.types, self.sources, self.identities
        for draft in drafts:  # a plain loop: it runs for every event
            if draft.subject not in identities or draft.type not in types or draft.source not in sources:
                return True
            if draft.person_keys and any(key not in identities for _, key in draft.person_keys):
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """A key that is not known yet: since when it is seen, and the external id that came with it."""

    key: str
    since: datetime
    external_id: str | None


class Resolver:
    """Finds or makes the ids that a request's drafts need."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._tenants: dict[UUID, _Known] = {}
        self._remembered = 0
        self._until = time.monotonic() + _REMEMBERED_S

    async def resolve(self, tenant_id: UUID, drafts: Sequence[Draft]) -> Ids:
        """Return ids for every type, source, subject and person key of the drafts.

        Raises:
            DatabaseUnavailable: nothing was stored (`database_unavailable`).
        """
        known = self._known(tenant_id)
        if known.lacks(drafts):
            # One at a time per tenant, for all that wait: a process that has just begun knows nobody.
            known.asked.extend(drafts)
            async with known.lock:
                if known.lacks(drafts):
                    asked, known.asked = known.asked, []
                    with suppress(psycopg.Error):  # whatever is wrong with others' is theirs
                        await self._learn(tenant_id, known, asked)
                if known.lacks(drafts):
                    await self._learn(tenant_id, known, drafts)
        return known.ids

    def at_hand(self, tenant_id: UUID, drafts: Sequence[Draft]) -> Ids | None:
        """Return the same where this process remembers all of them; None where `resolve` has to ask."""
        known = self._known(tenant_id)
        return None if known.lacks(drafts) else known.ids

    def _known(self, tenant_id: UUID) -> _Known:
        if self._remembered > _REMEMBERED or time.monotonic() > self._until:
            self._tenants, self._remembered = {}, 0
            self._until = time.monotonic() + _REMEMBERED_S
        known = self._tenants.get(tenant_id)
        if known is None:
            known = self._tenants[tenant_id] = _Known()
        return known

    def known(self, tenant_id: UUID, key: str) -> int | None:
        """Return the identity of a person's key where this process remembers it, and may still."""
        known = None if time.monotonic() > self._until else self._tenants.get(tenant_id)
        return None if known is None else known.identities.get(key)

    async def identities(self, tenant_id: UUID, keys: Collection[str], since: datetime) -> Mapping[str, int]:
        """Return the identities of people's keys; who is new is made, seen since then.

        Raises:
            DatabaseUnavailable: nothing was stored (`database_unavailable`).
        """
        known = self._known(tenant_id)
        newcomers = {key: _Newcomer(key, since, None) for key in keys if key not in known.identities}
        if newcomers:
            await self._make(tenant_id, known, set(), newcomers)
        return known.identities

    async def _learn(self, tenant_id: UUID, known: _Known, drafts: Sequence[Draft]) -> None:
        symbols = {("type", draft.type) for draft in drafts if draft.type not in known.types}
        symbols |= {("source", draft.source) for draft in drafts if draft.source not in known.sources}
        await self._make(tenant_id, known, symbols, _newcomers(drafts, known.identities))

    async def _make(
        self, tenant_id: UUID, known: _Known, symbols: set[tuple[str, str]], newcomers: Mapping[str, _Newcomer]
    ) -> None:
        for _ in range(_ATTEMPTS):
            try:
                async with self._connections.link() as link:
                    connection = link.connection
                    await connection.execute(f"begin; set local app.tenant_id = '{tenant_id}'")
                    found = await _symbols(connection, tenant_id, sorted(symbols))
                    identities = await _identities(connection, tenant_id, newcomers)
                    await connection.execute("commit")
            except (errors.UniqueViolation, errors.ForeignKeyViolation):
                continue  # another process made the same person: look again
            except (psycopg.OperationalError, psycopg.InterfaceError):
                continue
            self._remembered += len(symbols) + len(identities)
            known.types.update(found["type"])
            known.sources.update(found["source"])
            known.identities.update(identities)
            return
        raise DatabaseUnavailable


def _newcomers(drafts: Iterable[Draft], known: Mapping[str, int]) -> dict[str, _Newcomer]:
    newcomers: dict[str, _Newcomer] = {}
    for draft in drafts:
        external_id = draft.person.external_id if draft.person is not None else None
        for key, stated in ((draft.subject, external_id), *((key, None) for _, key in draft.person_keys)):
            if key not in known:
                before = newcomers.get(key)
                since = min(draft.occurred_at, before.since) if before else draft.occurred_at
                newcomers[key] = _Newcomer(key, since, (before.external_id if before else None) or stated)
    return newcomers


async def _symbols(
    connection: AsyncConnection[Any], tenant_id: UUID, symbols: Sequence[tuple[str, str]]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {"type": {}, "source": {}}
    if not symbols:
        return found
    given = {"tenant": tenant_id, "kinds": [kind for kind, _ in symbols], "values": [value for _, value in symbols]}
    await connection.execute(_SYMBOLS, given)
    cursor = await connection.execute(_KNOWN_SYMBOLS, given)
    for kind, value, symbol_id in await cursor.fetchall():
        found[kind][value] = symbol_id
    return found


async def _identities(
    connection: AsyncConnection[Any], tenant_id: UUID, newcomers: Mapping[str, _Newcomer]
) -> dict[str, int]:
    """Return key → identity, making persons for keys that nobody has."""
    if not newcomers:
        return {}
    wanted = (tenant_id, SUBJECT, list(newcomers))
    found: dict[str, int] = dict(await (await connection.execute(_KNOWN, wanted)).fetchall())
    fresh = [newcomers[key] for key in sorted(newcomers.keys() - found.keys())]
    if not fresh:
        return found
    # Somebody may be known already, by the external id that the event states.
    stated = sorted({new.external_id for new in fresh if new.external_id is not None})
    owners: dict[str, UUID] = {}
    if stated:
        owners = dict(await (await connection.execute(_OWNERS, (tenant_id, stated))).fetchall())
    persons = []
    for new in fresh:
        person_id = owners.get(new.external_id or "") or new_id()
        persons.append(person_id)
        if new.external_id is not None:
            owners[new.external_id] = person_id
    await connection.execute(
        _MAKE,
        {
            "tenant": tenant_id,
            "scheme": SUBJECT,
            "keys": [new.key for new in fresh],
            "persons": persons,
            "since": [new.since for new in fresh],
            "external_ids": [new.external_id for new in fresh],
        },
    )
    return found | dict(await (await connection.execute(_KNOWN, wanted)).fetchall())
