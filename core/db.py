"""Sessions and transactions: the only module that commits.

One `DATABASE_URL`, four roles. Connections take their role at start-up by a libpq option, so that
`RESET ROLE` leads back to the lesser role; row-level security then holds whoever logged in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

import psycopg
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import Engine, Select, create_engine
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.engine import make_url
from sqlalchemy.event import listen
from sqlalchemy.orm import Session, sessionmaker

from core.exact_json import decode_exact, encode_exact
from core.scope import GlobalScope, Scope, StewardScope, TenantScope
from core.settings import load_settings

__all__ = (
    "APP",
    "INGEST",
    "OWNER",
    "STEWARD",
    "Database",
    "conninfo",
    "database",
    "driver_text",
    "set_tenant",
)

OWNER = "tollbook_owner"
"""Owns the tables and migrates; subject to the forced policies like everyone."""
APP = "tollbook_app"
"""Serves requests and tasks, one tenant per transaction."""
INGEST = "tollbook_ingest"
"""Writes facts by COPY, which row-level security refuses; grants are listed one by one."""
STEWARD = "tollbook_steward"
"""Vendor-wide jobs, under policies of its own."""


def conninfo(database_url: str, role: str | None) -> str:
    """Return the libpq URL that logs in with `database_url` and acts as `role` from the start."""
    url = make_url(database_url).set(drivername="postgresql")
    base = url.render_as_string(hide_password=False)
    joint = "&" if "?" in base else "?"
    options = "-c timezone=UTC" + (f" -c role={role}" if role else "")
    return f"{base}{joint}options={quote(options)}"


def engine(database_url: str, role: str | None, pool_size: int = 5) -> Engine:
    """Return an engine whose connections act as `role`."""
    url = conninfo(database_url, role).replace("postgresql://", "postgresql+psycopg://", 1)
    made = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        # What a statement was about (people, secrets) stays out of errors, and so out of logs.
        hide_parameters=True,
        # Tens of thousands of facts are read for a figure: msgspec decodes them five times as fast.
        json_deserializer=decode_exact,
        json_serializer=lambda value: encode_exact(value).decode(),
    )
    listen(made, "connect", _send_arrays_in_binary)
    return made


def _send_arrays_in_binary(connection: psycopg.Connection[Any], _record: object) -> None:
    """Columns of tens of thousands of rows travel as arrays: in binary that costs a fifth of the text's quoting."""
    connection.adapters.register_dumper(list, ListBinaryDumper)


def driver_text(query: Select[Any]) -> str:
    """Return a query as the driver takes it, its parameters by name: for the few places that SQLAlchemy would slow."""
    return str(query.compile(dialect=dialect()))  # type: ignore[no-untyped-call] # SQLAlchemy says no types of it


def set_tenant(session: Session, tenant_id: UUID) -> None:
    """Scope the running transaction to one tenant.

    `SET LOCAL` takes no bind parameter; the value is a UUID, so that nothing can be smuggled in.
    (`set_config` would take one, but Citus does not propagate it to its workers.)
    """
    # Not through `text`: a bill for a thousand children would compile as many statements, each for one use.
    session.connection().exec_driver_sql(f"SET LOCAL app.tenant_id = '{UUID(str(tenant_id))}'")


class Database:
    """The service's engines, and transactions by scope."""

    def __init__(self, database_url: str, pool_size: int = 5) -> None:
        self.database_url = database_url
        self.app = engine(database_url, APP, pool_size)
        self.steward = engine(database_url, STEWARD, pool_size)
        self._app_sessions = sessionmaker(self.app, expire_on_commit=False)
        self._steward_sessions = sessionmaker(self.steward, expire_on_commit=False)

    @contextmanager
    def begin(self, scope: Scope) -> Iterator[Session]:
        """Open one transaction in that scope: commits at the end, rolls back on any exception."""
        sessions = self._steward_sessions if isinstance(scope, StewardScope) else self._app_sessions
        with sessions.begin() as session:
            session.info["scope"] = scope
            if isinstance(scope, TenantScope):
                set_tenant(session, scope.tenant_id)
            elif not isinstance(scope, GlobalScope | StewardScope):
                raise TypeError(f"not a scope: {scope!r}")
            yield session

    @contextmanager
    def snapshot(self, scope: TenantScope) -> Iterator[Session]:
        """Open a transaction that shows what would be: it sees nothing that is committed meanwhile, and is undone.

        What is read before and after a change in it differs by that change alone.
        """
        with self._app_sessions() as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            session.info["scope"] = scope
            set_tenant(session, scope.tenant_id)
            yield session
            session.rollback()

    def dispose(self) -> None:
        """Close all connections."""
        self.app.dispose()
        self.steward.dispose()


@cache
def database() -> Database:
    """Return the process's database, made from the settings at first use."""
    settings = load_settings()
    return Database(settings.database_url, settings.pool_size)
