"""The very statements that a read of the product sends, and what they take in the server."""

from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bench.stand import Stand
from core.scope import TenantScope
from tenants.reads import TenantView

__all__ = ("Statement", "recorded", "server_ms")

Statement = tuple[str, Any]


def recorded(stand: Stand, tenant: TenantView, read: Callable[[Session], object]) -> list[Statement]:
    """Return the statements that a read in the tenant's scope sends, in their order; writes are left out."""
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().lower().startswith(("select", "with")):
            sent.append((statement, parameters))

    engine: Engine = stand.db.app
    event.listen(engine, "before_cursor_execute", note)
    try:
        with stand.db.begin(TenantScope(tenant.id)) as session:
            read(session)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sent


def server_ms(connection: psycopg.Connection[Any], statement: str, parameters: Any) -> float:
    """Return planning and execution as the server measures them."""
    row = connection.execute(f"explain (analyze, timing off, format json) {statement}", parameters).fetchone()
    assert row is not None
    (plan,) = row[0]
    return float(plan["Planning Time"] + plan["Execution Time"])
