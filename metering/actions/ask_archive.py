"""Ask that something be done about archives: a worker does it, and tells how far it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.periods import Period, local_date
from metering.archive.months import GONE
from metering.errors import ArchiveNotFound, ArchiveUnready
from metering.reads.archive_jobs import ArchiveJobView, get_archive_job, waiting_archive_job
from metering.reads.archives import archive_of
from metering.store import add_archive_job
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("KINDS", "ArchiveWish", "ask_archive")

KINDS = ("archive", "verify", "restore")
_REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class ArchiveWish:
    """What is asked: `archive` (a restored month again, or without a month all that is due), `verify`, `restore`."""

    kind: str
    month: Period | None
    reason: str = ""


def ask_archive(session: Session, tenant: TenantView, wish: ArchiveWish, actor: str, now: datetime) -> ArchiveJobView:
    """Queue a job; the same one that still waits is returned instead of a second.

    Raises:
        InvalidInput: no such kind, no month, or no reason to restore (`invalid_input`).
        ArchiveNotFound: the month is not in a file (`not_found`).
        ArchiveUnready: only restored months are archived by hand (`archive_unready`).
    """
    _check(session, tenant, wish)
    starts_at = wish.month.starts_at if wish.month else None
    waiting = waiting_archive_job(session, tenant.id, wish.kind, starts_at)
    if waiting is not None:
        return waiting
    job_id = new_id()
    add_archive_job(session, {
        "tenant_id": tenant.id, "id": job_id, "kind": wish.kind, "starts_at": starts_at, "reason": wish.reason.strip(),
        "status": "queued", "done": 0, "total": 0, "error_code": "", "error_detail": "", "created_by": actor,
        "created_at": now, "finished_at": None,
    })  # fmt: skip
    detail = {"kind": wish.kind, "month": _name(wish.month, tenant), "reason": wish.reason.strip()}
    record_audit(session, tenant.id, actor, "ask_archive", ("archive_job", str(job_id)), detail)
    return get_archive_job(session, tenant.id, job_id)


def _check(session: Session, tenant: TenantView, wish: ArchiveWish) -> None:
    if wish.kind not in KINDS:
        raise InvalidInput(InputError("/kind", "kind_unknown", f"Give one of {', '.join(KINDS)}."))
    if len(wish.reason) > _REASON_MAX or (wish.kind == "restore" and not wish.reason.strip()):
        detail = f"Say why the month comes back, in at most {_REASON_MAX} characters: it is audited."
        raise InvalidInput(InputError("/reason", "reason_missing", detail))
    if wish.month is None:
        if wish.kind != "archive":
            raise InvalidInput(InputError("/month", "month_missing", "Name a month, for instance 2023-05."))
        return
    found = archive_of(session, tenant.id, wish.month)
    if found is None or (wish.kind != "archive" and found.status not in GONE):
        raise ArchiveNotFound(_name(wish.month, tenant))
    if wish.kind == "archive" and found.status != "restored":
        raise ArchiveUnready(
            "Only a month that was restored is archived by hand; others leave by the retention, oldest first."
        )


def _name(month: Period | None, tenant: TenantView) -> str:
    return "" if month is None else f"{local_date(month.starts_at, tenant.tz):%Y-%m}"
