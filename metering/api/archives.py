"""How long facts stay on line, and which months are in files: GET and PUT /v1/retention, GET /v1/archives."""

from datetime import datetime

from litestar import Controller, get, put
from msgspec import Struct
from sqlalchemy.orm import Session

from core.periods import local_date
from metering.actions.change_retention import change_retention
from metering.reads.archives import ArchiveView, archives, retention_of
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

    @get("/archives", sync_to_thread=True)
    def archives(self, principal: Principal, session: Session, tenant: TenantView) -> ArchivePage:
        """List the months that are, or were, in files, with the hashes by which a file is known."""
        require(principal, Permission.USAGE_READ)
        return ArchivePage([_answer(found, tenant) for found in archives(session, tenant.id)])


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
    )


route_handlers = (ArchiveController,)
