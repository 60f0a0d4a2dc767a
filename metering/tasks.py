"""What time makes due in metering: each task finds its own work and is safe to repeat."""

import time
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

from core.clock import utc_now
from core.db import Database, database
from core.errors import Refused
from core.scope import GlobalScope, StewardScope, TenantScope
from metering.actions.backfill_meter import CHUNK, backfill_chunk
from metering.actions.run_import import fail_import, run_import
from metering.reads.custom_meters import custom_meters, unfinished_backfills
from metering.reads.imports import waiting_imports
from tenants.reads import TenantView, get_tenant, list_tenants

__all__ = ("backfill_meters", "run_imports")

_log = structlog.get_logger("tollbook.imports")
_STRETCH_S = 20.0
"""How long one file is worked on before the next has its turn, and the worker's other tasks theirs."""
_BUDGET_S = 20.0
"""How long one turn goes on; the next one continues where it stopped."""


def run_imports(db: Database | None = None) -> None:
    """Take every import that waits a stretch further."""
    db = db or database()
    with db.begin(StewardScope()) as session:
        waiting = waiting_imports(session)
    for tenant_id, job_id in waiting:
        with db.begin(GlobalScope()) as session:
            tenant = get_tenant(session, tenant_id)
        _stretch(db, tenant, job_id)


def _stretch(db: Database, tenant: TenantView, job_id: UUID) -> None:
    """Work on one import; a fault in it keeps no other one waiting."""
    until = time.monotonic() + _STRETCH_S
    try:
        run_import(db, tenant, job_id, go_on=lambda: time.monotonic() < until)
    except (Refused, OperationalError) as error:  # the database is away: the next time goes on
        _log.warning("import_interrupted", job=str(job_id), error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - whatever it is, it would come again every two seconds
        _log.error("import_failed", job=str(job_id), exc_info=error)
        fail_import(db, tenant, job_id)


def backfill_meters(db: Database, *, chunk: int = CHUNK, budget_s: float = _BUDGET_S) -> int:
    """Prepare stored facts for custom meters that have not looked at all of them yet.

    Safe to repeat, to run twice at once and to kill: each chunk is a transaction that also keeps
    where it stopped.

    Args:
        db: the database.
        chunk: facts a transaction.
        budget_s: seconds after which no further chunk is begun.

    Returns:
        How many chunks were done.
    """
    deadline, chunks = time.monotonic() + budget_s, 0
    with db.begin(GlobalScope()) as session:
        tenants = tuple(tenant.id for tenant in list_tenants(session))
    with db.begin(StewardScope()) as session:
        waiting = list(unfinished_backfills(session, tenants))
    for tenant_id, meter_id in waiting:
        finished = False
        while not finished and time.monotonic() < deadline:
            finished = _next_chunk(db, tenant_id, meter_id, chunk)
            chunks += 1
    return chunks


def _next_chunk(db: Database, tenant_id: UUID, meter_id: UUID, chunk: int) -> bool:
    with db.begin(TenantScope(tenant_id)) as session:
        [meter] = [found.meter for found in custom_meters(session, tenant_id) if found.meter.id == meter_id]
        return backfill_chunk(session, tenant_id, meter, utc_now(), chunk=chunk)
