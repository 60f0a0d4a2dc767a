"""Mails as the page shows them (pure)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import instant
from app.pages.tables import PAGE_SIZE, Cell, Column, Table, TableQuery, cell, status
from app.pages.words import state_badge
from tenants.mails.reads import MailView

__all__ = ("STATES", "mails_table")

STATES = ("due", "sent", "dead")


def mails_table(
    found: Sequence[MailView], query: TableQuery, now: datetime, tz: ZoneInfo, subject: Callable[[MailView], str]
) -> Table:
    """Return up to 50 mails, newest first, with filters by state."""
    return Table(
        id="mails",
        caption=_("Mails"),
        columns=(
            Column(_("Subject")),
            Column(_("To")),
            Column(_("Written")),
            Column(_("Attempts"), numeric=True),
            Column(_("Status")),
        ),
        rows=tuple(_row(one, now, tz, subject(one)) for one in found[:PAGE_SIZE]),
        chips=query.states(STATES),
        pager=query.pager_of(found, lambda one: one.id),
        empty_title=_("No mails here"),
        empty_text=_("Alerts and invitations are sent by mail; each appears here with what became of it."),
    )


def _row(one: MailView, now: datetime, tz: ZoneInfo, subject: str) -> tuple[Cell, ...]:
    again = _("again at %(time)s") % {"time": instant(one.due_at, tz)}
    return (
        cell(subject, sub=one.error),
        cell(one.to or _("no address")),
        cell(instant(one.at, tz), css="nowrap"),
        cell(str(one.attempts), sub=again if one.status == "due" and one.due_at > now else ""),
        status(*state_badge(one.status)),
    )
