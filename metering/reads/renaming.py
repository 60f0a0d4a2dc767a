"""What the devices and sessions of identities are called, in facts, corrections and leases."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from metering.models import Correction
from metering.reads.facts import types_of

__all__ = ("SESSION_TYPES", "NamingFact", "lease_names", "naming_facts", "session_corrections")

SESSION_TYPES = ("session.started", "session.heartbeat", "session.ended")
_CHUNK = 5_000

_SESSIONS = text("""
    select distinct source_id, attributes ->> 'session_id' from fact
    where tenant_id = :tenant and type_id = any(cast(:types as int[])) and identity_id = any(cast(:who as bigint[]))
""")
_FACTS = text("""
    select f.accepted_at, f.event_key, f.attributes, b.body from fact f
    left join fact_body b
        on b.tenant_id = f.tenant_id and b.accepted_at = f.accepted_at and b.event_key = f.event_key
    where f.tenant_id = :tenant and f.type_id = any(cast(:types as int[])) and (
        f.identity_id = any(cast(:who as bigint[])) or (f.source_id, f.attributes ->> 'session_id') in (
            select * from unnest(cast(:sources as int[]), cast(:names as text[]))
        )
    )
""")
_LEASED = text("""
    select client_key from leased_session where tenant_id = :tenant and identity_id = any(cast(:who as bigint[]))
    union
    select device_id from leased_session
    where tenant_id = :tenant and identity_id = any(cast(:who as bigint[])) and device_id <> ''
""")


class NamingFact(NamedTuple):
    """A fact that names a session or a device, and its body as it is stored."""

    accepted_at: datetime
    event_key: UUID
    attributes: dict[str, Any]
    body: bytes | None


def naming_facts(session: Session, tenant_id: UUID, identities: Collection[int]) -> Iterator[Sequence[NamingFact]]:
    """Yield, in parts, the facts of the sessions of identities: whoever's facts name one of them, too."""
    who = {"tenant": tenant_id, "types": list(types_of(session, tenant_id, SESSION_TYPES)), "who": list(identities)}
    found = session.execute(_SESSIONS, who).all()
    given = who | {"sources": [source for source, _ in found], "names": [name for _, name in found]}
    for rows in session.execute(_FACTS, given).partitions(_CHUNK):
        yield [NamingFact(at, key, said or {}, None if body is None else bytes(body)) for at, key, said, body in rows]


def session_corrections(session: Session, tenant_id: UUID, identities: Collection[int]) -> list[tuple[UUID, Any]]:
    """Return the corrections that say something else of sessions of identities, and what."""
    query = select(Correction.id, Correction.replacement).where(
        Correction.tenant_id == tenant_id, Correction.replacement.is_not(None)
    )
    return [
        (correction_id, said)
        for correction_id, said in session.execute(query)
        if said and said["type"] in SESSION_TYPES and int(said["identity_id"]) in identities
    ]


def lease_names(session: Session, tenant_id: UUID, identities: Collection[int]) -> list[str]:
    """Return what the client keys and devices of identities' leases are called."""
    return sorted(session.execute(_LEASED, {"tenant": tenant_id, "who": list(identities)}).scalars())
