"""Row-level security of a table, in one call per table so that none is half secured.

Migrations are history, so this module only ever gains functions; the existing ones keep their
meaning.
"""

from collections.abc import Sequence

from alembic.operations import Operations

from core.db import APP, INGEST, STEWARD

__all__ = ("secure", "secure_global", "share_vendor_rows")

_OWN_ROWS = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"


def secure(
    op: Operations,
    table: str,
    *,
    app: str = "select, insert",
    app_update_columns: Sequence[str] = (),
    ingest: str = "",
    steward: str = "select",
    steward_update_columns: Sequence[str] = (),
) -> None:
    """Force row-level security on a tenant's table and grant exactly what is listed.

    `app` and `ingest` see and write the rows of `app.tenant_id`; with none set they see nothing.
    `steward` sees all rows.

    Args:
        op: Alembic's operations; one statement per call, as Citus wants it.
        table: the table's name; it must have a column `tenant_id uuid`.
        app: privileges of the serving role; leave update and delete out of append-only tables.
        app_update_columns: columns the serving role may update, where only some may change.
        ingest: privileges of the role that copies facts.
        steward: privileges of the vendor-wide role.
        steward_update_columns: columns the vendor-wide role may update.
    """
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy tenant_isolation on {table} to {APP}, {INGEST} using ({_OWN_ROWS}) with check ({_OWN_ROWS})"
    )
    op.execute(f"create policy steward on {table} to {STEWARD} using (true) with check (true)")
    _grant(op, table, APP, app, app_update_columns)
    _grant(op, table, INGEST, ingest)
    _grant(op, table, STEWARD, steward, steward_update_columns)


def share_vendor_rows(op: Operations, table: str) -> None:
    """Let every tenant read the rows that stand under the vendor's tenant id (nil): a published catalogue.

    Args:
        op: Alembic's operations.
        table: a table that `secure` was called for.
    """
    op.execute(
        f"create policy vendor_rows on {table} for select to {APP}, {INGEST}"
        " using (tenant_id = '00000000-0000-0000-0000-000000000000'::uuid)"
    )


def secure_global(
    op: Operations,
    table: str,
    *,
    app: str = "select",
    app_update_columns: Sequence[str] = (),
    ingest: str = "",
    steward: str = "select",
    steward_update_columns: Sequence[str] = (),
) -> None:
    """Grant on a global table, one of the short list that is read before a tenant is known."""
    _grant(op, table, APP, app, app_update_columns)
    _grant(op, table, INGEST, ingest)
    _grant(op, table, STEWARD, steward, steward_update_columns)


def _grant(
    op: Operations,
    table: str,
    role: str,
    privileges: str,
    update_columns: Sequence[str] = (),
) -> None:
    if privileges:
        op.execute(f"grant {privileges} on {table} to {role}")
    if update_columns:
        op.execute(f"grant update ({', '.join(update_columns)}) on {table} to {role}")
