"""A customer's users as the pages show them (pure)."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.environment import role_name
from app.pages.formats import day
from app.pages.tables import Cell, Column, Table, TableQuery, cell, status
from core.periods import local_date
from tenants.reads import UserView

__all__ = ("comes_in_by", "users_table")


def users_table(users: Sequence[UserView], linked: frozenset[str], query: TableQuery, base: str, tz: ZoneInfo) -> Table:
    """Return the users, 50 a page; `linked` are the addresses of those who signed in by the provider."""
    rows, pager = query.page(users)
    return Table(
        id="users",
        caption=_("Users"),
        columns=(
            Column(_("Name")),
            Column(_("Role")),
            Column(_("Comes in by")),
            Column(_("Since")),
            Column(_("Status")),
        ),
        rows=tuple(_row(user, user.email in linked, base, tz) for user in rows),
        pager=pager,
        empty_title=_("No users yet"),
        empty_text=_("Invite the first one above: they get a mail with a link to choose a password."),
    )


def comes_in_by(user: UserView, linked: bool) -> str:
    """Return by what somebody signs in."""
    ways = [_("password")] if user.has_password else []
    ways += [_("single sign-on")] if linked else []
    return ", ".join(ways) or _("has not come in yet")


def _row(user: UserView, linked: bool, base: str, tz: ZoneInfo) -> tuple[Cell, ...]:
    role = role_name(user.role)
    return (
        cell(user.name or user.email, href=f"{base}/{user.id}", sub=user.email if user.name else ""),
        cell(f"{role} ({user.cost_centre})" if user.cost_centre else role),
        cell(comes_in_by(user, linked)),
        cell(day(local_date(user.created_at, tz)), css="nowrap"),
        status(_("Active"), "good") if user.active else status(_("Shut out"), "warn"),
    )
