"""The addresses of retention and archives in the admin workspace."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.archives import job_page, jobs_table, kept_text, leaving_text, month_page, months_table
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from core.errors import InputError, InvalidInput, Refused
from core.periods import Period, month_period
from core.settings import archive_directory
from metering.actions.ask_archive import ArchiveWish, ask_archive
from metering.actions.change_retention import change_retention, checked_months
from metering.archive.months import LEAST_MONTHS, MOST_MONTHS
from metering.errors import ArchiveNotFound
from metering.ranges import month_of
from metering.reads.archive_jobs import archive_jobs, get_archive_job
from metering.reads.archives import ArchiveView, archive_of, archives, retention_of
from metering.reads.leaving import SettledUntil, facts_about, leaving_months
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/{tenant_slug:str}/archives", sync_to_thread=True)
def listed(visit: TenantVisit, settled: SettledUntil) -> Response[str]:
    """What is kept, which months are in files; with `keep`, what would leave."""
    visit.need(Permission.USAGE_READ)
    return _list_answer(visit, settled, visit.parameters.get("keep"))


def _list_answer(
    visit: TenantVisit, settled: SettledUntil, keep: str | None, refusal: Refused | None = None
) -> Response[str]:
    may_change, preview = visit.may(Permission.TENANTS_WRITE), None
    if keep is not None and may_change and refusal is None:
        try:
            preview = _preview(visit, settled, _kept(keep))
        except Refused as found:
            refusal = found
    keeps = retention_of(visit.session, visit.tenant.id)
    return visit.page(
        "admin/archives.html", "archives", *visit.crumbs(Crumb(_("Retention"))),
        status=refusal.status if refusal else 200, refusal=refusal, base=_base(visit), kept=kept_text(keeps),
        keep=(keeps or "") if keep is None else keep, least=LEAST_MONTHS, most=MOST_MONTHS, may_change=may_change,
        preview=preview, settled=settled.until(visit.tenant) if may_change else None,
        no_directory=archive_directory() is None, tz=visit.tenant.tz,
        months=months_table(archives(visit.session, visit.tenant.id), visit.query, _base(visit), visit.tenant.tz),
        jobs=jobs_table(archive_jobs(visit.session, visit.tenant.id), _base(visit), visit.tenant.tz),
    )  # fmt: skip


def _kept(text: str) -> int | None:
    """Return how many months a form means; nothing means all."""
    if not text.strip():
        return None
    try:
        return checked_months(int(text))
    except ValueError:
        raise InvalidInput(
            InputError("/keep", "number_invalid", _("Write a whole number of months, or nothing."))
        ) from None


def _preview(visit: TenantVisit, settled: SettledUntil, keep: int | None) -> tuple[str, str]:
    months = leaving_months(visit.session, visit.tenant, keep, settled.until(visit.tenant))
    facts = facts_about(visit.session, visit.tenant, months)
    return kept_text(keep), leaving_text(months, facts, visit.tenant.tz)


@post("/admin/{tenant_slug:str}/archives", sync_to_thread=True)
def change(visit: TenantVisit, settled: SettledUntil, data: Form) -> Response[str] | Redirect:
    """Set how long facts stay on line."""
    visit.need(Permission.TENANTS_WRITE)
    try:
        keep = _kept(data.get("keep", ""))
        change_retention(visit.session, visit.tenant.id, keep, visit.principal.actor, visit.now)
    except Refused as refusal:
        return _list_answer(visit, settled, data.get("keep", ""), refusal)
    return Redirect(_base(visit), status_code=303)


@get("/admin/{tenant_slug:str}/archives/{name:str}", sync_to_thread=True)
def one_month(visit: TenantVisit, name: str) -> Response[str]:
    """One month: its file, what it holds, what checking it found."""
    visit.need(Permission.USAGE_READ)
    return _month_answer(visit, month_of(name, visit.tenant.tz))


def _month_answer(visit: TenantVisit, month: Period, refusal: Refused | None = None) -> Response[str]:
    view = month_page(_archived(visit, month), visit.tenant.tz)
    found = archive_jobs(visit.session, visit.tenant.id, starts_at=month.starts_at)
    crumbs = visit.crumbs(Crumb(_("Retention"), _base(visit)), Crumb(view.title))
    return visit.page(
        "admin/archive.html", "archives", *crumbs, status=refusal.status if refusal else 200, refusal=refusal,
        view=view, base=_base(visit), may_change=visit.may(Permission.TENANTS_WRITE),
        jobs=jobs_table(found, _base(visit), visit.tenant.tz),
    )  # fmt: skip


def _archived(visit: TenantVisit, month: Period) -> ArchiveView:
    found = archive_of(visit.session, visit.tenant.id, month)
    if found is None:
        raise ArchiveNotFound(f"{month.starts_at.astimezone(visit.tenant.tz):%Y-%m}")
    return found


@post("/admin/{tenant_slug:str}/archives/jobs", sync_to_thread=True)
def ask(visit: TenantVisit, settled: SettledUntil, data: Form) -> Response[str] | Redirect:
    """Have months verified, restored, archived again, or all archived that is due."""
    visit.need(Permission.TENANTS_WRITE)
    name = data.get("month", "")
    month = month_of(name, visit.tenant.tz) if name else None
    wish = ArchiveWish(data.get("kind", ""), month, data.get("reason", ""))
    try:
        job = ask_archive(visit.session, visit.tenant, wish, visit.principal.actor, visit.now)
    except Refused as refusal:
        if month is None:
            return _list_answer(visit, settled, None, refusal)
        return _month_answer(visit, month, refusal)
    return Redirect(f"{_base(visit)}/jobs/{job.id}", status_code=303)


@get("/admin/{tenant_slug:str}/archives/jobs/{job_id:uuid}", sync_to_thread=True)
def one_job(visit: TenantVisit, job_id: UUID) -> Response[str]:
    """How far a job is, and what came of it."""
    visit.need(Permission.USAGE_READ)
    job = get_archive_job(visit.session, visit.tenant.id, job_id)
    tz, archived = visit.tenant.tz, None
    if job.starts_at is not None:
        first = job.starts_at.astimezone(tz)
        archived = archive_of(visit.session, visit.tenant.id, month_period(first.year, first.month, tz))
    view = job_page(job, archived, tz)
    crumbs = visit.crumbs(Crumb(_("Retention"), _base(visit)), Crumb(view.title))
    return visit.page("admin/archive_job.html", "archives", *crumbs, view=view, here=visit.path, base=_base(visit))


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/archives"


route_handlers = (listed, change, one_month, ask, one_job)
