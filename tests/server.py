"""The PostgreSQL server of the tests, and databases cloned from a migrated template."""

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.errors import ObjectInUse

from app.embedded.postgres import EmbeddedPostgres
from migrations.upgrade import upgrade_database

ROOT = Path(__file__).parent.parent
Connection = psycopg.Connection[Any]
RUN = ROOT / ".run" / "tests"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "scram_iterations": "1"}
"""Tests that kill the server start one of their own, with the real settings."""


@contextmanager
def locked(name: str, kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    RUN.mkdir(parents=True, exist_ok=True)
    with (RUN / name).open("a") as file:
        fcntl.flock(file, kind)
        yield


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the admin URL: of DATABASE_URL's server where that is set, else of the shared embedded one.

    The embedded one is shared by all workers and runs; whoever is the last to leave stops it.
    """
    external = os.environ.get("DATABASE_URL", "")
    if external:
        yield external
        return
    server = EmbeddedPostgres(RUN / "postgres", FAST)
    RUN.mkdir(parents=True, exist_ok=True)
    with (RUN / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with locked("start"):
            url = server.start()
            _hash_cheaply(url)
        yield url
        with locked("start"):
            fcntl.flock(users, fcntl.LOCK_UN)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            server.stop()


def _hash_cheaply(url: str) -> None:
    """Store the login's password anew as FAST says: hashing it 4,096 times is most of what a connection costs."""
    with psycopg.connect(url, autocommit=True) as connection:
        password = connection.info.password
        connection.execute(sql.SQL("alter role current_user password {}").format(password))


def _schema_hash() -> str:
    digest = hashlib.sha256()
    for file in sorted((ROOT / "migrations").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def named(statement: LiteralString, *names: str) -> sql.Composed:
    """Return the statement with the names of databases and tables, which can't be parameters."""
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def with_database(url: str, name: str) -> str:
    base, _, query = url.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def template(admin_url: str) -> str:
    """Return the name of a migrated database, made once per state of the migrations."""
    name = f"tollbook_template_{_schema_hash()}"
    with locked("template"), psycopg.connect(admin_url, autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            return name
        draft = f"draft_{secrets.token_hex(4)}"
        connection.execute(named("create database {}", draft))
        upgrade_database(with_database(admin_url, draft))
        connection.execute(named("alter database {} rename to {}", draft, name))
    return name


@contextmanager
def fresh_database(admin_url: str) -> Iterator[str]:
    """Yield the URL of a migrated database that nobody has used under this name.

    It is a clone of the template, or one that this process has used before and emptied: cloning
    and dropping take twenty times as long as emptying, which was half of all tests' time.
    """
    pool = _pool(admin_url)
    name = pool.take()
    try:
        yield with_database(admin_url, name)
    finally:
        pool.give_back(name)


@cache
def _pool(admin_url: str) -> "_Pool":
    return _Pool(admin_url, template(admin_url))


class _Pool:
    """The databases that this process has cloned, and that nobody uses now."""

    def __init__(self, admin_url: str, source: str) -> None:
        self._admin_url, self._source = admin_url, source
        self._admin = psycopg.connect(admin_url, autocommit=True)
        self._spare: list[str] = []
        with psycopg.connect(with_database(admin_url, source)) as connection:
            self._schema = _schema_of(connection)
            self._seeds = _seeds(connection)

    def take(self) -> str:
        """Return a database by a name of its own, so that nothing remembered by name can be mistaken."""
        name = f"t_{secrets.token_hex(6)}"
        while self._spare:
            spare = self._spare.pop()
            try:
                self._admin.execute(named("alter database {} rename to {}", spare, name))
            except ObjectInUse:
                # A straggler of the test before came back to it.
                self._drop(spare)
            else:
                return name
        # Copied through the log: two checkpoints less, which all workers would wait for.
        self._admin.execute(named("create database {} template {} strategy wal_log", name, self._source))
        return name

    def give_back(self, name: str) -> None:
        """End what is still connected; keep the database, emptied, while it is as small and whole as a clone."""
        for wait_ms in (1, 1, 2, 4, *[10] * 200):
            busy = self._admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
            ).fetchall()
            if not busy:
                break
            time.sleep(wait_ms / 1000)
        if not busy and self._emptied(name):
            self._spare.append(name)
        else:
            self._drop(name)

    def drop_all(self) -> None:
        """Drop what is spare, at the end of the run."""
        while self._spare:
            self._drop(self._spare.pop())
        self._admin.close()

    def _drop(self, name: str) -> None:
        self._admin.execute(named("drop database if exists {} with (force)", name))

    def _emptied(self, name: str) -> bool:
        with psycopg.connect(with_database(self._admin_url, name)) as connection:
            size = connection.execute("select pg_database_size(current_database())").fetchone()
            if size is None or size[0] > LARGEST_TO_KEEP or _schema_of(connection) != self._schema:
                return False
            connection.execute(EMPTY)
            for table, rows in self._seeds.items():
                with connection.cursor().copy(named("copy {} from stdin (format binary)", table)) as copy:
                    copy.write(rows)
        return True


def drop_spare_databases(admin_url: str) -> None:
    """Drop the databases that this process keeps for the next test."""
    _pool(admin_url).drop_all()


LARGEST_TO_KEEP = 60 * 2**20
EMPTY = """
set local session_replication_role = replica;
do $$
declare one record;
begin
    for one in select oid::regclass as name from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 0
    loop execute format('delete from %s', one.name); end loop;
    perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        from pg_sequences where last_value is not null;
end $$
"""
"""As the replica that applies changes: no trigger and no key objects; row-level security doesn't hold for superusers."""


def _schema_of(connection: Connection) -> object:
    """Return what tells whether a test changed the schema; partitions may come and go."""
    return connection.execute(
        """
        select count(*), sum(hashtext(relname || coalesce(relacl::text, '') || relforcerowsecurity)) from pg_class
        where relkind in ('r', 'p', 'v', 'm', 'S') and not relispartition and relnamespace = 'public'::regnamespace
        """
    ).fetchone()


def _seeds(connection: Connection) -> dict[str, bytes]:
    """Return what the migrations have written, by table."""
    seeds = {}
    tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    for (table,) in tables:
        if connection.execute(named("select 1 from {} limit 1", table)).fetchone():
            with connection.cursor().copy(named("copy {} to stdout (format binary)", table)) as copy:
                seeds[table] = b"".join(copy)
    return seeds
