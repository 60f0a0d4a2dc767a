"""Tables as values: sorted, filtered and paged here, shown by one macro, exported from the same rows.

A page's table and its CSV come from the same `Table`, so that a file holds exactly what is shown.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from app.i18n import gettext as _
from app.pages.formats import quantity
from app.pages.words import state_badge

__all__ = (
    "PAGE_SIZE",
    "Cell",
    "Chip",
    "Column",
    "Pager",
    "Table",
    "TableQuery",
    "cell",
    "csv_text",
    "number",
    "status",
)

PAGE_SIZE = 50
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `text` as shown, `plain` as exported (the exact value)."""

    text: str
    href: str | None = None
    sub: str = ""
    tone: str | None = None
    """Not None: the text is shown as a badge of that tone."""
    css: str = ""
    plain: str | None = None
    box: str = ""
    """Not empty: a box of that name stands before the text, to choose the row for an act."""
    act: str = ""
    """Not empty: the text is a button that posts to this address."""


def cell(text: str, href: str | None = None, sub: str = "", css: str = "") -> Cell:
    """Return a cell of text."""
    return Cell(text, href=href, sub=sub, css=css)


def number(text: str, plain: str, href: str | None = None, sub: str = "") -> Cell:
    """Return a cell of a figure: written for reading, exported exactly."""
    return Cell(text, href=href, sub=sub, plain=plain)


def status(text: str, tone: str = "") -> Cell:
    """Return a cell that shows a state as a badge."""
    return Cell(text, tone=tone)


@dataclass(frozen=True, slots=True)
class Column:
    """A column; with a `key` the table can be sorted by it."""

    label: str
    key: str = ""
    numeric: bool = False
    href: str | None = None
    sorted: str = ""
    """`ascending`, `descending` or nothing."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on or off."""

    label: str
    href: str
    current: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class Pager:
    """Where the reader is in a long list."""

    text: str
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """What the table macro shows."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footer: tuple[Cell, ...] = ()
    chips: tuple[Chip, ...] = ()
    pager: Pager | None = None
    export: str | None = None
    empty_title: str = ""
    empty_text: str = ""
    empty_way: tuple[str, str] = ("", "")
    """Address and words of what leads to the first row; nothing where the reader has no way there."""

    @property
    def has_boxes(self) -> bool:
        """Whether rows may be chosen for an act."""
        return any(row[0].box for row in self.rows)


@dataclass(frozen=True, slots=True)
class TableQuery:
    """The reader's wishes about a table, from the address: `?sort=-quantity&after=50&show=excluded`."""

    path: str
    parameters: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, query: Mapping[str, str]) -> "TableQuery":
        """Return the query of a request."""
        return cls(path, tuple(sorted(query.items())))

    def get(self, key: str, default: str = "") -> str:
        """Return one parameter."""
        return dict(self.parameters).get(key, default)

    def href(self, path: str | None = None, **changes: str | None) -> str:
        """Return this address with some parameters changed; None takes one away."""
        merged: dict[str, str | None] = {**dict(self.parameters), **changes}
        kept = {key: value for key, value in merged.items() if value is not None}
        return (path or self.path) + (f"?{urlencode(kept)}" if kept else "")

    def pager(self, after: str | None) -> Pager | None:
        """Return the ways to the first page and to what follows `after`; None where all is on this page."""
        first = self.href(after=None) if self.get("after") else None
        following = self.href(after=after) if after is not None else None
        return Pager("", first, following) if first or following else None

    def pager_of(self, found: Sequence[Row], key: Callable[[Row], object]) -> Pager | None:
        """Return the pager of a list that was read one row further than a page; `key` is where a page goes on."""
        return self.pager(str(key(found[PAGE_SIZE - 1])) if len(found) > PAGE_SIZE else None)

    def states(self, known: Sequence[str]) -> tuple[Chip, ...]:
        """Return the filters by state: all, then each."""
        chosen = self.get("status")
        every = Chip(_("All"), self.href(status=None, after=None), chosen not in known)
        return (
            every,
            *(Chip(state_badge(one)[0], self.href(status=one, after=None), chosen == one) for one in known),
        )

    @property
    def after(self) -> int:
        """How many rows come before the shown page."""
        text = self.get("after")
        return int(text) if text.isdigit() and len(text) < 9 else 0

    def columns(self, *columns: Column) -> tuple[Column, ...]:
        """Return the columns with their sort links: first ascending (figures: descending), then the other way."""
        return tuple(self._sortable(column) for column in columns)

    def _sortable(self, column: Column) -> Column:
        if not column.key:
            return column
        now = self.get("sort")
        first, second = (f"-{column.key}", column.key) if column.numeric else (column.key, f"-{column.key}")
        state = {column.key: "ascending", f"-{column.key}": "descending"}.get(now, "")
        return replace(column, sorted=state, href=self.href(sort=second if now == first else first, after=None))

    def sort(self, rows: Sequence[Row], keys: Mapping[str, Callable[[Row], Any]]) -> list[Row]:
        """Return the rows in the wished order; an unknown wish changes nothing. Ties keep their order."""
        wish = self.get("sort")
        key = keys.get(wish.removeprefix("-"))
        return sorted(rows, key=key, reverse=wish.startswith("-")) if key else list(rows)

    def page(self, rows: Sequence[Row]) -> tuple[Sequence[Row], Pager | None]:
        """Return the rows of the shown page, and the pager where there is more than one."""
        count = len(rows)
        start = self.after if self.after < count else 0
        if count <= PAGE_SIZE:
            return rows, None
        end = min(start + PAGE_SIZE, count)
        text = _("%(first)s–%(last)s of %(count)s") % {
            "first": quantity(start + 1),
            "last": quantity(end),
            "count": quantity(count),
        }
        before = max(0, start - PAGE_SIZE)
        return rows[start:end], Pager(
            text,
            self.href(after=str(before) if before else None) if start else None,
            self.href(after=str(end)) if end < count else None,
        )


def csv_text(table: Table) -> str:
    """Return the table as CSV (RFC 4180), figures exact, with what is shown below a cell beside it.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(column.label for column in table.columns)
    for row in table.rows:
        writer.writerow(one.plain if one.plain is not None else _harmless(_whole(one)) for one in row)
    return out.getvalue()


def _whole(one: Cell) -> str:
    return f"{one.text} ({one.sub})" if one.sub else one.text


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
