"""People: found by name or key, with who carries their cost today (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import dates, day, percent, quantity
from app.pages.tables import PAGE_SIZE, Cell, Chip, Column, Table, TableQuery, cell, status
from app.pages.words import meter_name
from core.periods import local_date
from plans.api.people import MergeAnswer
from tenants.reads import PersonView
from tenants.reads.people_list import PeopleCounts

__all__ = ("Known", "centres_text", "effects_table", "people_table", "shown_name", "standing")

Shares = Sequence[tuple[str, Fraction]]
KEYS_SHOWN = 2
"""So many keys of a person stand in the list; the person's page has all."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the list says of people beside themselves: keys, who carries them today, and who they were found to be."""

    keys: Mapping[UUID, tuple[str, ...]]
    centres: Mapping[UUID, Shares]
    same_as: Mapping[UUID, PersonView]


def people_table(
    people: Sequence[PersonView], known: Known, counts: PeopleCounts, query: TableQuery, now: datetime, tz: ZoneInfo
) -> Table:
    """Return up to 50 people, each leading to their own page; a full page has a next one."""
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
        rows=tuple(_row(person, known, query.path, now, tz) for person in people[:PAGE_SIZE]),
        chips=_chips(counts, query),
        pager=query.pager_of(people, lambda one: one.id),
        empty_title=_("Nobody found"),
        empty_text=_("People come in by SCIM, by import, or with the first event that names them."),
    )


def shown_name(person: PersonView, keys: Sequence[str] = ()) -> str:
    """Return what somebody is called: by name, address or id, else by the first key of a sender."""
    return person.name or person.email or person.external_id or (keys[0] if keys else str(person.id))


def _chips(counts: PeopleCounts, query: TableQuery) -> tuple[Chip, ...]:
    names = (
        ("", _("All"), counts.all),
        ("active", _("Active"), counts.active),
        ("left", _("Left"), counts.left),
        ("merged", _("Somebody else"), counts.merged),
    )
    shown = query.get("show") if query.get("show") in {key for key, _name, _count in names} else ""
    return tuple(
        Chip(name, query.href(show=key or None, after=None), key == shown, quantity(count))
        for key, name, count in names
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


def _row(person: PersonView, known: Known, base: str, now: datetime, tz: ZoneInfo) -> tuple[Cell, ...]:
    keys = known.keys.get(person.id, ())
    return (
        cell(shown_name(person, keys), href=f"{base}/{person.id}", sub=person.email if person.name else ""),
        cell(_keys_text(person, keys)),
        cell(centres_text(known.centres[person.id])),
        cell(day(local_date(person.active_from, tz)), css="nowrap"),
        standing(person, known.same_as.get(person.id), now),
    )


def standing(person: PersonView, survivor: PersonView | None, now: datetime) -> Cell:
    """Return whether somebody is there, has left, or was found to be somebody else."""
    if survivor is not None:
        return status(_("Is %(name)s") % {"name": shown_name(survivor)}, "info")
    left = person.active_to is not None and person.active_to <= now
    return status(_("Left"), "") if left else status(_("Active"), "good")


def _keys_text(person: PersonView, keys: Sequence[str]) -> str:
    told = tuple(dict.fromkeys((*((person.external_id,) if person.external_id else ()), *keys)))
    if len(told) > KEYS_SHOWN:
        words = {"keys": ", ".join(told[:KEYS_SHOWN]), "count": quantity(len(told) - KEYS_SHOWN)}
        return _("%(keys)s and %(count)s more") % words
    return ", ".join(told) or "–"


def centres_text(shares: Shares) -> str:
    """Return which cost centres carry somebody, with their parts where there are several."""
    if not shares:
        return _("unassigned")
    return ", ".join(code if share == 1 else f"{code} {percent(share)}" for code, share in shares)
