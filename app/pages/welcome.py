"""The page of who was made a user or forgot their password: the mail's link alone opens it, and one is chosen there."""

from typing import Annotated

from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.i18n import reader
from app.pages.environment import render, role_name
from app.pages.frame import THEMES
from app.pages.sign_in import session_cookie
from app.pages.visit import Req
from core.clock import utc_now
from core.db import Database
from core.errors import Forbidden, InvalidInput, Refused
from core.scope import GlobalScope, TenantScope
from tenants.actions.invite_user import choose_password
from tenants.actions.start_session import SESSION_LIFE, start_session
from tenants.errors import UserInvitationOver
from tenants.invitations import UserLink, read_user_link
from tenants.reads import Account, get_account, house_of, password_mark

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/welcome/{token:str}", sync_to_thread=True)
def shown(request: Req, database: Database, token: str) -> Response[str]:
    """Say for which customer, and as whom. To look uses nothing up."""
    link = read_user_link(token)
    account, house, mark = _invited(database, link)
    over = mark != link.mark or not account.active or utc_now() >= link.expires_at
    return _page(request, account, house, UserInvitationOver() if over else None)


@post("/welcome/{token:str}", sync_to_thread=True)
def chosen(request: Req, database: Database, token: str, data: Form) -> Response[str] | Redirect:
    """Take the password, once, and let them in. The link is the proof of who asks: no form's token is needed."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden(_("This form was sent from another site. Open the link of the invitation itself."))
    link, now = read_user_link(token), utc_now()
    account, house, _mark = _invited(database, link)
    try:
        with database.begin(TenantScope(account.scope_id)) as session:
            choose_password(session, link, data.get("password", ""), now)
            signed_in = start_session(session, account.id, now)
    except Refused as refusal:
        return _page(request, account, house, refusal)
    answer = Redirect("/", status_code=303)
    answer.set_cookie(session_cookie(request, signed_in.token, int(SESSION_LIFE.total_seconds())))
    return answer


def _invited(database: Database, link: UserLink) -> tuple[Account, str, bytes]:
    with database.begin(GlobalScope()) as session:
        account = get_account(session, link.user_id)
        return account, house_of(session, account), password_mark(session, link.user_id)


def _page(request: Req, account: Account, house: str, refusal: Refused | None) -> Response[str]:
    theme, over = request.cookies.get("theme", ""), isinstance(refusal, UserInvitationOver)
    text = render(
        "account/welcome.html", theme=theme if theme in THEMES else "", reader=reader(), csrf_token="",
        tenant=house, email=account.email, role=role_name(account.role), anew=account.has_password, over=over,
        fault=_("Use at least 10 characters.") if isinstance(refusal, InvalidInput) else "",
    )  # fmt: skip
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    return Response(text, media_type=MediaType.HTML, status_code=refusal.status if refusal else 200, headers=headers)


route_handlers = (shown, chosen)
