"""Course transactions from columns (pure).

Whose facts hang together (somebody cancelled, or stands in for who did) are replayed from their facts;
everybody else's transactions are charged by the first trigger of their key, which columns show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Literal

import numpy as np

from core.periods import Period, days_of
from metering.columns.grounds import Column, ColumnGrounds, Told, in_groups
from metering.concurrency import EPOCH, Ints, micros
from metering.courses.meters import transactions as replayed
from metering.courses.transactions import TRIGGERS, course_type_of, why_no_trigger
from metering.grounds import Grounds
from metering.measurement import Keys, Measurement, Reader
from tenants.people import Traits

__all__ = ("GROUPED_BY", "transactions")

GROUPED_BY = ("audience", "class", "course_id", "course_type")
"""What the charged transactions can be told apart by."""
CANCELLED = "course.cancelled"
REGISTRATION, CLASS, COURSE = range(3)


@dataclass(frozen=True, slots=True)
class _Triggers:
    """Facts that could charge, row by row: whose, of which key, when; by which column and as whom."""

    people: Ints
    keys: Ints
    at_us: Ints
    columns: Ints
    traits: Ints

    def chosen(self, rows: Ints) -> "_Triggers":
        """Return those rows, in that order."""
        return _Triggers(
            self.people[rows], self.keys[rows], self.at_us[rows], self.columns[rows], self.traits[rows]
        )  # fmt: skip


class _Book:
    """What was charged, and the grounds of those people whose facts are replayed."""

    def __init__(self, grounds: ColumnGrounds) -> None:
        self.grounds = grounds
        self._keys: dict[tuple[int, str, str], int] = {}
        self.told = [told for told in grounds.told if _can_charge(grounds, told.column)]
        triggers = _joined([self._triggers(number, told) for number, told in enumerate(self.told)])
        triggers = triggers.chosen(np.lexsort((triggers.at_us, triggers.keys, triggers.people)))
        replayed_people = self._hanging_together() | self._unclear(triggers)
        plain = ~np.isin(triggers.people, np.array(sorted(replayed_people), dtype=np.int64))
        triggers = triggers.chosen(np.flatnonzero(plain))
        self.charged = triggers.chosen(np.array(list(self._charged(triggers)), dtype=np.int64))
        self.others: Grounds | None = None
        if replayed_people:
            self.others = grounds.grounds_of(grounds.crowd.identities_of(replayed_people))

    def _triggers(self, number: int, told: Told) -> _Triggers:
        column, keys = told.column, self._keys
        course = column.shared.get("course_id") or ""
        in_class = _course_type(column) == "ilt"
        codes = []
        for registration, class_id in zip(column.own["registration"], column.own["class_id"], strict=True):
            if registration:
                key = (REGISTRATION, "", registration)
            elif class_id and in_class:
                key = (CLASS, course, class_id)
            else:
                key = (COURSE, course, "")
            codes.append(keys.setdefault(key, len(keys)))
        return _Triggers(
            told.people, np.array(codes, dtype=np.int64), column.at_us, np.full(len(codes), number), told.traits
        )  # fmt: skip

    def _hanging_together(self) -> set[int]:
        """Return the people who cancelled, or were named as a substitute."""
        found: set[int] = set()
        substitutes: set[int] = set()
        for told in self.grounds.told:
            if told.column.type == CANCELLED:
                found |= set(told.people.tolist())
                substitutes |= {int(identity) for identity in told.column.own["substitute"] if identity is not None}
        return found | self.grounds.crowd.numbers_of(substitutes)

    def _unclear(self, ordered: _Triggers) -> set[int]:
        """Return the people of whose triggers two of one key and instant are not alike."""
        tied = (
            (ordered.people[1:] == ordered.people[:-1])
            & (ordered.keys[1:] == ordered.keys[:-1])
            & (ordered.at_us[1:] == ordered.at_us[:-1])
            & (ordered.columns[1:] != ordered.columns[:-1])
        )
        return set(ordered.people[1:][tied].tolist())

    def _charged(self, ordered: _Triggers) -> Iterator[int]:
        """Yield the rows that charge: the first of a key, and of a course the first after each access window."""
        windowed = {code for (kind, *_), code in self._keys.items() if kind == COURSE}
        window = self.grounds.policies.courses.access_window_days
        before: tuple[int, int] | None = None
        covered_until = 0
        rows = zip(
            ordered.people.tolist(), ordered.keys.tolist(), self._days(ordered.at_us).tolist(), strict=True
        )  # fmt: skip
        for row, (person, key, day) in enumerate(rows):
            if (person, key) == before and (key not in windowed or day < covered_until):
                continue
            before, covered_until = (person, key), day + window
            yield row

    def _days(self, at_us: Ints) -> Ints:
        """Return the ordinals of the local dates of instants."""
        if not len(at_us):
            return at_us
        first, last = (EPOCH + timedelta(microseconds=int(edge)) for edge in (at_us.min(), at_us.max() + 1))
        days = list(days_of(Period(first, last), self.grounds.tz))
        starts = np.array([micros(part.starts_at) for _, part in days], dtype=np.int64)
        ordinals = np.array([day.toordinal() for day, _ in days], dtype=np.int64)
        return ordinals[np.searchsorted(starts, at_us, side="right") - 1]


def transactions(
    grounds: ColumnGrounds, names: Sequence[str], statistic: Literal["charged", "refunded", "net"]
) -> "_Reader | None":
    """Return `courses.transactions.<statistic>`, its entries by `names`; None for keys that columns lack.

    Refunds have all of their entries as they are: who cancelled is replayed.
    """
    if statistic != "refunded" and not set(names) <= set(GROUPED_BY):
        return None
    return _Reader(grounds.once(_Book), statistic, tuple(sorted(names)))


class _Reader:
    def __init__(self, book: _Book, statistic: Literal["charged", "refunded", "net"], names: tuple[str, ...]) -> None:
        self._book, self._statistic, self._names = book, statistic, names
        self._meter = f"courses.transactions.{statistic}"
        self._replayed: Reader | None = None if book.others is None else replayed(book.others, statistic)
        self._tables = [book.grounds.weights(told.column, by_audience=False) for told in book.told]
        self._traits = book.grounds.traits

    def __call__(self, period: Period) -> Measurement:
        others = None if self._replayed is None else self._replayed(period)
        if self._statistic == "refunded":
            return others or Measurement(self._meter, period, "transaction", Fraction(0), (), ())
        parts: dict[Keys, Fraction] = {}
        for keys, part in (*self._plain(period), *self._of_others(others)):
            parts[keys] = parts.get(keys, Fraction(0)) + part
        return in_groups(self._meter, period, "transaction", parts, named=bool(self._names))

    def _plain(self, period: Period) -> Iterator[tuple[Keys, Fraction]]:
        charged, kinds = self._book.charged, len(self._traits)
        inside = (charged.at_us >= micros(period.starts_at)) & (charged.at_us < micros(period.ends_at))
        counted = np.bincount(charged.columns[inside] * kinds + charged.traits[inside])
        for code in np.flatnonzero(counted).tolist():
            number, traits = divmod(code, kinds)
            weight = self._tables[number][traits]
            yield self._keys(self._book.told[number].column, self._traits[traits]), weight * int(counted[code])

    def _keys(self, column: Column, traits: Traits) -> Keys:
        shared = column.shared
        said = {
            "audience": shared.get("audience") or traits.audience,
            "class": traits.person_class,
            "course_id": shared.get("course_id"),
            "course_type": _course_type(column),
        }
        return tuple((name, value) for name in self._names if (value := said[name]) is not None)

    def _of_others(self, others: Measurement | None) -> Iterator[tuple[Keys, Fraction]]:
        for entry in others.entries if others is not None else ():
            named = ((name, entry.key(name)) for name in self._names)
            yield tuple((name, value) for name, value in named if value is not None), entry.quantity


def _can_charge(grounds: ColumnGrounds, column: Column) -> bool:
    if column.type not in TRIGGERS:
        return False
    attributes = {**column.shared, "waived": column.shared.get("waived") == "true"}
    return why_no_trigger(grounds.policies.courses, column.type, attributes) is None


def _course_type(column: Column) -> str:
    return course_type_of(column.type, column.shared)


def _joined(parts: Sequence[_Triggers]) -> _Triggers:
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return _Triggers(nothing, nothing, nothing, nothing, nothing)
    return _Triggers(
        np.concatenate([part.people for part in parts]),
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.at_us for part in parts]),
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.traits for part in parts]),
    )
