"""Note what is done about archives: how far a job is, and what checking a month found."""

from collections.abc import Sequence
from uuid import UUID

from core.db import Database
from core.periods import Period
from core.scope import StewardScope
from metering.store import mark_checked, move_archive_job
from tenants.reads import TenantView, tenant_now

__all__ = ("note_archive_check", "note_archive_job")


def note_archive_job(db: Database, tenant: TenantView, job_id: UUID, **changes: object) -> None:
    """Change what is told of a job that is not over; `done` and `failed` end it. A transaction of its own."""
    with db.begin(StewardScope()) as session:
        if changes.get("status") in ("done", "failed"):
            changes["finished_at"] = tenant_now(session, tenant)
        move_archive_job(session, tenant.id, job_id, **changes)


def note_archive_check(db: Database, tenant: TenantView, month: Period, differences: Sequence[str]) -> None:
    """Keep with a month what measuring it from its files found. A transaction of its own."""
    with db.begin(StewardScope()) as session:
        mark_checked(session, (tenant.id, month.starts_at), tenant_now(session, tenant), differences)
