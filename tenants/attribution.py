"""Which cost centres carry a person on a day (pure)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

__all__ = ("NOBODY", "AssignmentRow", "Attribution", "Shares")

NOBODY = ""
"""The code that says: from here on nobody carries the person."""

Shares = tuple[tuple[str, Fraction], ...]
"""Cost-centre codes with shares that sum to 1, by code; empty when nobody carries the person."""


class AssignmentRow(NamedTuple):
    """One weight of one statement; a statement is all rows of (person, valid_from, recorded_at)."""

    person_id: UUID
    valid_from: date
    recorded_at: datetime
    cost_centre: str
    weight: Decimal


class _Line(NamedTuple):
    """Days, ascending, and who carries the person from each on."""

    days: list[date]
    shares: list[Shares]


class Attribution:
    """Assignments as known at one moment of recording.

    The statement with the greatest `valid_from` not after the day holds; of statements for the
    same date the last recorded one. So a move on the 10th changes nothing before the 10th, and a
    move reported late is there for the days it names.
    """

    def __init__(self, rows: Iterable[AssignmentRow]) -> None:
        self._rows: dict[UUID, list[AssignmentRow]] = {}
        for row in rows:
            self._rows.setdefault(row[0], []).append(row)
        self._lines: dict[UUID, _Line] = {}
        self._whole: dict[str, Shares] = {}
        self._interned: dict[Shares, Shares] = {}

    def _line(self, person_id: UUID) -> _Line:
        """Return who carries the person from which day on; made when first asked for, as most people never are."""
        line = self._lines.get(person_id)
        if line is None:
            line = self._lines[person_id] = self._make_line(self._rows.get(person_id, ()))
        return line

    def _make_line(self, rows: Sequence[AssignmentRow]) -> _Line:
        stated: dict[date, list[AssignmentRow]] = {}
        for row in rows:
            held = stated.get(row.valid_from)
            if held is None or row.recorded_at > held[0].recorded_at:
                stated[row.valid_from] = [row]
            elif row.recorded_at == held[0].recorded_at:
                held.append(row)
        days = sorted(stated)
        return _Line(days, [_shares(stated[day], self._whole, self._interned) for day in days])

    def shares(self, person_id: UUID, day: date) -> Shares:
        """Return who carries the person on that local day."""
        line = self._line(person_id)
        index = bisect_right(line.days, day) - 1
        return line.shares[index] if index >= 0 else ()

    def segments(self, person_id: UUID, first: date, until: date) -> tuple[tuple[date, date, Shares], ...]:
        """Return `[first, until)` cut where the shares change: `(from, to, shares)`, ascending."""
        if person_id not in self._rows:
            return ((first, until, ()),)
        cuts = [day for day in self._line(person_id).days if first < day < until]
        edges = [first, *cuts, until]
        return tuple((low, high, self.shares(person_id, low)) for low, high in pairwise(edges))

    def headcount(self, day: date) -> dict[str, Fraction]:
        """Return the people each cost centre carries on that day, split people by their shares."""
        heads: dict[str, Fraction] = {}
        for person_id in self._rows:
            for code, share in self.shares(person_id, day):
                heads[code] = heads.get(code, Fraction(0)) + share
        return heads

    def average_headcount(self, first: date, until: date) -> dict[str, Fraction]:
        """Return person-days per cost centre over `[first, until)`, divided by its days."""
        heads: dict[str, Fraction] = {}
        for person_id in self._rows:
            for low, high, shares in self.segments(person_id, first, until):
                for code, share in shares:
                    heads[code] = heads.get(code, Fraction(0)) + share * (high - low).days
        days = (until - first) // timedelta(days=1)
        return {code: total / days for code, total in heads.items()}


def _shares(rows: list[AssignmentRow], whole: dict[str, Shares], interned: dict[Shares, Shares]) -> Shares:
    """Return the statement's shares; equal ones are one object, since tens of thousands are alike."""
    if len(rows) == 1:
        code = rows[0].cost_centre
        if code not in whole:
            whole[code] = () if code == NOBODY else ((code, Fraction(1)),)
        return whole[code]
    if any(row.cost_centre == NOBODY for row in rows):
        return ()
    total = sum((Fraction(row.weight) for row in rows), Fraction(0))
    shares = tuple(sorted((row.cost_centre, Fraction(row.weight) / total) for row in rows))
    return interned.setdefault(shares, shares)
