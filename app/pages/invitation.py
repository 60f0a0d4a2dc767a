"""The page of who is invited to a seat: opened by its link alone, and accepted there."""

from uuid import UUID

from litestar import MediaType, Response, get, post

from app.i18n import gettext as _
from app.i18n import reader
from app.pages.environment import render
from app.pages.formats import instant
from app.pages.frame import THEMES
from app.pages.visit import Req
from core.db import Database
from core.errors import Forbidden, Refused
from core.scope import GlobalScope, TenantScope
from plans.licensing.seats.actions.invite import activate_invitation
from plans.licensing.seats.links import named_by
from plans.licensing.seats.reads import find_pool, get_invitation
from tenants.reads import get_person, get_tenant, tenant_now

__all__ = ("route_handlers",)


@get("/invitations/{token:str}", sync_to_thread=True)
def shown(request: Req, database: Database, token: str) -> Response[str]:
    """Show to what somebody is invited, by whom and until when. To look takes no seat."""
    return _answer(request, database, *named_by(token))


@post("/invitations/{token:str}", sync_to_thread=True, status_code=200)
def accepted(request: Req, database: Database, token: str) -> Response[str]:
    """Take the seat, once. The link is the proof of who asks, so that no form's token is needed."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden(_("This form was sent from another site. Open the link of the invitation itself."))
    tenant_id, invitation_id = named_by(token)
    try:
        with database.begin(GlobalScope()) as session:
            tenant = get_tenant(session, tenant_id)
        with database.begin(TenantScope(tenant_id)) as session:
            now = tenant_now(session, tenant)
            found = get_invitation(session, tenant_id, invitation_id, now)
            if found.status == "open":  # a seat that was taken back later does not come again by an old link
                activate_invitation(session, tenant, invitation_id, f"person:{found.person_id}", now)
    except Refused as refusal:
        return _answer(request, database, tenant_id, invitation_id, refusal)
    return _answer(request, database, tenant_id, invitation_id)


def _answer(
    request: Req, database: Database, tenant_id: UUID, invitation_id: UUID, refusal: Refused | None = None
) -> Response[str]:
    with database.begin(GlobalScope()) as session:
        tenant = get_tenant(session, tenant_id)
    with database.begin(TenantScope(tenant_id)) as session:
        found = get_invitation(session, tenant_id, invitation_id, tenant_now(session, tenant))
        pool, person = find_pool(session, tenant_id, found.pool), get_person(session, tenant_id, found.person_id)
    theme = request.cookies.get("theme", "")
    text = render(
        "account/invitation.html", theme=theme if theme in THEMES else "", reader=reader(), csrf_token="",
        tenant=tenant.name, pool=pool.name, person=person.name, status=found.status,
        until=instant(found.expires_at, tenant.tz), problem=_problem(refusal),
    )  # fmt: skip
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    return Response(text, media_type=MediaType.HTML, status_code=refusal.status if refusal else 200, headers=headers)


def _problem(refusal: Refused | None) -> str:
    """Say why there is no seat now, without what an administrator alone may know."""
    if refusal is None or refusal.code == "seat_invitation_over":
        return ""
    if refusal.code in ("seat_pool_full", "seat_cooling_down"):
        return _("Every seat is taken now. The invitation stays open: try again later, or ask who invited you.")
    return _("You cannot take the seat now. Ask who invited you.")


route_handlers = (shown, accepted)
