"""Carry out what was asked about archives; safe to repeat, to run twice at once and to kill."""

from collections.abc import Callable
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

from app.archiving import archive_again, archive_dir, settled_until, verify_month
from core.db import Database
from core.errors import Refused
from core.periods import Period, local_date, month_period
from core.scope import GlobalScope, StewardScope
from metering.actions.archive_month import archive_due
from metering.actions.note_archive import note_archive_job
from metering.actions.restore_month import restore_month
from metering.archive.files import AT_ONCE
from metering.reads.archive_jobs import ArchiveJobView, get_archive_job, hold_archive_job, waiting_archive_jobs
from metering.reads.archives import archive_of
from tenants.reads import TenantView, get_tenant

__all__ = ("run_archive_jobs",)

_log = structlog.get_logger("tollbook.archive")


def run_archive_jobs(db: Database) -> None:
    """Do every job that waits, oldest first; a fault in one keeps no other waiting."""
    with db.begin(StewardScope()) as session:
        waiting = waiting_archive_jobs(session)
    for tenant_id, job_id in waiting:
        with db.begin(GlobalScope()) as session:
            tenant = get_tenant(session, tenant_id)
        with db.begin(StewardScope()) as holder:
            if hold_archive_job(holder, job_id) and not get_archive_job(holder, tenant_id, job_id).is_over:
                _Run(db, tenant, job_id).to_its_end()


class _Run:
    """One job in one worker."""

    def __init__(self, db: Database, tenant: TenantView, job_id: UUID) -> None:
        self._db, self._tenant, self._job_id = db, tenant, job_id

    def to_its_end(self) -> None:
        """Do it and note what came of it."""
        try:
            self._change(status="running", done=0, total=0)
            with self._db.begin(StewardScope()) as session:
                job = get_archive_job(session, self._tenant.id, self._job_id)
            self._do(job)
            self._change(status="done")
        except OperationalError as error:  # the database is away: the next time begins again
            _log.warning("archive_job_interrupted", job=str(self._job_id), error=type(error).__name__)
        except Refused as refusal:
            self._fail(refusal.code, refusal.detail)
        except Exception as error:  # noqa: BLE001 - whatever it is, it would come again every few seconds
            _log.error("archive_job_failed", job=str(self._job_id), exc_info=error)
            self._fail("internal_error", "Something went wrong on our side; nothing is lost. Tell support.")

    def _do(self, job: ArchiveJobView) -> None:
        db, tenant, directory = self._db, self._tenant, archive_dir()
        if job.starts_at is None:
            months = archive_due(db, tenant, directory, settled_until(db, tenant), self._behind)
            self._behind(months, months)
            return
        first = local_date(job.starts_at, tenant.tz)
        month = month_period(first.year, first.month, tenant.tz)
        match job.kind:
            case "archive":
                archive_again(db, tenant, month, directory)
                self._behind(1, 1)
            case "verify":
                verified = verify_month(db, tenant, month, directory, self._behind)
                steps = verified.proof.meters + verified.lists
                self._behind(steps, steps)
            case _:
                rows = restore_month(db, tenant, month, directory, (job.created_by, job.reason), self._slices(month))
                self._behind(rows, rows)

    def _slices(self, month: Period) -> Callable[[str], None]:
        """Return what counts the facts that are back."""
        with self._db.begin(StewardScope()) as session:
            found = archive_of(session, self._tenant.id, month)
        total, done = found.rows if found is not None else 0, 0

        def reached(step: str) -> None:
            nonlocal done
            if step == "slice":
                done = min(done + AT_ONCE, total)
                self._behind(done, total)

        return reached

    def _behind(self, done: int, total: int) -> None:
        self._change(done=done, total=total)

    def _fail(self, code: str, detail: str) -> None:
        self._change(status="failed", error_code=code, error_detail=detail)

    def _change(self, **changes: object) -> None:
        note_archive_job(self._db, self._tenant, self._job_id, **changes)
