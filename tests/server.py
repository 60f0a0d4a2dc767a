"""The PostgreSQL server of the tests, and databases cloned from a migrated template."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from app.embedded.postgres import EmbeddedPostgres
from migrations.upgrade import upgrade_database

ROOT = Path(__file__).parent.parent
RUN = ROOT / ".run" / "tests"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
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
        yield url
        with locked("start"):
            fcntl.flock(users, fcntl.LOCK_UN)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            server.stop()


def _schema_hash() -> str:
    digest = hashlib.sha256()
    for file in sorted((ROOT / "migrations").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


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
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(draft)))
        upgrade_database(with_database(admin_url, draft))
        connection.execute(
            sql.SQL("alter database {} rename to {}").format(sql.Identifier(draft), sql.Identifier(name))
        )
    return name


@contextmanager
def fresh_database(admin_url: str) -> Iterator[str]:
    """Yield the URL of a clone of the template, dropped afterwards."""
    source, name = template(admin_url), f"t_{secrets.token_hex(6)}"
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
        try:
            yield with_database(admin_url, name)
        finally:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
