"""Fill the tables of facts with rows that were there before: keys half time-ordered, half hashed."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg

__all__ = ("count_hours", "fill")

_CHUNK = 50_000
_WORTH_BUILDING = 1_000_000
"""So many rows and more are put in without indexes, which are built afterwards: half the time and less."""
_OTHERS = 9
_SYMBOLS = """
    insert into symbol (tenant_id, kind, value)
    values (%(tenant)s, 'type', 'activity.performed'), (%(tenant)s, 'type', 'course.launched'),
           (%(tenant)s, 'source', 'https://suite.example/')
    on conflict do nothing
"""
# Two years of facts of 10,000 people; the newest are of yesterday.
_ROWS = """
    with made as materialized (
        select (case when mod(n, 2) = 0
                     then lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
                     else substr(md5(n || %(salt)s), 21) end || substr(md5(n || %(salt)s), 1, 20))::uuid as event_key,
               at, n, (1 + mod(n, 10000))::bigint as identity_id
        from (select n, date_trunc('day', now()) - n * interval '1 day' * (730.0 / %(total)s) as at
              from generate_series(%(first)s::bigint, %(last)s::bigint) n) numbered
    ), types as (
        select array_agg(id order by value) filter (where kind = 'type') as types,
               max(id) filter (where kind = 'source') as source_id
        from symbol where tenant_id = %(tenant)s
    ), keys as (
        insert into fact_key (tenant_id, event_key, content_hash, accepted_at)
        select %(tenant)s, event_key, decode(md5(n::text), 'hex'), at from made
    ), facts as (
        insert into fact (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
        select %(tenant)s, event_key, at, at, types[1 + mod(n, 2)], source_id, identity_id,
               case when mod(n, 2) = 0
                    then jsonb_build_object('verb', 'viewed', 'object_type', 'page', 'object_id', 'p-' || mod(n, 500))
                    else jsonb_build_object('course_id', 'c-' || mod(n, 90), 'course_type', 'wbt') end
        from made, types
    )
    insert into fact_body (tenant_id, accepted_at, event_key, body)
    select %(tenant)s, at, event_key, decode(md5('a' || n) || md5('b' || n) || md5('c' || n), 'hex') from made
"""

_HOURS = """
    insert into usage_hour (tenant_id, type_id, hour, slot, facts)
    select tenant_id, type_id, date_trunc('hour', occurred_at, 'UTC'), 0, count(*) from fact
    where tenant_id = any(%s) group by 1, 2, 3
"""


# What the migrations made; `alembic check` would not see a difference in a primary key.
_INDEXES: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("alter table fact_key drop constraint pk_fact_key",
     "alter table fact_key add constraint pk_fact_key primary key (tenant_id, event_key)"),
    ("alter table fact drop constraint pk_fact",
     "alter table fact add constraint pk_fact primary key (tenant_id, accepted_at, event_key)"),
    ("alter table fact_body drop constraint pk_fact_body",
     "alter table fact_body add constraint pk_fact_body primary key (tenant_id, accepted_at, event_key)"),
    ("drop index ix_fact_type_id_occurred_at",
     "create index ix_fact_type_id_occurred_at on fact (tenant_id, type_id, occurred_at)"),
)  # fmt: skip


def count_hours(connection: psycopg.Connection[Any], tenants: Sequence[UUID]) -> None:
    """Count the facts of tenants by hour, as ingestion would have: folds and kept figures rest on it."""
    connection.execute(_HOURS, (list(tenants),))


def fill(database_url: str, tenant_id: UUID, rows: int) -> int:
    """Fill the tables up to that many rows by two connections: half of them the tenant's, the others nine tenants'.

    Returns:
        How many rows there are.
    """
    tenants = [(tenant_id, rows // 2)] + [(uuid4(), rows // 2 // _OTHERS) for _ in range(_OTHERS)]
    chunks = [
        {"tenant": tenant, "first": first, "last": min(first + _CHUNK, total) - 1, "total": total, "salt": str(tenant)}
        for tenant, total in tenants
        for first in range(0, total, _CHUNK)
    ]
    with psycopg.connect(database_url, autocommit=True) as connection:
        for tenant, _ in tenants:
            connection.execute(_SYMBOLS, {"tenant": tenant})
    with _built_afterwards(database_url, rows), ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda chunk: _insert(database_url, chunk), chunks):
            pass
    with psycopg.connect(database_url, autocommit=True) as connection:
        count_hours(connection, [tenant for tenant, _ in tenants])
        connection.execute("vacuum analyze fact_key, fact, fact_body, usage_hour")
    return sum(total for _, total in tenants)


@contextmanager
def _built_afterwards(database_url: str, rows: int) -> Iterator[None]:
    """Do without the indexes of the tables while many rows are put in."""
    if rows < _WORTH_BUILDING:
        yield
        return
    with psycopg.connect(database_url, autocommit=True) as connection:
        for drop, _ in _INDEXES:
            connection.execute(drop)
    yield
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set maintenance_work_mem = '1GB'")
        for _, build in _INDEXES:
            connection.execute(build)


def _insert(database_url: str, chunk: dict[str, object]) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(_ROWS, chunk)
