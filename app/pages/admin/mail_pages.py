"""The addresses of mails in the admin workspace: what was sent, a test, and once more."""

from collections.abc import Callable
from typing import Annotated

import structlog
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.i18n import reader, use
from app.mails import compose
from app.pages.admin.connect import connect_tabs
from app.pages.admin.mails import mails_table
from app.pages.frame import Crumb
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, cursor_of
from core.clock import utc_now
from core.errors import Refused
from core.settings import mail_server
from tenants.mails.actions.put_mail import put_test_mail
from tenants.mails.actions.send_again import send_dead_again
from tenants.mails.reads import MailView, given_up_mails, mails, sender_refused, waiting_mails
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
_log = structlog.get_logger("tollbook.mails")


@get("/admin/{tenant_slug:str}/mails", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The mails, and whether a server sends them."""
    visit.need(Permission.CONNECT_WRITE)
    return _answer(visit)


@post("/admin/{tenant_slug:str}/mails/test", sync_to_thread=True)
def test(visit: TenantVisit, data: Form) -> Answer:
    """Send something to an address, to try it."""
    language = visit.request.headers.get("accept-language", "")[:100]
    to = data.get("to", "").strip()
    return _act(visit, lambda: put_test_mail(visit.session, visit.tenant.id, to, language, utc_now()), data)


@post("/admin/{tenant_slug:str}/mails/replay", sync_to_thread=True)
def again(visit: TenantVisit, data: Form) -> Answer:
    """Send what was given up."""
    return _act(visit, lambda: send_dead_again(visit.session, visit.tenant.id, utc_now()), data)


def _act(visit: TenantVisit, act: Callable[[], object], data: dict[str, str]) -> Answer:
    visit.need(Permission.CONNECT_WRITE)
    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _answer(visit, done, data)
    return Redirect(_base(visit), status_code=303)


def _answer(visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None) -> Response[str]:
    found = mails(
        visit.session, visit.tenant.id, status=visit.query.get("status"), before=cursor_of(visit.query.get("after")),
        limit=PAGE_SIZE + 1,
    )  # fmt: skip
    server = mail_server()
    return visit.page(
        "admin/mails.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Mails"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said or {}, base=_base(visit),
        refused=sender_refused(visit.session, visit.tenant.id), sender=server.sender if server else "",
        folder=server.folder if server else "",
        waiting=waiting_mails(visit.session, visit.tenant.id), given_up=given_up_mails(visit.session, visit.tenant.id),
        table=mails_table(found, visit.query, utc_now(), visit.tenant.tz, _subject),
        tabs=connect_tabs(visit, "mails"),
    )  # fmt: skip


def _subject(mail: MailView) -> str:
    """Return the subject as its reader gets it, and leave this page its own reader.

    Of a mail of which no text can be made, for it lacks a figure, the page says so and shows all others.
    """
    here, subject = reader(), ""
    try:
        letter = compose(mail)
        subject = letter.subject if letter else mail.kind
    except Exception as error:  # noqa: BLE001 - the worker gives such a mail up: its page is where that is read
        _log.error("mail_not_shown", mail=str(mail.id), kind=mail.kind, exc_info=error)
    finally:
        use(here)
    missing = _("No text can be made of this mail (%(kind)s): something that it tells is missing.")
    return subject or missing % {"kind": mail.kind}


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/mails"


route_handlers = (listed, test, again)
