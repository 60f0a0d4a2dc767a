"""What each mail says, in the language of who gets it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.i18n import negotiate, use
from app.pages.alert_words import figure_text, subject_text
from app.pages.environment import role_name
from app.pages.formats import dates, day, instant
from core.clock import utc_now
from core.periods import add_months
from core.settings import public_url
from plans.alerts.rules import is_money
from plans.licensing.seats.actions.invite import INVITED
from plans.licensing.seats.links import invitation_link
from plans.licensing.seats.reads import get_invitation
from tenants.invitations import NO_PASSWORD, UserLink, user_link
from tenants.mails.actions.invite_by_mail import PASSWORD_FORGOTTEN, USER_INVITED
from tenants.mails.actions.put_mail import TEST
from tenants.mails.letters import Letter
from tenants.mails.reads import MailView
from tenants.reads import get_account, get_tenant, password_mark, tenant_now
from tenants.roles import Role
from tenants.told import ALERT

__all__ = ("compose", "over")


def compose(mail: MailView) -> Letter | None:
    """Return the text of a mail; None for a kind that only a later release knows.

    Its reader becomes the reader of what runs: a worker writes one mail after the other.
    """
    use(negotiate(mail.language))
    text = _TEXTS.get(mail.kind)
    return text(mail.data) if text else None


def over(session: Session, tenant_id: UUID, mail: MailView) -> str:
    """Return why a mail that waited is not to be sent any more: the invitation was withdrawn, taken or ran out."""
    if mail.kind in (USER_INVITED, PASSWORD_FORGOTTEN):
        link = _user_link(mail.data)
        used = password_mark(session, link.user_id) != link.mark or link.expires_at <= utc_now()
        gone = used or not get_account(session, link.user_id).active
        return "The link is used or over, so that no mail is sent." if gone else ""
    invitation = mail.data.get("invitation") if mail.kind == INVITED else None
    if invitation is None:
        return ""
    now = tenant_now(session, get_tenant(session, tenant_id))
    status = get_invitation(session, tenant_id, UUID(invitation), now).status
    return "" if status == "open" else f"The invitation is {status}, so that no mail is sent."


def _test(_data: dict[str, Any]) -> Letter:
    return Letter(
        _("A mail from Tollbook, to try it"),
        (_("If you can read this, mails arrive. There is nothing to do."),),
        (_("Open Tollbook"), public_url()),
    )


def _alert(data: dict[str, Any]) -> Letter:
    currency = data["currency"] if is_money(data["subject"], data["key"]) else ""
    first = date.fromisoformat(data["period_starts_on"])
    # A mail of the previous release, put before the update and made into text after it, knows months alone.
    after = date.fromisoformat(data["period_ends_on"]) if "period_ends_on" in data else add_months(first, 1)

    def told(name: str) -> str:
        return figure_text(Decimal(data[name]), currency) if data[name] is not None else "–"

    words = {
        "name": data["name"], "subject": subject_text(data["subject"], data["key"], data["cost_centre"]),
        "value": told("value"), "level": told("level"), "limit": told("limit"), "forecast": told("forecast"),
        "period": dates(first, after), "last": day(after - timedelta(days=1)),
    }  # fmt: skip
    if data["when"] == "forecast":
        subject = _("%(name)s: on the way to %(forecast)s by %(last)s")
        text = _("%(subject)s: %(value)s so far, and %(forecast)s by %(last)s if it goes on like this.")
    else:
        # Who tries an alert may do so long before its level is reached.
        reached = data["level"] is not None and Decimal(data["value"]) >= Decimal(data["level"])
        subject = (
            _("%(name)s: level %(level)s reached, %(period)s") if reached else _("%(name)s: %(value)s, %(period)s")
        )
        text = _("%(subject)s: %(value)s so far (%(period)s).")
    parts = [text % words, _("This alert is told from %(level)s on.") % words]
    if data["limit"] is not None:
        parts.append(_("The limit is %(limit)s.") % words)
    parts.append(_("It is told once a period, and again only after the figure has fallen clearly below."))
    subject %= words
    if data.get("test"):
        subject = _("Test: %(subject)s") % {"subject": subject}
        parts.insert(0, _("Somebody asked for this mail to try the alert; nothing has happened."))
    # A mail of the previous release knows no id of its alert.
    page = f"{public_url()}/admin/{data['tenant']}/alerts" + (f"/{data['alert']}" if "alert" in data else "")
    return Letter(subject, tuple(parts), (_("Show the alert"), page))


def _invited(data: dict[str, Any]) -> Letter:
    until = instant(datetime.fromisoformat(data["until"]), ZoneInfo(data["zone"]))
    words = {"pool": data["pool"], "tenant": data["tenant"], "until": until}
    address = invitation_link(UUID(data["tenant_id"]), UUID(data["invitation"])) if "tenant_id" in data else ""
    link = (_("Open the invitation"), address) if address else None
    return Letter(
        _("You are invited to a seat: %(pool)s") % words,
        (
            _("%(tenant)s keeps a seat of “%(pool)s” open for you until %(until)s.") % words,
            _("Open the invitation and accept it, or do so in your learning suite: the seat is yours from then on."),
        ),
        link,
    )


def _user_link(data: dict[str, Any]) -> UserLink:
    # A mail of the previous release has no mark: whoever was invited had no password.
    mark = bytes.fromhex(data["mark"]) if "mark" in data else NO_PASSWORD
    return UserLink(UUID(data["user"]), datetime.fromisoformat(data["until"]), mark)


def _user_invited(data: dict[str, Any]) -> Letter:
    link, role = _user_link(data), data.get("role", Role.TENANT_ADMIN)
    words = {
        "tenant": data["tenant"], "until": instant(link.expires_at, ZoneInfo("UTC")), "role": role_name(role)
    }  # fmt: skip
    subject, text = _("You are invited to Tollbook for %(tenant)s"), _("You come in as: %(role)s.")
    if role == Role.TENANT_ADMIN:
        subject = _("You run Tollbook for %(tenant)s")
        text = _("You are made an administrator of %(tenant)s: usage, seats, bills and who may see them.")
    return Letter(
        subject % words,
        (text % words, _("Choose a password first. The link works once, until %(until)s (UTC).") % words),
        (_("Choose a password"), user_link(link)),
    )


def _password_forgotten(data: dict[str, Any]) -> Letter:
    link = _user_link(data)
    words = {"tenant": data["tenant"], "until": instant(link.expires_at, ZoneInfo("UTC"))}
    return Letter(
        _("Another password for Tollbook"),
        (
            _("Somebody asked for a link by which you choose another password for %(tenant)s.") % words,
            _("It works once, until %(until)s (UTC). If it was not you, there is nothing to do: your password holds.")
            % words,
        ),
        (_("Choose another password"), user_link(link)),
    )


_TEXTS: dict[str, Callable[[dict[str, Any]], Letter]] = {
    TEST: _test, ALERT: _alert, INVITED: _invited, USER_INVITED: _user_invited,
    PASSWORD_FORGOTTEN: _password_forgotten,
}  # fmt: skip
