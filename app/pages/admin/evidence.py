"""Who was counted and why, who was not and why not: one table behind every figure (pure)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.evidence_link import event_address
from app.pages.formats import instant, quantity, quantity_text
from app.pages.tables import Cell, Chip, Column, Table, TableQuery, cell, number
from app.pages.words import entry_reason, exclusion_reason
from metering.ingest.keys import event_uuid
from metering.measurement import Entry, Exclusion, Measurement
from tenants.reads import TenantView

__all__ = ("EvidenceWish", "Readers", "centres_note", "evidence_export", "evidence_table", "unknown_centres")

EntriesOf = Callable[[Sequence[Entry]], Sequence[Entry]]
ExclusionsOf = Callable[[Sequence[Exclusion]], Sequence[Exclusion]]
Names = Callable[[Sequence[UUID]], Mapping[UUID, str]]

MOST_CODES = 10
"""How many codes a sentence names."""
_ENTRY_SORTS: dict[str, Callable[[Entry], object]] = {
    "reason": lambda entry: entry.reason,
    "at": lambda entry: (entry.at is not None, entry.at or datetime.min),  # noqa: DTZ901 - only a stand-in beside None
    "centre": lambda entry: [code or "" for code, _share in entry.cost_centres],
    "quantity": lambda entry: entry.quantity,
}
_EXCLUSION_SORTS: dict[str, Callable[[Exclusion], object]] = {
    "reason": lambda one: one.reason,
    "at": lambda one: (one.at is not None, one.at or datetime.min),  # noqa: DTZ901 - only a stand-in beside None
}


@dataclass(frozen=True, slots=True)
class Readers:
    """How to learn what a measurement does not carry, for the shown rows only."""

    names: Names
    """Names of people, or their pseudonyms where the reader may not see names."""
    entries: EntriesOf
    exclusions: ExclusionsOf
    """The same rows with the sender's event ids."""


@dataclass(frozen=True, slots=True)
class EvidenceWish:
    """What the reader wants to see of a measurement."""

    query: TableQuery
    tenant: TenantView
    export: str | None
    """The address of the same rows as a file."""
    unknown: frozenset[str] = frozenset()
    """Codes that events name and no cost centre has."""
    way: tuple[str, str] = ("", "")
    """Where facts are brought in, where there are none."""

    @property
    def excluded(self) -> bool:
        """Whether those who were not counted are asked for."""
        return self.query.get("show") == "excluded"


def evidence_table(measurement: Measurement, wish: EvidenceWish, readers: Readers) -> Table:
    """Return one page of the rows, sorted and filtered as wished."""
    return _table(measurement, wish, readers, paged=True)


def evidence_export(measurement: Measurement, wish: EvidenceWish, readers: Readers) -> Table:
    """Return all rows of the same filter in the same order, for a file."""
    return _table(measurement, wish, readers, paged=False)


def _table(measurement: Measurement, wish: EvidenceWish, readers: Readers, *, paged: bool) -> Table:
    query = wish.query
    chips = (
        _chip(wish, _("Counted"), len(measurement.entries), excluded=False),
        _chip(wish, _("Not counted"), len(measurement.exclusions), excluded=True),
    )
    if wish.excluded:
        chosen = query.sort(measurement.exclusions, _EXCLUSION_SORTS)
        shown, pager = query.page(chosen) if paged else (chosen, None)
        named = readers.names([row.person_id for row in shown])
        rows = tuple(_exclusion_row(row, named, wish) for row in readers.exclusions(shown))
    else:
        counted = query.sort(measurement.entries, _ENTRY_SORTS)
        page, pager = query.page(counted) if paged else (counted, None)
        named = readers.names([row.person_id for row in page])
        rows = tuple(_entry_row(row, named, wish, measurement.unit) for row in readers.entries(page))
    return Table(
        id="evidence",
        caption=_("Not counted, and why") if wish.excluded else _("Counted, and why"),
        columns=query.columns(*(_exclusion_columns() if wish.excluded else _entry_columns(measurement.unit))),
        rows=rows,
        chips=chips,
        pager=pager,
        export=wish.export,
        empty_title=_("Nobody was left out") if wish.excluded else _("Nobody was counted"),
        empty_text=_("What your systems send, or a file brings, is counted here at once."),
        empty_way=("", "") if wish.excluded else wish.way,
    )


def _chip(wish: EvidenceWish, label: str, count: int, *, excluded: bool) -> Chip:
    href = wish.query.href(show="excluded" if excluded else None, after=None, sort=None)
    return Chip(label, href, wish.excluded == excluded, quantity(count))


def _entry_columns(unit: str) -> tuple[Column, ...]:
    return (
        Column(_("Person")),
        Column(_("Why"), "reason"),
        Column(_("When"), "at"),
        Column(_("Event")),
        Column(_("Cost centre"), "centre"),
        Column(_("Time signed in") if unit == "session" else _("Quantity"), "quantity", numeric=True),
    )


def _exclusion_columns() -> tuple[Column, ...]:
    return (Column(_("Person")), Column(_("Why not"), "reason"), Column(_("When"), "at"), Column(_("Event")))


def unknown_centres(measurement: Measurement, known: Collection[str]) -> tuple[str, ...]:
    """Return the codes by which events of a figure name a cost centre that there is not, ascending."""
    named = {code for entry in measurement.entries for code, _share in entry.cost_centres if code is not None}
    return tuple(sorted(named.difference(known)))


def centres_note(unknown: Sequence[str]) -> str:
    """Return what it means that there are such codes; '' where there are none."""
    if not unknown:
        return ""
    listed = ", ".join(unknown[:MOST_CODES]) + (" …" if len(unknown) > MOST_CODES else "")
    return _(
        "Events name cost centres that there are not: %(codes)s. Figures keep the name; the chargeback holds their"
        " part back as unassigned until there is a cost centre of that code."
    ) % {"codes": listed}


def _entry_row(row: Entry, named: Mapping[UUID, str], wish: EvidenceWish, unit: str) -> tuple[Cell, ...]:
    # A session's part is the time it carried, not a part of the level.
    figure = _duration(row.quantity) if unit == "session" else quantity(row.quantity, 4)
    return (
        cell(named[row.person_id], sub=_dimensions(row)),
        cell(entry_reason(row.reason)),
        _when(row.at, wish.tenant.tz),
        _event(row, wish.tenant.slug),
        _centres(row, wish.unknown),
        number(figure, quantity_text(row.quantity)),
    )


def _exclusion_row(row: Exclusion, named: Mapping[UUID, str], wish: EvidenceWish) -> tuple[Cell, ...]:
    return (
        cell(named[row.person_id]),
        cell(exclusion_reason(row.reason)),
        _when(row.at, wish.tenant.tz),
        _event(row, wish.tenant.slug),
    )


def _when(at: datetime | None, tz: ZoneInfo) -> Cell:
    return Cell(instant(at, tz), css="nowrap", plain=at.isoformat()) if at else cell("–")


def _event(row: Entry | Exclusion, tenant_slug: str) -> Cell:
    """Return the event, with the way to its page; a lease, which was never sent, has none."""
    source, event_id = row.source or "", row.event_id or ""
    sent = bool(event_id) and event_uuid(source, event_id) == row.event_key
    address = event_address(tenant_slug, source, event_id) if sent else None
    return Cell(event_id or "–", address, sub=source, css="event")


def _dimensions(row: Entry) -> str:
    keys = dict(row.keys)
    named = [keys.get(name) for name in ("course_id", "community_id", "pool")]
    return " · ".join(value for value in (*named, *_unlike(keys)) if value)


def _unlike(keys: Mapping[str, str]) -> tuple[str, ...]:
    """Return class and audience where they are not the usual ones: they say why a weight is not 1."""
    usual = {"class": "member", "audience": "employee"}
    return tuple(keys[name] for name, value in usual.items() if keys.get(name, value) != value)


def _centres(row: Entry, unknown: Collection[str]) -> Cell:
    parts = []
    for code, share in row.cost_centres:
        name = code or _("unassigned")
        parts.append(name if share == 1 else f"{name} {quantity(share * 100, 1)}%")
    lost = any(code in unknown for code, _share in row.cost_centres)
    return cell(", ".join(parts), sub=_("no such cost centre") if lost else "")


def _duration(seconds: Fraction) -> str:
    minutes = int(seconds // 60)
    return _("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": f"{minutes % 60:02d}"}
