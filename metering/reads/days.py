"""Subject by day: facts of ended days, thinned to those that can decide who counts.

Of one person's facts of one type that count alike (same audience, kind and waiver) the first of a day
decides, and how many there are. A folded day holds those firsts and nothing that is known of people:
merges, moves, classes and erasures are resolved when it is read, by the very code that reads facts. So
only facts and corrections change it, and their counts say whether it still is as they are.

A day that cannot be told so is read from the facts: one that has not ended or is cut by the period, one
that changed and may not be folded now, and for a person the days on which class or audience changed. Where
it has many, the database thins them in the same way on the way here, and nothing is kept of that.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.periods import Period, day_period, days_of
from metering.archive.months import GONE
from metering.facts import Fact, sorted_facts
from metering.models import UsageFold
from metering.reads.archives import archives
from metering.reads.facts import (
    Corrections,
    Selection,
    corrections,
    load_selected,
    replaced_fact,
    replacements,
    symbols_of,
    types_of,
)
from metering.reads.stamps import Counted, Stamps, facts_counted
from metering.registry import FactSpan
from metering.store.rollups import fold_day, folded_facts, lock_day, thinned_facts
from tenants.people import People
from tenants.reads import TenantView

__all__ = ("WORTH_FOLDING", "Folds", "Wanted")

WORTH_FOLDING = 5_000
"""Facts of a span; fewer are read sooner than anything is looked up."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts a figure needs: of these types in this span, of these people, as recorded at `as_of`."""

    types: tuple[str, ...]
    period: Period
    people: People
    known: Corrections
    as_of: datetime | None


class _Folded(NamedTuple):
    """What a day was folded from, and when the last of it was recorded."""

    ends_at: datetime
    facts: int
    corrections: int
    known_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Changing:
    """Identities of people whose class or audience changes in a period, and the days on which they do."""

    identities: list[int]
    days: list[tuple[int, datetime]]


@dataclass(frozen=True, slots=True)
class _Day:
    """A local day of one type."""

    type: str
    period: Period


class Folds:
    """The folded days of one tenant, as one reading at `now` finds them; it folds what is missing."""

    def __init__(self, session: Session, tenant: TenantView, now: datetime) -> None:
        self._session, self._tenant, self._now = session, tenant, now
        self._counts = Stamps(session, tenant.id)
        self.folded = 0
        """How many days it folded."""

    def worth(self, types: Sequence[str], periods: Sequence[Period]) -> bool:
        """Return whether periods have so many facts each, on average, that folded days are the quicker way."""
        spans = [FactSpan(period.starts_at, period.ends_at) for period in periods]
        return sum(found.facts for found in self._counts.counted(types, spans)) >= WORTH_FOLDING * len(periods)

    def load(self, wanted: Wanted) -> list[Fact]:
        """Return the facts that decide who counts in exactly that period, in reading order.

        Each stands for `Fact.times` facts. Those of several days are thinned together where the
        person is the same throughout.
        """
        days = self._days(wanted.period)
        clean = self._clean(wanted.types, days, fold=wanted.as_of is None, as_of=wanted.as_of)
        changing = _changing(wanted, days)
        told = [(day.type, day.period.starts_at) for day in clean]
        rows = folded_facts(self._session, self._tenant.id, told, (changing.identities, changing.days))
        facts = [
            Fact(key, occurred_at, name, source, identity_id, attributes or {}, times=int(times))
            for key, occurred_at, name, source, identity_id, attributes, times in rows
        ]
        for types, part in _rest(wanted.types, wanted.period, clean):
            facts += self._rest(wanted, Selection(types, FactSpan(part.starts_at, part.ends_at)), changing.identities)
        for day in days:
            theirs = [identity_id for identity_id, starts_at in changing.days if starts_at == day.starts_at]
            types = tuple(name for name, starts_at in told if starts_at == day.starts_at)
            if theirs and types:
                facts += self._from_facts(wanted, Selection(types, FactSpan(day.starts_at, day.ends_at), theirs))
        return sorted_facts(facts)

    def fold(self, types: Sequence[str], period: Period) -> int:
        """Fold the ended days of a period that are not folded as they are; return how many were."""
        before = self.folded
        self._clean(types, self._days(period), fold=True)
        return self.folded - before

    def due(self, types: Sequence[str], period: Period) -> list[Period]:
        """Return the ended days of a period that are worth folding and not folded as they are."""
        days = self._days(period)
        if not days:
            return []
        counts = self._counts.counted_by_type(types, [FactSpan(day.starts_at, day.ends_at) for day in days])
        known, due = self._known(types, days), []
        for index, day in enumerate(days):
            now = {name: (day.ends_at, found[index].facts, found[index].corrections) for name, found in counts.items()}
            stale = [
                name for name, counted in now.items()
                if counted[1:] != (0, 0) and (known.get((name, day.starts_at)) or ())[:3] != counted
            ]  # fmt: skip
            if stale and sum(counted[1] for counted in now.values()) >= WORTH_FOLDING:
                due.append(day)
        return due

    def holding(self, only: tuple[str, Period] | None = None) -> list[tuple[str, Period]]:
        """Return every day, or that one, that is folded as its counts say now; not those of archived months."""
        away = [(found.window.starts_at, found.month.ends_at) for found in archives(self._session, self._tenant.id)
                if found.status in GONE]  # fmt: skip
        query = (
            select(UsageFold.type, UsageFold.starts_at, UsageFold.ends_at, UsageFold.facts, UsageFold.corrections)
            .where(UsageFold.tenant_id == self._tenant.id)
            .order_by(UsageFold.type, UsageFold.starts_at)
        )
        if only is not None:
            query = query.where(UsageFold.type == only[0], UsageFold.starts_at == only[1].starts_at)
        rows = self._session.execute(query).all()
        found = []
        for name, together in groupby(rows, key=lambda row: row.type):
            theirs = list(together)
            counts = self._counts.counted([name], [FactSpan(row.starts_at, row.ends_at) for row in theirs])
            found += [
                (name, Period(row.starts_at, row.ends_at)) for row, counted in zip(theirs, counts, strict=True)
                if (row.facts, row.corrections) == (counted.facts, counted.corrections)
                and not any(first < row.ends_at and row.starts_at < until for first, until in away)
            ]  # fmt: skip
        return found

    def refold(self, event_type: str, day: Period) -> bool:
        """Fold a day again from the facts, whatever its counts say; return False where somebody else does right now."""
        [counted] = self._counts.counted([event_type], [FactSpan(day.starts_at, day.ends_at)])
        return self._fold(_Day(event_type, day), counted)

    def _days(self, period: Period) -> list[Period]:
        """Return the whole local days inside the period that have ended."""
        return [
            part
            for day, part in days_of(period, self._tenant.tz)
            if part.ends_at <= self._now and part == day_period(day, self._tenant.tz)
        ]

    def _clean(
        self, types: Sequence[str], days: Sequence[Period], *, fold: bool, as_of: datetime | None = None
    ) -> list[_Day]:
        """Return the days that the folded facts tell as they are; one without any facts is clean too."""
        if not days:
            return []
        counts = self._counts.counted_by_type(types, [FactSpan(day.starts_at, day.ends_at) for day in days])
        known = self._known(types, days)
        clean = []
        for event_type in types:
            for part, counted in zip(days, counts[event_type], strict=True):
                day = _Day(event_type, part)
                folded = known.get((event_type, part.starts_at))
                if folded is not None and folded[:3] == (part.ends_at, counted.facts, counted.corrections):
                    if as_of is None or folded.known_at is None or folded.known_at <= as_of:
                        clean.append(day)
                elif counted.facts + counted.corrections == 0 or (fold and self._fold(day, counted)):
                    clean.append(day)
        return clean

    def _known(self, types: Sequence[str], days: Sequence[Period]) -> dict[tuple[str, datetime], _Folded]:
        rows = self._session.execute(
            select(
                UsageFold.type, UsageFold.starts_at,
                UsageFold.ends_at, UsageFold.facts, UsageFold.corrections, UsageFold.known_at,
            ).where(
                UsageFold.tenant_id == self._tenant.id,
                UsageFold.type.in_(types),
                UsageFold.starts_at >= days[0].starts_at,
                UsageFold.starts_at <= days[-1].starts_at,
            )
        )  # fmt: skip
        return {(row.type, row.starts_at): _Folded(*row[2:]) for row in rows}

    def _fold(self, day: _Day, counted: Counted) -> bool:
        """Fold a day unless somebody else does; return whether it was folded.

        The counts are older than the facts and corrections that are read now: if more came between,
        the counts differ the next time, and the day is folded again.
        """
        session, tenant_id = self._session, self._tenant.id
        if not lock_day(session, tenant_id, day.type, day.period.starts_at):
            return False
        known = corrections(session, tenant_id, None)
        selection = Selection((day.type,), FactSpan(day.period.starts_at, day.period.ends_at))
        instead = list(replacements(session, tenant_id, selection, known, None))
        fold_day(session, {
            "tenant_id": tenant_id, "type": day.type, "starts_at": day.period.starts_at, "ends_at": day.period.ends_at,
            "facts": counted.facts, "corrections": counted.corrections, "known_at": counted.known_at,
        }, list(known.by_target), instead)  # fmt: skip
        self.folded += 1
        return True

    def _rest(self, wanted: Wanted, selection: Selection, changing: Sequence[int]) -> list[Fact]:
        """Return the facts of a span that no folded day tells; many are thinned, but nobody's who changes in it."""
        session, tenant_id, span, known = self._session, self._tenant.id, selection.span, wanted.known
        assert span.since is not None, "a part of a period has two ends"
        assert span.until is not None, "a part of a period has two ends"
        if facts_counted(session, tenant_id, selection.types, span) < WORTH_FOLDING:
            return self._from_facts(wanted, selection)
        types = types_of(session, tenant_id, selection.types)
        rows = thinned_facts(
            session, tenant_id, types, (span.since, span.until),
            as_of=wanted.as_of, corrected=known.by_target, without=changing,
        )  # fmt: skip
        sources = symbols_of(session, tenant_id, {row.source_id for row in rows})
        facts = [
            Fact(key, at, types[type_id], sources[source_id], identity_id, attributes or {}, times=times)
            for key, at, type_id, source_id, identity_id, attributes, times in rows
        ]
        others = set(changing)
        facts += [
            replaced_fact(key, source, new)
            for key, source, new in replacements(session, tenant_id, selection, known, wanted.as_of)
            if int(new["identity_id"]) not in others
        ]
        return facts + (self._from_facts(wanted, replace(selection, identities=changing)) if changing else [])

    def _from_facts(self, wanted: Wanted, selection: Selection) -> list[Fact]:
        return load_selected(self._session, self._tenant.id, selection, wanted.known, wanted.as_of)


def _changing(wanted: Wanted, days: Sequence[Period]) -> _Changing:
    """Return whose class or audience changes inside the period, and on which of the days."""
    found = _Changing([], [])
    for identity_id, person_id in wanted.people.identities().items():
        instants = wanted.people.trait_changes(person_id)
        inside = [at for at in instants if wanted.period.starts_at < at < wanted.period.ends_at]
        if len(instants) < 2 or not inside:
            continue
        found.identities.append(identity_id)
        found.days.extend((identity_id, day.starts_at) for day in days if any(at in day for at in inside))
    return found


def _rest(types: Iterable[str], period: Period, clean: Sequence[_Day]) -> Iterator[tuple[tuple[str, ...], Period]]:
    """Yield what no clean day covers: parts of the period, with the types that are alike there."""
    covered: dict[str, list[Period]] = {name: [] for name in types}
    for day in clean:
        covered[day.type].append(day.period)
    alike: dict[tuple[Period, ...], list[str]] = {}
    for name, days in covered.items():
        alike.setdefault(tuple(_gaps(period, days)), []).append(name)
    for gaps, names in alike.items():
        yield from ((tuple(names), gap) for gap in gaps)


def _gaps(period: Period, days: Sequence[Period]) -> Iterator[Period]:
    """Yield the parts of the period between days that ascend, joined."""
    start = period.starts_at
    for day in days:
        if start < day.starts_at:
            yield Period(start, day.starts_at)
        start = day.ends_at
    if start < period.ends_at:
        yield Period(start, period.ends_at)
