"""A few asynchronous connections as `tollbook_ingest`, opened at need and dropped when they break.

A pool of psycopg's own would check each connection before its use, a round trip a flight. Here a
broken one shows itself at the first statement, and the caller begins again on a fresh one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format, TransactionStatus

from core.db import INGEST, conninfo
from metering.errors import DatabaseUnavailable

__all__ = ("Connections", "Link", "PackedArray")

T = TypeVar("T")

CONNECT_TIMEOUT_S = 5
_ATTEMPTS = 4
_SESSION = "set statement_timeout = '20s'; set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '20s'"


class PackedArray:
    """A parameter that is an array in binary already (`packing`); the statement says of what."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


class _PackedArrayDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: PackedArray) -> bytes:
        return obj.packed


class Link:
    """One connection, and whether its role may COPY straight into the tables."""

    def __init__(self, connection: AsyncConnection[Any], *, copies: bool) -> None:
        self.connection = connection
        self.copies = copies


class Connections:
    """At most `size` connections that act as `role`; waiting for one is fair."""

    def __init__(self, database_url: str, size: int, role: str = INGEST) -> None:
        self._url = conninfo(database_url, role)
        self._idle: list[Link] = []
        self._free = asyncio.Semaphore(size)

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """Lend a connection that is in no transaction; one that comes back broken is closed.

        Raises:
            DatabaseUnavailable: none can be opened (`database_unavailable`).
        """
        async with self._free:
            link = self._idle.pop() if self._idle else await self._open()
            try:
                yield link
            except BaseException as error:
                await self._take_back(link, healthy=isinstance(error, psycopg.Error))
                raise
            self._idle.append(link)

    async def flown(self, flight: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
        """Do on a connection what may be done twice: where it broke, it is done again on another.

        Raises:
            DatabaseUnavailable: it broke each time, or none can be opened (`database_unavailable`).
        """
        for _ in range(_ATTEMPTS):
            try:
                async with self.link() as link:
                    return await flight(link.connection)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                last = error
        raise DatabaseUnavailable from last

    async def _open(self) -> Link:
        try:
            connection = await AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, tcp_user_timeout=20_000
            )
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable from error
        connection.adapters.register_dumper(PackedArray, _PackedArrayDumper)
        try:
            await connection.execute(_SESSION)
            cursor = await connection.execute("select rolbypassrls from pg_roles where rolname = current_user")
            (bypasses,) = await cursor.fetchone() or (False,)
        except psycopg.OperationalError as error:
            await connection.close()
            raise DatabaseUnavailable from error
        return Link(connection, copies=bool(bypasses))

    async def _take_back(self, link: Link, *, healthy: bool) -> None:
        """Undo the transaction and keep the connection if it is sound; else close it.

        Args:
            link: what was lent.
            healthy: the database itself told of the error, so that the protocol is in step.
        """
        connection = link.connection
        if healthy and not connection.broken:
            with suppress(psycopg.Error):
                await connection.rollback()
        if not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append(link)
            return
        # Its neighbours likely broke with it: the next flight should not have to find out.
        await self.close()
        await connection.close()

    async def close(self) -> None:
        """Close the idle connections."""
        idle, self._idle = self._idle, []
        for link in idle:
            await link.connection.close()
