"""The address where an administrator brings in people and cost centres: checked first, then imported."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import Provide

from app.i18n import gettext as _
from app.pages.formats import quantity
from app.pages.frame import Crumb
from app.pages.visit import Req, TenantVisit
from core.errors import Refused
from tenants.actions.import_organisation import OrganisationImported, import_centres_csv, import_people_csv
from tenants.organisation import CENTRE_HEAD, PERSON_HEAD
from tenants.roles import Permission

__all__ = ("route_handlers",)


@dataclass(frozen=True, slots=True)
class Given:
    """What the form sends: rows that were pasted, or a file, which counts where there is one."""

    kind: str = ""
    rows: bytes = b""
    final: bool = False

    @property
    def text(self) -> str:
        """The rows as the form shows them again, so that what was checked is imported without choosing it twice."""
        return self.rows.decode("utf-8-sig", "replace")


async def given(request: Req) -> Given:
    """Read the form, whichever way it was sent."""
    form = await request.form()
    chosen = form.get("file")
    rows = await chosen.read() if isinstance(chosen, UploadFile) else b""
    kind, act = str(form.get("kind", "")), str(form.get("act", ""))
    return Given(kind, rows or str(form.get("rows", "")).encode(), act == "do")


@get("/admin/{tenant_slug:str}/people/import", sync_to_thread=True)
def asked(visit: TenantVisit) -> Response[str]:
    """The form."""
    visit.need(Permission.PEOPLE_WRITE)
    return _answer(visit, Given())


@post(
    "/admin/{tenant_slug:str}/people/import", sync_to_thread=True, status_code=200,
    dependencies={"said": Provide(given)},
)  # fmt: skip
def send(visit: TenantVisit, said: Given) -> Response[str]:
    """Check a file, or what was pasted, or import it."""
    visit.need(Permission.PEOPLE_WRITE)
    text, dry_run, actor = said.rows, not said.final, visit.principal.actor

    def act() -> OrganisationImported:
        if said.kind == "people":
            return import_people_csv(visit.session, visit.tenant, text, actor, visit.now, dry_run=dry_run)
        return import_centres_csv(visit.session, visit.tenant, text, actor, dry_run=dry_run)

    return _answer(visit, said, visit.attempt(act))


def _answer(visit: TenantVisit, said: Given, done: OrganisationImported | Refused | None = None) -> Response[str]:
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
    counts = {"created": done.created, "changed": done.changed, "unchanged": done.unchanged}
    words = {name: quantity(count) for name, count in counts.items()}
    if done.dry_run:
        text = _("Nothing was changed. It would make %(created)s and change %(changed)s; %(unchanged)s rows are known.")
    else:
        text = _("Done: %(created)s made, %(changed)s changed; %(unchanged)s rows were known.")
    return text % words


route_handlers = (asked, send)
