"""What the worker does for imports; the task finds its own work and is safe to repeat."""

import time

from core.db import Database, database
from core.scope import GlobalScope, StewardScope
from metering.actions.run_import import run_import
from metering.reads.imports import waiting_imports
from tenants.reads import get_tenant

__all__ = ("run_imports",)

_STRETCH_S = 20.0
"""How long one file is worked on before the next has its turn, and the worker's other tasks theirs."""


def run_imports(db: Database | None = None) -> None:
    """Take every import that waits a stretch further."""
    db = db or database()
    with db.begin(StewardScope()) as session:
        waiting = waiting_imports(session)
    for tenant_id, job_id in waiting:
        with db.begin(GlobalScope()) as session:
            tenant = get_tenant(session, tenant_id)
        until = time.monotonic() + _STRETCH_S
        run_import(db, tenant, job_id, go_on=lambda until=until: time.monotonic() < until)  # type: ignore[misc]
