"""Imports: the list, and one import with its counts and the first rows as events (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from app.i18n import gettext as _
from app.pages.formats import instant, quantity
from app.pages.tables import Cell, Column, Pager, Table, TableQuery, cell, number, status
from app.pages.words import state_badge
from core.errors import Refused
from metering.imports.presets import PRESETS
from metering.reads.imports import ImportView

__all__ = (
    "PAGE",
    "Choice",
    "ImportPageView",
    "Way",
    "import_view",
    "imports_table",
    "preset_choices",
    "preset_name",
    "ways_to_read",
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of file that can be chosen."""

    key: str
    title: str
    text: str
    header: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a file that was refused could be read: the field of the form, its value, and a button's words."""

    field: str
    value: str
    label: str


def ways_to_read(refusal: Refused | None) -> tuple[Way, ...]:
    """Return how else a refused file could be read, as the refusal names it."""
    said = refusal.extra.get("candidates", ()) if refusal is not None else ()
    return tuple(Way(one["parameter"], one["value"], _way_label(one["value"], one["reads"])) for one in said)


def _way_label(value: str, reads: str) -> str:
    words = {
        "day_first": _("Day first"),
        "month_first": _("Month first"),
        "decimal_point": _("Fractions after a point: 1,234.5"),
        "decimal_comma": _("Fractions after a comma: 1.234,5"),
        "comma": _("Separated by commas"),
        "semicolon": _("Separated by semicolons"),
        "tab": _("Separated by tabs"),
        "pipe": _("Separated by vertical bars"),
        "utf-8": _("As UTF-8, and report rows with wrong bytes"),
    }
    if reads:
        return _("“%(text)s” (%(encoding)s)") % {"text": reads, "encoding": value}
    return words.get(value, value)


def preset_choices() -> tuple[Choice, ...]:
    """Return the kinds of files, the commonest first, as they are offered."""
    return tuple(Choice(one.key, _(one.title), _(one.text), one.example) for one in PRESETS.values())


def preset_name(key: str) -> str:
    """Return the name of a kind of file."""
    return _(PRESETS[key].title) if key in PRESETS else _("Own mapping")


def imports_table(found: Sequence[ImportView], query: TableQuery, base: str, tz: ZoneInfo) -> Table:
    """Return up to 50 imports, newest first; one more than that means there is a next page."""
    after = query.after
    following = query.href(after=str(after + PAGE)) if len(found) > PAGE else None
    before = query.href(after=str(max(after - PAGE, 0)) if after > PAGE else None) if after else None
    return Table(
        id="imports",
        caption=_("Imports"),
        columns=(
            Column(_("File")),
            Column(_("Status")),
            Column(_("Sent")),
            Column(_("Rows"), numeric=True),
            Column(_("Accepted"), numeric=True),
            Column(_("Known"), numeric=True),
            Column(_("Not taken"), numeric=True),
        ),
        rows=tuple(_row(one, base, tz) for one in found[:PAGE]),
        pager=Pager("", before, following) if before or following else None,
        empty_title=_("No file yet"),
        empty_text=_("Send one above: it is listed here with what became of its rows."),
    )


def _row(one: ImportView, base: str, tz: ZoneInfo) -> tuple[Cell, ...]:
    kind = preset_name(one.preset)
    return (
        Cell(_name(one), href=f"{base}/{one.id}", sub=f"{kind} · {_('dry run')}" if one.dry_run else kind),
        status(*state_badge(one.status)),
        cell(instant(one.created_at, tz), css="nowrap"),
        _count(one.rows_read),
        _count(one.accepted),
        _count(one.duplicate),
        _count(one.conflict + one.rejected),
    )


def _name(one: ImportView) -> str:
    return one.file_name or _("%(format)s file") % {"format": one.format.upper()}


def _count(value: int) -> Cell:
    return number(quantity(Fraction(value)), str(value))


@dataclass(frozen=True, slots=True)
class ImportPageView:
    """What the page of one import shows."""

    title: str
    kind: str
    status: str
    tone: str
    over: bool
    percent: int
    counts: tuple[tuple[str, str, str], ...]
    """Key, name, figure."""
    facts: tuple[tuple[str, str], ...]
    assumed: tuple[str, ...]
    verdict: tuple[str, str]
    """A sentence and its tone."""
    bad: bool
    preview: Table | None


def import_view(one: ImportView, now: datetime, tz: ZoneInfo, *, named: bool) -> ImportPageView:
    """Return one import; the first rows are for those who may see people."""
    state, tone = state_badge(one.status)
    whole = max(one.rows_expected, one.rows_read, 1)
    return ImportPageView(
        title=_name(one),
        kind=preset_name(one.preset),
        status=state,
        tone=tone,
        over=one.is_over,
        percent=100 if one.status == "done" else min(99, 100 * one.rows_read // whole),
        counts=_counts(one),
        facts=_facts(one, now, tz),
        assumed=one.assumed,
        verdict=_verdict(one),
        bad=bool(one.conflict + one.rejected),
        preview=_preview(one.preview) if named else None,
    )


def _counts(one: ImportView) -> tuple[tuple[str, str, str], ...]:
    accepted = _("Would be accepted") if one.dry_run else _("Accepted")
    named = (
        ("rows_read", _("Rows read"), one.rows_read),
        ("accepted", accepted, one.accepted),
        ("duplicate", _("Known already"), one.duplicate),
        ("conflict", _("In conflict"), one.conflict),
        ("rejected", _("Rejected"), one.rejected),
        ("rows_skipped", _("Skipped rows"), one.rows_skipped),
    )
    return tuple((key, name, quantity(Fraction(value))) for key, name, value in named)


def _facts(one: ImportView, now: datetime, tz: ZoneInfo) -> tuple[tuple[str, str], ...]:
    facts = [
        (_("Kind of file"), preset_name(one.preset)),
        (_("Sent"), instant(one.created_at, tz)),
        (_("Source of the events"), one.source),
    ]
    if one.finished_at is not None:
        facts.append((_("Ended"), instant(one.finished_at, tz)))
    left = one.seconds_left(now)
    if left is not None:
        facts.append((_("Time left"), _("about %(seconds)s seconds") % {"seconds": quantity(Fraction(left))}))
    return tuple(facts)


def _verdict(one: ImportView) -> tuple[str, str]:
    bad = one.conflict + one.rejected
    if one.status == "failed":
        return one.error_detail, "bad"
    if one.status == "cancelled":
        return _("Cancelled: what was taken until then stays. Send the file again to go on."), "warn"
    if one.status != "done":
        return "", ""
    if bad:
        return _("Some rows were not taken. The report names each one and says what to do."), "warn"
    if one.dry_run:
        return _("Everything was checked and nothing stored. Send the file again without the dry run."), "good"
    return _("Every row is in. The same file again, or one that overlaps, counts nothing twice."), "good"


def _preview(rows: Sequence[Any]) -> Table:
    return Table(
        id="preview",
        caption=_("First rows as events"),
        columns=(Column(_("Row")), Column(_("Event")), Column(_("When")), Column(_("Who")), Column(_("What"))),
        rows=tuple(line for row in rows for line in _lines(row)),
        empty_title=_("No rows"),
        empty_text=_("The file has a header and nothing below it."),
    )


def _lines(row: Any) -> list[tuple[Cell, ...]]:
    place = cell(str(row["row"]))
    if row["fault"] is not None:
        fault = row["fault"]
        return [
            (place, status(_("Not taken"), "bad"), cell(""), cell(fault["column"]), Cell(fault["detail"], css="wrap"))
        ]
    if not row["events"]:
        return [(place, status(_("Skipped"), ""), cell(""), cell(""), cell(""))]
    return [_line(place, event) for event in row["events"]]


def _line(place: Cell, event: Any) -> tuple[Cell, ...]:
    data = event.get("data") or {}
    shown = ", ".join(f"{name}: {_value(value)}" for name, value in data.items()) if isinstance(data, dict) else ""
    texts = (str(event.get(name, "")) for name in ("type", "time", "subject"))
    return (place, *(cell(text) for text in texts), Cell(shown, css="wrap"))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
