"""People: found by name, with who carries their cost today (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import dates, day, percent
from app.pages.tables import PAGE_SIZE, Cell, Column, Table, TableQuery, cell, status
from app.pages.words import meter_name
from core.periods import local_date
from plans.api.people import MergeAnswer
from tenants.reads import PersonView

__all__ = ("effects_table", "people_table")

Shares = Sequence[tuple[str, Fraction]]


def people_table(
    people: Sequence[PersonView], centres: Mapping[UUID, Shares], query: TableQuery, now: datetime, tz: ZoneInfo
) -> Table:
    """Return up to 50 people; a full page has a next one, from after its last id on."""
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
        rows=tuple(_row(person, centres[person.id], now, tz) for person in people[:PAGE_SIZE]),
        pager=query.pager_of(people, lambda one: one.id),
        empty_title=_("Nobody found"),
        empty_text=_("People come in by SCIM, by import, or with the first event that names them."),
    )


def effects_table(done: MergeAnswer) -> Table:
    """Return the figures that a merge changes, before and after."""
    return Table(
        id="effects",
        caption=_("Figures that change"),
        columns=(
            Column(_("Meter")),
            Column(_("Period")),
            Column(_("Before"), numeric=True),
            Column(_("After"), numeric=True),
        ),
        rows=tuple(
            (
                cell(meter_name(one.meter)),
                cell(dates(one.period_starts_on, one.period_ends_on)),
                cell(one.before),
                cell(one.after),
            )
            for one in done.effects
        ),
        empty_title=_("No figure changes"),
        empty_text=_("In all periods that are not billed yet, all figures stay as they are."),
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
