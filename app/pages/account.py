"""Signing in and out, the start page, the theme."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.dependencies import COOKIE
from app.i18n import gettext as _
from app.navigation import home_path
from app.pages.frame import THEMES
from app.pages.sign_in import SignInForm, local_path, secure_cookies, session_cookie, sign_in_page
from app.pages.visit import Req
from core.clock import utc_now
from core.db import Database
from core.errors import Forbidden, Refused
from core.scope import GlobalScope
from tenants.actions.sign_in import note_failed_sign_in, sign_in, sign_out
from tenants.actions.start_session import SESSION_LIFE, SignedIn
from tenants.errors import CredentialsWrong
from tenants.principal import Principal
from tenants.reads import get_tenant

__all__ = ("route_handlers",)

YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class ThemeForm:
    """What the theme's buttons send; `csrf_token` is checked before."""

    theme: str = "system"
    back: str = "/"
    csrf_token: str = ""


SignInBody = Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
ThemeBody = Annotated[ThemeForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/", sync_to_thread=True)
def home(principal: Principal, database: Database) -> Redirect:
    """Lead everybody to their own workspace."""
    if principal.tenant_id is None:
        return Redirect(home_path(principal, None), status_code=303)
    with database.begin(GlobalScope()) as session:
        slug = get_tenant(session, principal.tenant_id).slug
    return Redirect(home_path(principal, slug), status_code=303)


@get("/sign-in", sync_to_thread=True)
def sign_in_form(request: Req) -> Response[str]:
    """Show the form, with the button of the organisation that is named, wanted or remembered."""
    return sign_in_page(request, SignInForm(next=request.query_params.get("next", "/")))


@post("/sign-in", sync_to_thread=True)
def sign_in_send(request: Req, database: Database, data: SignInBody) -> Response[str] | Redirect:
    """Start a session and lead on; a refusal shows the form again."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden(_("This form was sent from another site. Open Tollbook itself and sign in there."))
    try:
        signed_in = _sign_in(database, data)
    except Refused as refusal:
        return sign_in_page(request, data, refusal)
    answer = Redirect(local_path(data.next), status_code=303)
    answer.set_cookie(session_cookie(request, signed_in.token, int(SESSION_LIFE.total_seconds())))
    return answer


@post("/sign-out", sync_to_thread=True)
def sign_out_send(request: Req, principal: Principal, database: Database) -> Redirect:  # noqa: ARG001 - checks the token
    """End the session."""
    with database.begin(GlobalScope()) as session:
        sign_out(session, request.cookies.get(COOKIE, ""))
    answer = Redirect("/sign-in", status_code=303)
    answer.set_cookie(session_cookie(request, "", 0))
    return answer


@post("/account/theme", sync_to_thread=True)
def theme_send(request: Req, principal: Principal, data: ThemeBody) -> Redirect:  # noqa: ARG001 - checks the token
    """Remember light, dark or as the system, for readers without JavaScript."""
    chosen = data.theme if data.theme in THEMES else ""
    answer = Redirect(local_path(data.back), status_code=303)
    secure = secure_cookies(request)
    answer.set_cookie(
        Cookie("theme", value=chosen, max_age=YEAR_S if chosen else 0, samesite="lax", secure=secure, httponly=False)
    )
    return answer


def _sign_in(database: Database, data: SignInForm) -> SignedIn:
    now = utc_now()
    try:
        with database.begin(GlobalScope()) as session:
            return sign_in(session, data.email, data.password, now)
    except CredentialsWrong:
        # The transaction above rolled back; the failed attempt must be remembered all the same.
        with database.begin(GlobalScope()) as session:
            note_failed_sign_in(session, data.email, now)
        raise


route_handlers = (home, sign_in_form, sign_in_send, sign_out_send, theme_send)
