"""Packed rows into the three tables of facts.

Either by binary COPY, the quickest for many rows, or by one statement that passes by what is there
already: one round trip for few rows, safe against other processes, and allowed under row-level
security.
"""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from metering.ingest.connections import PackedArray
from metering.ingest.packing import HEADER, TRAILER, PackedRow, packed_columns, packed_uuids

__all__ = ("copy_rows", "insert_rows", "stored_hashes")

_COPY_KEYS = "copy fact_key (tenant_id, event_key, content_hash, accepted_at) from stdin (format binary)"
_COPY_FACTS = (
    "copy fact (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)"
    " from stdin (format binary)"
)
_COPY_BODIES = "copy fact_body (tenant_id, event_key, accepted_at, body) from stdin (format binary)"
_ASK = "select uuid_send(event_key), content_hash from fact_key where tenant_id = %s and event_key = any(%s::uuid[])"
# In the order of the keys, so that two flights never wait for each other in a ring.
_INSERT = """
    with given as materialized (
        select * from unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::int[], %s::bigint[],
                             %s::jsonb[], %s::bytea[], %s::bytea[])
            as g (event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes, content_hash, body)
    ), fresh as (
        insert into fact_key (tenant_id, event_key, content_hash, accepted_at)
        select %s, event_key, content_hash, accepted_at from given order by event_key
        on conflict do nothing
        returning tenant_id, event_key
    ), facts as (
        insert into fact
            (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
        select tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes
        from given join fresh using (event_key)
    ), bodies as (
        insert into fact_body (tenant_id, event_key, accepted_at, body)
        select tenant_id, event_key, accepted_at, body from given join fresh using (event_key)
    )
    select uuid_send(event_key) from fresh
"""


async def copy_rows(connection: AsyncConnection[Any], rows: Sequence[PackedRow]) -> None:
    """Copy rows whose events are new.

    Raises:
        UniqueViolation: of psycopg, one of them is not.
    """
    await _copy(connection, _COPY_KEYS, [row.key_row for row in rows])
    await _copy(connection, _COPY_FACTS, [row.fact_row for row in rows])
    await _copy(connection, _COPY_BODIES, [row.body_row for row in rows])


async def _copy(connection: AsyncConnection[Any], statement: LiteralString, rows: list[bytes]) -> None:
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(b"".join((HEADER, *rows, TRAILER)))


async def insert_rows(
    connection: AsyncConnection[Any], tenant_id: UUID, rows: Sequence[PackedRow]
) -> dict[bytes, bytes]:
    """Insert the events that are new; return key → content hash of those that were there."""
    columns = [PackedArray(column) for column in packed_columns(rows)]
    cursor = await connection.execute(_INSERT, (*columns, tenant_id), prepare=True, binary=True)
    fresh = {key for (key,) in await cursor.fetchall()}
    if len(fresh) == len(rows):
        return {}
    return await stored_hashes(connection, tenant_id, [row.event_key for row in rows if row.event_key not in fresh])


async def stored_hashes(connection: AsyncConnection[Any], tenant_id: UUID, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return key → content hash of those keys that are in the table."""
    cursor = await connection.execute(_ASK, (tenant_id, PackedArray(packed_uuids(keys))), prepare=True, binary=True)
    return dict(await cursor.fetchall())
