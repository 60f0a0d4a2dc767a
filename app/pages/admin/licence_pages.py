"""The addresses of licence files in the admin workspace: issued, downloaded, revoked."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import connect_tabs
from app.pages.admin.keys import ending
from app.pages.admin.licences import grants_of, licence_name, licence_plan, licences_table
from app.pages.frame import Crumb
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, confirm_word, cursor_of
from core.errors import InputError, InvalidInput, Refused
from plans.licensing.actions.issue_licence import LicenceWish, issue_licence
from plans.licensing.actions.revoke_licence import revoke_licence
from plans.licensing.errors import LicenceUnknown
from plans.licensing.licences import LICENCE, REVOCATIONS, LicenceView, is_granting, revocation_claims
from plans.licensing.reads import find_licence, licences, revoked_licences
from plans.licensing.signing import signed
from plans.reads import subscriptions
from tenants.errors import FormSentBefore
from tenants.roles import Permission

__all__ = ("route_handlers",)

REASON_MAX = 500
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/{tenant_slug:str}/licence-files", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The form, and the licence files of this customer."""
    visit.need(Permission.LICENCES_READ)
    return _list_answer(visit)


@post("/admin/{tenant_slug:str}/licence-files", sync_to_thread=True)
def issue(visit: TenantVisit, data: Form) -> Response[str] | Redirect:
    """Issue a licence file from now until the end of the named day."""
    visit.need(Permission.LICENCES_WRITE)

    def act() -> LicenceView:
        until = ending(data.get("ends_on", ""), visit.tenant.tz)
        contract, machine = data.get("subscription") or None, data.get("fingerprint", "").strip()
        wish = LicenceWish(contract, data.get("name", "").strip(), None, until, machine)
        return issue_licence(visit.session, visit.tenant, wish, visit.principal.actor, visit.now)

    made = visit.attempt_once(data, act)
    if isinstance(made, Refused):
        return _list_answer(visit, made, None if isinstance(made, FormSentBefore) else data)
    return Redirect(f"{_base(visit)}/{made.id}", status_code=303)


@get("/admin/{tenant_slug:str}/licence-files/revocations", sync_to_thread=True)
def revocations(visit: TenantVisit) -> Response[str]:
    """The signed revocation list as a file."""
    visit.need(Permission.LICENCES_READ)
    found = revoked_licences(visit.session, visit.tenant.id, visit.now)
    claims = revocation_claims(visit.tenant.slug, found, visit.now)
    return _file(signed(REVOCATIONS, claims), f"{visit.tenant.slug}-revocations")


@get("/admin/{tenant_slug:str}/licence-files/{licence_id:uuid}", sync_to_thread=True)
def one(visit: TenantVisit, licence_id: UUID) -> Response[str]:
    """One licence file: what it states, to download or to revoke it."""
    visit.need(Permission.LICENCES_READ)
    return _one_answer(visit, licence_id)


@get("/admin/{tenant_slug:str}/licence-files/{licence_id:uuid}/download", sync_to_thread=True)
def download(visit: TenantVisit, licence_id: UUID) -> Response[str]:
    """The signed file."""
    visit.need(Permission.LICENCES_READ)
    return _file(signed(LICENCE, _found(visit, licence_id).claims), f"{visit.tenant.slug}-licence-{licence_id}")


@post("/admin/{tenant_slug:str}/licence-files/{licence_id:uuid}/revoke", sync_to_thread=True)
def revoke(visit: TenantVisit, licence_id: UUID, data: Form) -> Response[str] | Redirect:
    """Put it on the revocation list."""
    visit.need(Permission.LICENCES_WRITE)

    def act() -> None:
        confirm_word(data, _("revoke"))
        reason = data.get("reason", "").strip() or _("revoked on the page of licence files")
        if len(reason) > REASON_MAX:
            detail = _("Give a reason of at most %(max)s characters.") % {"max": REASON_MAX}
            raise InvalidInput(InputError("/reason", "reason_too_long", detail))
        revoke_licence(visit.session, visit.tenant.id, licence_id, reason, visit.principal.actor, visit.now)

    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _one_answer(visit, licence_id, done)
    return Redirect(f"{_base(visit)}/{licence_id}", status_code=303)


def _list_answer(
    visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None
) -> Response[str]:
    session, tenant = visit.session, visit.tenant
    found = licences(session, tenant.id, cursor_of(visit.query.get("after")), PAGE_SIZE + 1)
    running = [view for view in subscriptions(session, tenant.id, visit.now) if is_granting(view)]
    return visit.page(
        "admin/licences.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Licence files"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said or {}, base=_base(visit),
        table=licences_table(found, visit.query, _base(visit), visit.now, tenant.tz),
        contracts=[(view.key or str(view.id), view.plan_name) for view in running],
        may_issue=visit.may(Permission.LICENCES_WRITE), tabs=connect_tabs(visit, "licence-files"),
    )  # fmt: skip


def _one_answer(visit: TenantVisit, licence_id: UUID, refusal: Refused | None = None) -> Response[str]:
    found = _found(visit, licence_id)
    name = licence_name(found)
    crumbs = visit.crumbs(Crumb(_("Connect")), Crumb(_("Licence files"), _base(visit)), Crumb(name))
    state = found.status(visit.now)
    return visit.page(
        "admin/licence.html", "connect", *crumbs, status=refusal.status if refusal else 200, refusal=refusal,
        licence=found, name=name, plan=licence_plan(found), grants=grants_of(found),
        state=state, tz=visit.tenant.tz, here=f"{_base(visit)}/{licence_id}",
        may_revoke=visit.may(Permission.LICENCES_WRITE) and state in ("valid", "scheduled"),
    )  # fmt: skip


def _found(visit: TenantVisit, licence_id: UUID) -> LicenceView:
    found = find_licence(visit.session, visit.tenant.id, licence_id)
    if found is None:
        raise LicenceUnknown(licence_id)
    return found


def _file(token: str, name: str) -> Response[str]:
    headers = {"Content-Disposition": f'attachment; filename="{name}.jws"', "Cache-Control": "no-store"}
    return Response(token, media_type="application/jose", headers=headers)


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/licence-files"


route_handlers = (listed, issue, revocations, one, download, revoke)
