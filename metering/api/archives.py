"""How long facts stay on line, which months are in files, and what is done about them: /v1/retention, /v1/archives."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post, put
from litestar.params import Parameter
from msgspec import Struct
from sqlalchemy.orm import Session

from core.periods import local_date
from metering.actions.ask_archive import ArchiveWish, ask_archive
from metering.actions.change_retention import change_retention
from metering.archive.months import LEAST_MONTHS, MOST_MONTHS
from metering.ranges import month_of
from metering.reads.archive_jobs import ArchiveJobView, archive_jobs, get_archive_job
from metering.reads.archives import ArchiveView, archives, retention_of
from metering.reads.leaving import SettledUntil, facts_about, leaving_months
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)


class Retention(Struct, forbid_unknown_fields=True):
    """For how many whole months facts stay on line; null: for ever. Keys and figures always stay."""

    keep_months: int | None


class ArchiveAnswer(Struct):
    """A month whose facts are, or were, in a file."""

    month: str
    starts_at: datetime
    ends_at: datetime
    status: str
    """`writing`, `written` (being deleted here), `archived`, `restoring`, `restored` (on line again)."""
    facts: int
    types: dict[str, int]
    sha256: str
    manifest_sha256: str
    measured_at: datetime
    """The cut-off of its figures."""
    checked_at: datetime | None
    """When it was last measured from its files; null: never."""
    differences: list[str] | None
    """What came out otherwise then; empty: nothing."""


class LeavingAnswer(Struct):
    """What a retention would let leave that has never left, if it were set now."""

    keep_months: int
    settled_until: datetime
    """What ended before it will not be measured again for money; months after it stay, whatever is kept."""
    months: list[str]
    facts: int
    """About how many facts are in them."""


class ArchiveAsked(Struct, forbid_unknown_fields=True):
    """What is to be done: `verify` or `restore` a month, `archive` a restored month, or without a month all due."""

    kind: str
    month: str | None = None
    reason: str = ""


class ArchiveJobAnswer(Struct):
    """A job about archives. `done` of `total` months, facts or figures; total is 0 until it is known."""

    id: UUID
    kind: str
    month: str | None
    reason: str
    status: str
    """`queued`, `running`, `done`, `failed`."""
    done: int
    total: int
    error_code: str
    error_detail: str
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class ArchiveJobPage(Struct):
    """The last ones, newest first."""

    jobs: list[ArchiveJobAnswer]


class ArchivePage(Struct):
    """All of them, oldest first."""

    archives: list[ArchiveAnswer]


class ArchiveController(Controller):
    """What leaves the database, and when."""

    path = "/v1"
    tags = ("usage",)

    @get("/retention", sync_to_thread=True)
    def retention(self, principal: Principal, session: Session, tenant: TenantView) -> Retention:
        """Tell for how long the acting customer's facts stay on line."""
        require(principal, Permission.USAGE_READ)
        return Retention(retention_of(session, tenant.id))

    @put("/retention", sync_to_thread=True)
    def change(self, principal: Principal, session: Session, tenant: TenantView, data: Retention) -> Retention:
        """Set for how long the acting customer's facts stay on line: 26 months or more, or null for ever.

        Older months move into files by and by, once nothing that is billed depends on them. Their
        figures are still told; their events stay known and are refused no duplicate.
        """
        require(principal, Permission.TENANTS_WRITE)
        change_retention(session, tenant.id, data.keep_months, principal.actor, tenant_now(session, tenant))
        return data

    @get("/retention/preview", sync_to_thread=True)
    def preview(
        self,
        principal: Principal,
        session: Session,
        tenant: TenantView,
        settled: SettledUntil,
        keep_months: Annotated[int, Parameter(ge=LEAST_MONTHS, le=MOST_MONTHS)],
    ) -> LeavingAnswer:
        """Tell which months would leave if so many were kept; nothing is changed."""
        require(principal, Permission.TENANTS_WRITE)
        until = settled.until(tenant)
        months = leaving_months(session, tenant, keep_months, until)
        names = [f"{local_date(month.starts_at, tenant.tz):%Y-%m}" for month in months]
        return LeavingAnswer(keep_months, until, names, facts_about(session, tenant, months))

    @get("/archives", sync_to_thread=True)
    def archives(self, principal: Principal, session: Session, tenant: TenantView) -> ArchivePage:
        """List the months that are, or were, in files, with the hashes by which a file is known."""
        require(principal, Permission.USAGE_READ)
        return ArchivePage([_answer(found, tenant) for found in archives(session, tenant.id)])

    @post("/archives/jobs", sync_to_thread=True, status_code=202)
    def ask(self, principal: Principal, session: Session, tenant: TenantView, data: ArchiveAsked) -> ArchiveJobAnswer:
        """Have archived months verified, restored or archived again; a worker does it.

        The same job that still waits is answered instead of a second one.
        """
        require(principal, Permission.TENANTS_WRITE)
        month = month_of(data.month, tenant.tz) if data.month is not None else None
        wish = ArchiveWish(data.kind, month, data.reason)
        return _job(ask_archive(session, tenant, wish, principal.actor, tenant_now(session, tenant)), tenant)

    @get("/archives/jobs", sync_to_thread=True)
    def jobs(self, principal: Principal, session: Session, tenant: TenantView) -> ArchiveJobPage:
        """List the last 20 jobs about archives."""
        require(principal, Permission.USAGE_READ)
        return ArchiveJobPage([_job(found, tenant) for found in archive_jobs(session, tenant.id)])

    @get("/archives/jobs/{job_id:uuid}", sync_to_thread=True)
    def job(self, principal: Principal, session: Session, tenant: TenantView, job_id: UUID) -> ArchiveJobAnswer:
        """Tell how far a job is."""
        require(principal, Permission.USAGE_READ)
        return _job(get_archive_job(session, tenant.id, job_id), tenant)


def _job(found: ArchiveJobView, tenant: TenantView) -> ArchiveJobAnswer:
    return ArchiveJobAnswer(
        found.id, found.kind, None if found.starts_at is None else f"{local_date(found.starts_at, tenant.tz):%Y-%m}",
        found.reason, found.status, found.done, found.total, found.error_code, found.error_detail, found.created_by,
        found.created_at, found.finished_at,
    )  # fmt: skip


def _answer(found: ArchiveView, tenant: TenantView) -> ArchiveAnswer:
    return ArchiveAnswer(
        month=f"{local_date(found.month.starts_at, tenant.tz):%Y-%m}",
        starts_at=found.month.starts_at,
        ends_at=found.month.ends_at,
        status=found.status,
        facts=found.rows,
        types=found.types,
        sha256=found.file_sha256,
        manifest_sha256=found.manifest_sha256,
        measured_at=found.measured_at,
        checked_at=found.checked_at,
        differences=found.differences,
    )


route_handlers = (ArchiveController,)
