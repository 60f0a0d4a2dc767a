"""The four database roles, made before the first migration and safe to make again."""

import psycopg
from psycopg import sql

from core.db import APP, INGEST, OWNER, STEWARD

__all__ = ("prepare_roles",)


def prepare_roles(database_url: str) -> None:
    """Create the roles where they are missing, and let the migrating login act as each of them.

    `tollbook_ingest` gets BYPASSRLS, because PostgreSQL refuses COPY under row-level security. A
    managed server may not allow that; ingestion then inserts under the policies.

    Args:
        database_url: a login that may create roles and owns (or may create in) the database.
    """
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        # Roles belong to the server, not to the database: two first starts at once must not meet.
        connection.execute("select pg_advisory_lock(7203154)")
        for role in (OWNER, APP, INGEST, STEWARD):
            if connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone() is None:
                _create(connection, role)
            if connection.execute("select pg_has_role(%s, 'member')", (role,)).fetchone() != (True,):
                connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role)))
        name = connection.info.dbname
        connection.execute(sql.SQL("grant create, connect, temporary on database {} to {}").format(
            sql.Identifier(name), sql.Identifier(OWNER)))  # fmt: skip
        connection.execute(sql.SQL("grant connect, temporary on database {} to {}, {}, {}").format(
            sql.Identifier(name), *map(sql.Identifier, (APP, INGEST, STEWARD))))  # fmt: skip
        connection.execute(sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(OWNER)))
        connection.execute(sql.SQL("grant usage on schema public to {}, {}, {}").format(
            *map(sql.Identifier, (APP, INGEST, STEWARD))))  # fmt: skip


def _create(connection: psycopg.Connection, role: str) -> None:
    options = "nologin nosuperuser nocreatedb nocreaterole"
    statement = sql.SQL("create role {} " + options).format(sql.Identifier(role))
    if role == INGEST:
        try:
            connection.execute(sql.SQL("create role {} " + options + " bypassrls").format(sql.Identifier(role)))
        except psycopg.errors.InsufficientPrivilege:
            connection.execute(statement)
        return
    connection.execute(statement)
