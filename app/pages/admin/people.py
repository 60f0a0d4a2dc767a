"""People: found by name, with who carries their cost today (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import day, percent
from app.pages.tables import Cell, Column, Pager, Table, TableQuery, cell, status
from core.periods import local_date
from tenants.reads import PersonView

__all__ = ("PAGE", "people_table")

PAGE = 50
Shares = Sequence[tuple[str, Fraction]]


def people_table(
    people: Sequence[PersonView], centres: Mapping[UUID, Shares], query: TableQuery, now: datetime, tz: ZoneInfo
) -> Table:
    """Return up to 50 people; a full page has a next one, from after its last id on."""
    following = query.href(after=str(people[PAGE - 1].id)) if len(people) > PAGE else None
    shown = people[:PAGE]
    first = query.href(after=None) if query.get("after") else None
    return Table(
        id="people",
        caption=_("People"),
        columns=(
            Column(_("Name")),
            Column(_("Known as")),
            Column(_("Cost centre today")),
            Column(_("Since")),
            Column(_("Status")),
        ),
        rows=tuple(_row(person, centres[person.id], now, tz) for person in shown),
        pager=Pager("", first, following) if first or following else None,
        empty_title=_("Nobody found"),
        empty_text=_("People come in by SCIM, by import, or with the first event that names them."),
    )


def _row(person: PersonView, shares: Shares, now: datetime, tz: ZoneInfo) -> tuple[Cell, ...]:
    left = person.active_to is not None and person.active_to <= now
    return (
        cell(person.name or person.email or person.external_id or "–", sub=person.email if person.name else ""),
        cell(person.external_id or "–"),
        cell(_centres(shares)),
        cell(day(local_date(person.active_from, tz)), css="nowrap"),
        status(_("Left"), "") if left else status(_("Active"), "good"),
    )


def _centres(shares: Shares) -> str:
    if not shares:
        return _("unassigned")
    return ", ".join(code if share == 1 else f"{code} {percent(share)}" for code, share in shares)
