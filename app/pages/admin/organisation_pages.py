"""The address where an administrator brings in people and cost centres: checked first, then imported."""

from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from core.clock import utc_now
from core.errors import Refused
from tenants.actions.import_organisation import OrganisationImported, import_centres_csv, import_people_csv
from tenants.organisation import CENTRE_HEAD, PERSON_HEAD
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/{tenant_slug:str}/people/import", sync_to_thread=True)
def asked(visit: TenantVisit) -> Response[str]:
    """The form."""
    visit.need(Permission.PEOPLE_WRITE)
    return _answer(visit, {})


@post("/admin/{tenant_slug:str}/people/import", sync_to_thread=True, status_code=200)
def send(visit: TenantVisit, data: Form) -> Response[str]:
    """Check what was pasted, or import it."""
    visit.need(Permission.PEOPLE_WRITE)
    text, dry_run, actor = data.get("rows", "").encode(), data.get("act") != "do", visit.principal.actor

    def act() -> OrganisationImported:
        if data.get("kind") == "people":
            return import_people_csv(visit.session, visit.tenant, text, actor, utc_now(), dry_run=dry_run)
        return import_centres_csv(visit.session, visit.tenant, text, actor, dry_run=dry_run)

    return _answer(visit, data, visit.attempt(act))


def _answer(
    visit: TenantVisit, said: dict[str, str], done: OrganisationImported | Refused | None = None
) -> Response[str]:
    base = f"/admin/{visit.tenant.slug}/people"
    refusal = done if isinstance(done, Refused) else None
    told = _told(done) if isinstance(done, OrganisationImported) else ""
    return visit.page(
        "admin/organisation.html", "people", *visit.crumbs(Crumb(_("People"), base), Crumb(_("Import"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said, told=told, here=f"{base}/import",
        heads=(",".join(CENTRE_HEAD), ",".join(PERSON_HEAD)),
        checked=isinstance(done, OrganisationImported) and done.dry_run,
    )  # fmt: skip


def _told(done: OrganisationImported) -> str:
    words = {"created": done.created, "changed": done.changed, "unchanged": done.unchanged}
    if done.dry_run:
        text = _("Nothing was changed. It would make %(created)s and change %(changed)s; %(unchanged)s rows are known.")
    else:
        text = _("Done: %(created)s made, %(changed)s changed; %(unchanged)s rows were known.")
    return text % words


route_handlers = (asked, send)
