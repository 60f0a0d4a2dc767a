"""What time makes due in metering: each task finds its own work and is safe to repeat."""

import time
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

from core.clock import utc_now
from core.db import Database, database
from core.errors import Refused
from core.periods import Period
from core.scope import GlobalScope, StewardScope, TenantScope
from metering.actions.backfill_meter import CHUNK, backfill_chunk
from metering.actions.follow_departures import follow_all_departures
from metering.actions.run_import import fail_import, run_import
from metering.reads.custom_meters import custom_meters, unfinished_backfills
from metering.reads.days import Folds
from metering.reads.imports import waiting_imports
from metering.reads.policies import policies_at
from metering.registry import METERS
from tenants.reads import TenantView, get_tenant, list_tenants, tenant_now
from tenants.reads.presence import customers_with_waiting

__all__ = ("backfill_meters", "fold_days", "follow_people", "run_imports")

_log = structlog.get_logger("tollbook.imports")
_STRETCH_S = 20.0
"""How long one file is worked on before the next has its turn, and the worker's other tasks theirs."""
_FOLDED_AHEAD = timedelta(days=62)
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


def follow_people(db: Database | None = None) -> int:
    """Let out who left and in who is back, as events say that nobody followed yet.

    The process that takes an event follows it at once; this is for what it could not, and for imports.
    Safe to repeat, to run twice at once and to kill.

    Returns:
        How many statements were followed.
    """
    db, until, done = db or database(), time.monotonic() + _BUDGET_S, 0
    with db.begin(StewardScope()) as session:
        waiting = customers_with_waiting(session)
    for tenant_id in waiting:
        try:
            done += follow_all_departures(db, tenant_id, lambda: time.monotonic() < until)
        except (Refused, OperationalError) as error:  # nobody else's people wait for it
            _log.warning("people_not_followed", tenant=str(tenant_id), error=type(error).__name__)
    return done


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


def fold_days(db: Database, *, budget_s: float = _BUDGET_S) -> int:
    """Fold what was recorded of the last days of tenants with many facts, before anybody asks.

    Safe to repeat, to run twice at once and to kill: each day is a transaction, and readers fold
    what is missing themselves.

    Returns:
        How many days were folded, each type by itself.
    """
    deadline, folded = time.monotonic() + budget_s, 0
    with db.begin(GlobalScope()) as session:
        tenants = list_tenants(session)
    for tenant in tenants:
        with db.begin(TenantScope(tenant.id)) as session:
            now = tenant_now(session, tenant)
            types = METERS["members.active"].fact_types(policies_at(session, tenant.id, now))
            due = Folds(session, tenant, now).due(types, Period(now - _FOLDED_AHEAD, now))
        for day in reversed(due):
            if time.monotonic() > deadline:
                return folded
            with db.begin(TenantScope(tenant.id)) as session:
                folded += Folds(session, tenant, now).fold(types, day)
    return folded


def _next_chunk(db: Database, tenant_id: UUID, meter_id: UUID, chunk: int) -> bool:
    with db.begin(TenantScope(tenant_id)) as session:
        [meter] = [found.meter for found in custom_meters(session, tenant_id) if found.meter.id == meter_id]
        return backfill_chunk(session, tenant_id, meter, utc_now(), chunk=chunk)
