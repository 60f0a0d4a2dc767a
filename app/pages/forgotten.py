"""Who forgot their password asks for a link to choose another one: whoever asks is told the same."""

from dataclasses import dataclass
from typing import Annotated

from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from app.dependencies import database_of
from app.i18n import gettext as _
from app.i18n import reader
from app.pages.environment import render
from app.pages.frame import THEMES
from app.pages.visit import Req
from core.clock import utc_now
from core.db import Database
from core.errors import Forbidden, Refused
from core.scope import GlobalScope, TenantScope
from core.settings import mail_server
from tenants.actions.forgotten_password import note_asked, who_forgot
from tenants.actions.invite_user import send_password_link

__all__ = ("route_handlers",)


@dataclass(frozen=True, slots=True)
class ForgottenForm:
    """What the form sends."""

    email: str = ""


Form = Annotated[ForgottenForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/sign-in/forgotten", sync_to_thread=True)
def asked(request: Req) -> Response[str]:
    """Show the form."""
    return _page(request, "")


@post("/sign-in/forgotten", sync_to_thread=True, status_code=200)
def send(request: Req, data: Form) -> Response[str]:
    """Send a link if the address is that of somebody who signs in by password; say the same if not."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden(_("This form was sent from another site. Open Tollbook itself."))
    email = data.email.strip().lower()[:254]
    try:
        _send(database_of(request), email, request.headers.get("accept-language", "")[:100])
    except Refused as refusal:
        return _page(request, email, refusal)
    return _page(request, email, sent=True)


def _send(database: Database, email: str, language: str) -> None:
    now = utc_now()
    with database.begin(GlobalScope()) as session:
        account = who_forgot(session, email, now)
        note_asked(session, email, now)
    if account is not None:
        with database.begin(TenantScope(account.scope_id)) as session:
            send_password_link(session, account.id, language, f"user:{account.id}")


def _page(request: Req, email: str, refusal: Refused | None = None, *, sent: bool = False) -> Response[str]:
    theme = request.cookies.get("theme", "")
    text = render(
        "account/forgotten.html", theme=theme if theme in THEMES else "", reader=reader(), csrf_token="", email=email,
        problem=_(refusal.detail) if refusal else "", sent=sent, unsent=mail_server() is None,
    )  # fmt: skip
    status = refusal.status if refusal else 200
    return Response(text, media_type=MediaType.HTML, status_code=status, headers={"Cache-Control": "no-store"})


route_handlers = (asked, send)
