"""Packed rows into the three tables of facts.

Either by binary COPY, the quickest for many rows, or by one call of a function of the database that
passes by what is there already: one round trip for few rows, safe against other processes, and allowed
under row-level security. The call can be a whole flight, from its locks to its commit.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from core.scope import VENDOR_ID
from metering.ingest.calls import copy, tell
from metering.ingest.connections import PackedArray
from metering.ingest.packing import HEADER, TRAILER, PackedRow, packed_columns, packed_uuids

__all__ = ("copy_rows", "insert_rows", "stored_hashes")

_COPY = (
    b"copy fact_key (tenant_id, event_key, content_hash, accepted_at) from stdin (format binary);"
    b"copy fact (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)"
    b" from stdin (format binary);"
    b"copy fact_body (tenant_id, event_key, accepted_at, body) from stdin (format binary)"
)
_ASK = "select uuid_send(event_key), content_hash from fact_key where tenant_id = %s and event_key = any(%s::uuid[])"
_PUT = b"select facts_put($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
_UUID, _UUIDS, _TIMESTAMPTZS, _INTS, _BIGINTS, _JSONBS, _BYTEAS = 2950, 2951, 1185, 1007, 1016, 3807, 1001
_TYPES = (
    _UUID, _UUID, _UUIDS, _UUIDS, _TIMESTAMPTZS, _TIMESTAMPTZS, _INTS, _INTS, _BIGINTS, _JSONBS, _BYTEAS, _BYTEAS
)  # fmt: skip
_KEY_LENGTH = 16


async def copy_rows(connection: AsyncConnection[Any], rows: Sequence[PackedRow]) -> None:
    """Copy rows whose events are new.

    Raises:
        UniqueViolation: of psycopg, one of them is not.
    """
    parts = ([row.key_row for row in rows], [row.fact_row for row in rows], [row.body_row for row in rows])
    await copy(connection, _COPY, [b"".join((HEADER, *part, TRAILER)) for part in parts])


async def insert_rows(
    connection: AsyncConnection[Any], tenant_id: UUID, rows: Sequence[PackedRow], meters: Sequence[UUID] | None = None
) -> dict[bytes, bytes] | None:
    """Insert the events that are new; return key → content hash of those that were there.

    Args:
        connection: in a transaction that the tenant's custom meters and archived months were looked at in; with
            `meters` in none.
        tenant_id: whose.
        rows: sorted by key.
        meters: make this a whole flight by itself: if these custom meters hold, in order, and no row may be of a
            closed month, count the hours too and commit; else do nothing and return None.
    """
    given = None if meters is None else packed_uuids([meter.bytes for meter in meters])
    values = (tenant_id.bytes, VENDOR_ID.bytes, given, *packed_columns(rows))
    told = await tell(connection, _PUT, _TYPES, values)
    if told is None:
        return None
    step = 2 * _KEY_LENGTH
    pairs = (told[at : at + step] for at in range(0, len(told), step))
    return {pair[:_KEY_LENGTH]: pair[_KEY_LENGTH:] for pair in pairs}


async def stored_hashes(connection: AsyncConnection[Any], tenant_id: UUID, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return key → content hash of those keys that are in the table."""
    cursor = await connection.execute(_ASK, (tenant_id, PackedArray(packed_uuids(keys))), prepare=True, binary=True)
    return dict(await cursor.fetchall())
