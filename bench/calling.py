"""What the lanes are measured against: the same requests over HTTP, each with one statement of its own.

Nothing is asked of who sends, nothing gathers: a checkout and a release call a function of the database, a
heartbeat updates one row, an entitlement selects one row by its key.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg_pool import AsyncConnectionPool

from core.db import conninfo
from core.ids import new_id

__all__ = ("FUNCTIONS", "create_app")

CONNECTIONS = 8
FUNCTIONS = """
    create table if not exists bench_pool (key text primary key, in_use int not null, seats int not null,
        check (in_use between 0 and seats)) with (fillfactor = 20);
    create table if not exists bench_lease (id uuid primary key, pool text, ends_at timestamptz);
    insert into bench_pool values ('hot', 0, 32) on conflict do nothing;
    create or replace function bench_check_out(lease uuid) returns boolean language plpgsql as $$
    begin
        update bench_pool set in_use = in_use + 1 where key = 'hot' and in_use < seats;
        if not found then return false; end if;
        insert into bench_lease values (lease, 'hot', now() + interval '15 min');
        return true;
    end $$;
    create or replace function bench_release(lease uuid) returns void language plpgsql as $$
    begin
        delete from bench_lease where id = lease;
        if found then update bench_pool set in_use = in_use - 1 where key = 'hot'; end if;
    end $$
"""
_BEAT = """
    update leased_session set ends_at = ends_at + interval '1 millisecond'
    where tenant_id = %s and lease_id = %s and held
"""

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def create_app() -> Callable[..., Awaitable[None]]:
    """Return an ASGI application over the database of DATABASE_URL; heartbeats are BENCH_TENANT's."""
    url = conninfo(os.environ["DATABASE_URL"], None)
    pool = AsyncConnectionPool(url, min_size=CONNECTIONS, max_size=CONNECTIONS, open=False, kwargs={"autocommit": True})

    async def app(scope: Scope, _receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        if scope["type"] != "http":
            return
        if pool.closed:
            await pool.open()
        await _send(send, *await _answered(pool, scope["method"], scope["path"]))

    return app


async def _answered(pool: AsyncConnectionPool[Any], method: str, path: str) -> tuple[int, bytes]:
    parts = path.strip("/").split("/")
    if parts[0] != "v1":
        return 200, b""
    async with pool.connection() as connection:
        if parts[1] == "entitlements":
            row = await (await connection.execute("select seats from bench_pool where key = 'hot'")).fetchone()
            return 200, str(row).encode()
        if parts[-1] == "heartbeat":
            await connection.execute(_BEAT, (os.environ["BENCH_TENANT"], parts[2]))
            return 200, b""
        if method == "DELETE":
            await connection.execute("select bench_release(%s)", (parts[2],))
            return 204, b""
        lease = new_id()
        row = await (await connection.execute("select bench_check_out(%s)", (lease,))).fetchone()
        return (201 if row and row[0] else 409), f'{{"id":"{lease}"}}'.encode()


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
