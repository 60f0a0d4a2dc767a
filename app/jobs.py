"""The jobs that time starts, as plain functions: the worker, the command line and tests run the same."""

from datetime import timedelta

from app.archiving import archive_facts
from billing.actions.bill_due import BEAT, bill_due
from core.clock import utc_now
from core.db import database
from core.scope import StewardScope
from core.settings import load_settings
from metering.tasks import backfill_meters, fold_days
from tenants.actions.purge_expired import purge_expired
from tenants.actions.seal_audit import seal_audit
from tenants.reads import tenants_with_unsealed_audit

__all__ = (
    "archive_what_may_leave",
    "bill_what_is_due",
    "fold_ended_days",
    "prepare_meters",
    "purge_what_expired",
    "seal_audit_trails",
)

IDEMPOTENCY_LIFE = timedelta(days=30)


def bill_what_is_due() -> None:
    """Bill every period that ended and whose grace has passed."""
    bill_due(database(), actor=BEAT)


def fold_ended_days() -> None:
    """Fold the facts of days that have ended, so that nobody waits for it."""
    fold_days(database())


def prepare_meters() -> None:
    """Look at stored facts for custom meters that were defined after them."""
    backfill_meters(database())


def seal_audit_trails() -> None:
    """Chain what was committed to the audit trails since the last time."""
    db = database()
    with db.begin(StewardScope()) as session:
        found = tenants_with_unsealed_audit(session)
    for tenant_id in found:
        with db.begin(StewardScope()) as session:
            seal_audit(session, tenant_id, utc_now())


def archive_what_may_leave() -> None:
    """Move facts that are older than their tenant keeps them on line into files, where a directory is set."""
    directory = load_settings().archive_dir
    if directory is not None:
        archive_facts(database(), directory)


def purge_what_expired() -> None:
    """Delete browser sessions, idempotency records and sign-in attempts that have served."""
    now = utc_now()
    with database().begin(StewardScope()) as session:
        purge_expired(session, now, now - IDEMPOTENCY_LIFE)
