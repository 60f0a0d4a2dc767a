"""People and cost centres as CSV files say them: read row by row, every fault with its row (pure)."""

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from core.errors import InputError, InvalidInput
from core.periods import said_day
from tenants.people import AUDIENCES, PERSON_CLASSES

__all__ = (
    "CENTRE_HEAD",
    "FAULTS_MAX",
    "HEADCOUNT_MAX",
    "PERSON_HEAD",
    "TEXT_MAX",
    "CentreRow",
    "Node",
    "PersonRow",
    "centre_fault",
    "is_name",
    "overlap_faults",
    "read_centres",
    "read_people",
    "there_on",
    "tree_faults",
)

ROWS_MAX = 10_000
FAULTS_MAX = 1_000
TEXT_MAX = 500
"""Characters of a value: a database's index takes not many more."""
HEADCOUNT_MAX = 10_000_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
R = TypeVar("R")
CENTRE_HEAD = ("code", "name", "parent", "valid_from", "valid_to", "headcount")
PERSON_HEAD = (
    "key", "name", "email", "class", "audience", "active_from", "cost_centre", "valid_from", "valid_to", "active_to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CentreRow:
    """A node of the tree for local dates `[valid_from, valid_to)`; `row` is its line, the head being 1."""

    row: int
    code: str
    name: str
    parent: str | None
    valid_from: date
    valid_to: date | None
    headcount: int | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person, and who carries them over local dates `[valid_from, valid_to)` where a centre is named."""

    row: int
    key: str
    name: str
    email: str
    person_class: str | None
    """None: not said."""
    audience: str | None
    active_from: date
    cost_centre: str | None
    valid_from: date
    valid_to: date | None
    active_to: date | None = None
    """The first day on which they are gone."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that is known already, or comes with row `row` of the file."""

    code: str
    parent: str | None
    valid_from: date
    valid_to: date | None
    row: int | None = None


class _Row:
    """One row while it is read; its faults are kept."""

    def __init__(self, number: int, values: dict[str, str], faults: list[InputError]) -> None:
        self.number, self._values, self._faults = number, values, faults

    def text(self, name: str) -> str:
        return self._values.get(name, "")

    def needed(self, name: str) -> str:
        if not self.text(name):
            self.fault(f"{name}_missing", f"give a {name}.")
        return self.text(name)

    def day(self, name: str, otherwise: date | None = None) -> date | None:
        text = self.text(name)
        if not text:
            return otherwise
        try:
            return said_day(text)
        except ValueError:
            self.fault("date_invalid", f"write {name} as 2026-01-31, not '{text[:40]}'.")
            return otherwise

    def start(self, name: str, otherwise: date | None = None) -> date:
        found = self.day(name, otherwise)
        if found is None and not self.text(name):
            self.fault(f"{name}_missing", f"give {name} as 2026-01-31.")
        return found or date.min

    def fault(self, code: str, text: str) -> None:
        self._faults.append(_fault(self.number, code, text))


def _fault(row: int, code: str, text: str) -> InputError:
    return InputError(f"/{row}", code, f"Row {row}: {text}")


def is_name(text: str) -> bool:
    """Tell whether a text can name somebody or something: 1 to 500 characters, no line break or control character."""
    return bool(text.strip()) and len(text) <= TEXT_MAX and not _CONTROL.search(text)


def centre_fault(code: str, name: str, valid_from: date, valid_to: date | None) -> str | None:
    """Return what is wrong with a cost centre by itself, if anything."""
    if len(name) > TEXT_MAX:
        return f"Give a name of at most {TEXT_MAX} characters."
    if not is_name(code) or code.startswith("~"):
        return f"Give a code of 1 to {TEXT_MAX} characters that does not begin with ~ and has no line break in it."
    return "valid_to must be after valid_from." if valid_to is not None and valid_to <= valid_from else None


def read_centres(body: bytes) -> list[CentreRow]:
    """Return the cost centres of a file with the head `code,name,parent,valid_from,valid_to,headcount`.

    Raises:
        InvalidInput: it is no such file; each bad row is named, up to 1,000 (`invalid_input`).
    """

    def one(row: _Row) -> CentreRow:
        code = row.needed("code")
        if code.startswith("~"):
            row.fault("code_reserved", "a code must not begin with ~.")
        headcount = row.text("headcount")
        if headcount and not (headcount.isdecimal() and len(headcount) < 10 and int(headcount) <= HEADCOUNT_MAX):
            row.fault("headcount_invalid", f"write the headcount as a whole number of at most {HEADCOUNT_MAX:,}.")
            headcount = ""
        first, end = row.start("valid_from"), row.day("valid_to")
        _check_span(row, first, end)
        return CentreRow(
            row.number, code, row.needed("name"), row.text("parent") or None, first, end,
            int(headcount) if headcount else None,
        )  # fmt: skip

    found, faults = _read(body, CENTRE_HEAD, ("code", "name", "valid_from"), one)
    seen: dict[tuple[str, date], int] = {}
    for each in found:
        before = seen.setdefault((each.code, each.valid_from), each.row)
        if before != each.row:
            faults.append(
                _fault(each.row, "row_twice", f"'{each.code}' from {each.valid_from} is in row {before} too.")
            )
    _refuse(faults)
    return found


def read_people(body: bytes) -> list[PersonRow]:
    """Return the people of a file, and who carries them.

    The head is `key,name,email,class,audience,active_from,cost_centre,valid_from,valid_to,active_to`. Several
    rows of one key are several assignments; `valid_from` is `active_from` where it is empty.

    Raises:
        InvalidInput: as above.
    """

    def one(row: _Row) -> PersonRow:
        kind, audience = row.text("class") or None, row.text("audience") or None
        if kind is not None and kind not in PERSON_CLASSES:
            row.fault("class_unknown", f"use a class of {', '.join(PERSON_CLASSES)}.")
        if audience is not None and audience not in AUDIENCES:
            row.fault("audience_unknown", f"use an audience of {', '.join(AUDIENCES)}.")
        active_from = row.start("active_from")
        first, end, gone = row.start("valid_from", active_from), row.day("valid_to"), row.day("active_to")
        if gone is not None and gone <= active_from:
            row.fault("date_invalid", "active_to must be after active_from.")
        _check_span(row, first, end)
        return PersonRow(
            row.number, row.needed("key"), row.text("name"), row.text("email"), kind, audience, active_from,
            row.text("cost_centre") or None, first, end, gone,
        )  # fmt: skip

    found, faults = _read(body, PERSON_HEAD, ("key", "active_from"), one)
    _refuse(faults)
    return found


def overlap_faults(people: Iterable[Sequence[PersonRow]]) -> list[InputError]:
    """Return of each person's assignments those that share their first day with another, each once: the later row.

    An open one that a later one follows is a move, and no fault. In order of time it is enough to look at
    the one before and at the one that ends last so far, however many there are.
    """
    faults = []
    for rows in people:
        before: PersonRow | None = None
        longest: PersonRow | None = None
        end = date.min
        for row in sorted(rows, key=lambda one: (one.valid_from, one.row)):
            if before is not None and before.valid_from == row.valid_from:
                faults.append(_overlap(before, row))
            elif longest is not None and row.valid_from < end:
                faults.append(_overlap(longest, row))
            if row.valid_to is not None and row.valid_to > end:
                longest, end = row, row.valid_to
            before = row
    return faults


def _overlap(one: PersonRow, other: PersonRow) -> InputError:
    first, second = sorted((one.row, other.row))
    text = f"'{other.key}' is assigned on {other.valid_from} by row {first} too."
    return _fault(second, "assignment_overlap", text)


def there_on(spans: Iterable[tuple[str, date, date | None]]) -> Callable[[str, date], bool]:
    """Return whether a code is there on a day, for any number of questions; spans are `[first, end)`, None is open.

    >>> there_on([("it", date(2026, 1, 1), date(2026, 3, 1))])("it", date(2026, 3, 1))
    False
    """
    begins: dict[str, list[date]] = {}
    lasts: dict[str, list[date]] = {}
    for code, first, end in sorted(spans, key=lambda span: span[:2]):
        until = date.max if end is None else end
        begins.setdefault(code, []).append(first)
        before = lasts.setdefault(code, [])
        before.append(max(until, before[-1]) if before else until)  # the latest end of all that began by then

    def there(code: str, day: date) -> bool:
        number = bisect_right(begins.get(code, []), day)
        return number > 0 and day < lasts[code][number - 1]

    return there


def tree_faults(nodes: Sequence[Node]) -> list[InputError]:
    """Return the rows whose parent does not exist on their first day, or leads in a circle back to them.

    Walks through time: a circle begins on the day on which the last of its nodes does, so that only
    nodes that begin on a day are followed on it.
    """
    starts: dict[date, list[Node]] = {}
    for node in nodes:
        starts.setdefault(node.valid_from, []).append(node)
    current: dict[str, Node] = {}
    faults: list[InputError] = []
    for day in sorted(starts):
        current |= {node.code: node for node in starts[day]}
        followed: set[str] = set()
        """The codes above which nothing is wrong on this day: a deep tree is walked once, not from each node."""
        circling: set[str] = set()
        """The codes above which there is a circle: nor is that walked from each of them."""
        for node in starts[day]:
            fault = _fault_above(node, current, followed, circling)
            if fault is not None:
                faults.append(fault)
            if len(faults) >= FAULTS_MAX:
                return faults
    return faults


def _fault_above(node: Node, current: Mapping[str, Node], followed: set[str], circling: set[str]) -> InputError | None:
    """Return what is wrong above a node on its first day, if anything; the codes on the way are added to a set."""
    chain, below, day = {node.code: node}, node, node.valid_from
    while below.code not in followed and (parent := below.parent) is not None:
        above = current.get(parent)
        if above is None or (above.valid_to is not None and above.valid_to <= day):
            if below is not node or node.row is None:
                # What is wrong is told at its own turn.
                followed.update(code for code in chain if code != below.code)
                return None
            followed.add(node.code)
            text = f"the parent '{parent}' does not exist on {day}. Send it too, or correct the date."
            return _fault(node.row, "cost_centre_unknown", text)
        if parent in chain or parent in circling:
            circling.update(chain)
            # A circle of known nodes is the fault of the first row that it was closed by.
            rows = [one.row for one in chain.values() if one.row is not None] if parent in chain else []
            row = node.row if node.row is not None else min(rows, default=None)
            text = f"the parents of '{node.code}' lead in a circle by way of '{parent}' on {day}. Break it."
            return None if row is None else _fault(row, "cost_centre_cycle", text)
        chain[parent] = below = above
    followed.update(chain)
    return None


def _check_span(row: _Row, first: date, end: date | None) -> None:
    if end is not None and end <= first:
        row.fault("dates_backwards", "valid_to must be after valid_from.")


def _read(
    body: bytes, head: Sequence[str], needed: Sequence[str], one: Callable[[_Row], R]
) -> tuple[list[R], list[InputError]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(InputError("", "encoding_unknown", "Send the file in UTF-8.")) from None
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    lines = _lines(text, delimiter)
    names = [name.strip().lower() for name in next(lines, (1, []))[1]]
    if not set(needed) <= set(names) or not set(names) <= set(head):
        detail = f"Begin the file with a head of {','.join(head)}; {', '.join(needed)} are needed."
        raise InvalidInput(InputError("/1", "head_invalid", detail))
    found: list[R] = []
    faults: list[InputError] = []
    for number, values in lines:
        if len(faults) >= FAULTS_MAX:
            break
        if not any(value.strip() for value in values):
            continue
        if len(values) > len(names):
            faults.append(_fault(number, "row_invalid", f"it has {len(values)} values under a head of {len(names)}."))
            continue
        told = {name: value.strip() for name, value in zip(names, values, strict=False)}
        if bad := [name for name, value in told.items() if len(value) > TEXT_MAX or _CONTROL.search(value)]:
            text = f"{bad[0]} is longer than {TEXT_MAX} characters, or has a line break or a control character in it."
            faults.append(_fault(number, "text_invalid", text))
            continue
        found.append(one(_Row(number, told, faults)))
        if len(found) > ROWS_MAX:
            detail = f"Send at most {ROWS_MAX:,} rows at once; the same rows again change nothing."
            raise InvalidInput(InputError("", "too_many_rows", detail))
    return found, faults


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for values in lines:
            yield lines.line_num, values
    except csv.Error:
        # A quotation mark that is never closed makes one value of all that follows.
        text = "it cannot be read. Close each quotation mark."
        raise InvalidInput(_fault(lines.line_num, "row_invalid", text)) from None


def _refuse(faults: list[InputError]) -> None:
    if faults:
        raise InvalidInput(*faults[:FAULTS_MAX])
