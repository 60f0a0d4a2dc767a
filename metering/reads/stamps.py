"""What figures are made from, in numbers: while they are the same, so is the figure.

Facts, corrections, links and assignments are only ever added, and so are the counts here. Nobody
has to say that something became dirty, and nothing can be forgotten: whoever kept a result keeps
the counts that were read *before* it was made, and the result holds while the same are found.

- Facts: those of a meter's types in all hours (UTC) that its span touches. An hour at an edge counts
  as a whole, so that zones of 30 or 45 minutes look at a little too much, never at too little.
- Corrections: at every place where a corrected event ever acted, its own and those of its
  replacements, once it has arrived: each time all corrections of that event. So a second one counts
  where the first one acted too.
- Leases: their number and lengths, for meters that ask for `LEASED`.
- People (`tenants.reads.people_stamp`), for results that resolve them.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from metering.leases import LEASED, LONGEST
from metering.models import Correction, Fact, Symbol, UsageHour
from metering.reads.keyed import of_events
from metering.reads.leases import lease_marks
from metering.registry import FactSpan
from tenants.reads import traits_stated_by

__all__ = ("Counted", "Stamps", "facts_counted")

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many facts lie in the hours of a span, and how often corrections touched it."""

    facts: int
    corrections: int
    known_at: datetime | None = None
    """When the last of the corrections was recorded, or their event came."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a corrected event acts or acted, and how many corrections it has."""

    type: str
    at: datetime
    weight: int
    known_at: datetime


class Stamps:
    """The counts of one tenant, as one reading finds them.

    Corrections are counted when it is made, facts when they are asked for the first time; who asks
    again gets the same. What is loaded after that knows of all that was counted, maybe of more.
    """

    def __init__(self, session: Session, tenant_id: UUID) -> None:
        self._session, self._tenant_id = session, tenant_id
        self._corrections = self._session.execute(
            select(Correction.id, Correction.target_key, Correction.replacement, Correction.recorded_at).where(
                Correction.tenant_id == tenant_id
            )
        ).all()
        self._places = self._acting()
        keys = {key for correction_id, target_key, *_ in self._corrections for key in (correction_id, target_key)}
        self.stating = traits_stated_by(session, tenant_id, keys)
        """How many statements about people came by events that were corrected, or by corrections."""
        self._known: dict[tuple[tuple[str, ...], tuple[FactSpan, ...]], dict[str, list[Counted]]] = {}

    def knows(self, types: Sequence[str], spans: Sequence[FactSpan]) -> bool:
        """Return whether these were counted before."""
        return (tuple(types), tuple(spans)) in self._known

    def counted(self, types: Sequence[str], spans: Sequence[FactSpan]) -> list[Counted]:
        """Return the counts of spans of facts of some types, in their order."""
        by_type = list(self.counted_by_type(types, spans).values())
        return [
            Counted(sum(found.facts for found in counts), sum(found.corrections for found in counts))
            for counts in zip(*by_type, strict=True)
        ]

    def counted_by_type(self, types: Sequence[str], spans: Sequence[FactSpan]) -> dict[str, list[Counted]]:
        """Return the counts of spans, in their order, for each type."""
        asked = (tuple(types), tuple(spans))
        if asked not in self._known:
            floor = min(_hour(span.since or span.until or _EVER) for span in spans)
            all_before = any(span.since is None for span in spans)
            hours = self._hours(types, floor, all_before=all_before)
            self._known[asked] = {name: self._of_spans(name, hours.get(name, []), spans) for name in asked[0]}
            if LEASED in asked[0]:
                marks = lease_marks(self._session, self._tenant_id, floor, all_before=all_before)
                self._known[asked][LEASED] = self._of_spans(LEASED, marks, [_with_longest(span) for span in spans])
        return self._known[asked]

    def _of_spans(
        self, event_type: str, hours: Sequence[tuple[datetime, int]], spans: Sequence[FactSpan]
    ) -> list[Counted]:
        places = [place for place in self._places if place.type == event_type]
        starts = [hour for hour, _ in hours]
        until_then = [0, *accumulate(facts for _, facts in hours)]
        found = []
        for span in spans:
            first = 0 if span.since is None else bisect_left(starts, _hour(span.since))
            end = len(starts) if span.until is None else bisect_left(starts, span.until)
            touched = [place for place in places if _inside(place.at, span)]
            known_at = max((place.known_at for place in touched), default=None)
            found.append(Counted(until_then[end] - until_then[first], sum(place.weight for place in touched), known_at))
        return found

    def _hours(
        self, types: Collection[str], floor: datetime, *, all_before: bool
    ) -> dict[str, list[tuple[datetime, int]]]:
        """Return hours with their facts, ascending; what is before `floor` stands in one of its own, if asked for."""
        wanted = (
            select(Symbol.id, Symbol.value)
            .where(Symbol.tenant_id == self._tenant_id, Symbol.kind == "type", Symbol.value.in_(types))
            .subquery()
        )
        hour = func.greatest(UsageHour.hour, floor - HOUR, type_=UsageHour.hour.type).label("at")
        rows = self._session.execute(
            select(wanted.c.value, hour, func.sum(UsageHour.facts))
            .join(wanted, wanted.c.id == UsageHour.type_id)
            .where(UsageHour.tenant_id == self._tenant_id)
            .where(true() if all_before else UsageHour.hour >= floor)
            .group_by(wanted.c.value, hour)
            .order_by(hour)
        )
        found: dict[str, list[tuple[datetime, int]]] = {}
        for name, at, facts in rows:
            found.setdefault(name, []).append((at, int(facts)))
        return found

    def _acting(self) -> list[_Place]:
        """Return where the corrected events that have arrived act, and where they acted before."""
        if not self._corrections:
            return []
        by_target: dict[UUID, list[tuple[Mapping[str, Any] | None, datetime]]] = {}
        for _, target_key, replacement, recorded_at in self._corrections:
            by_target.setdefault(target_key, []).append((replacement, recorded_at))
        query = select(Fact.event_key, Symbol.value, Fact.occurred_at, Fact.accepted_at).join(
            Symbol, (Symbol.tenant_id == Fact.tenant_id) & (Symbol.id == Fact.type_id)
        )
        arrived = self._session.execute(of_events(query, Fact, self._tenant_id, by_target))
        places = []
        for key, event_type, occurred_at, accepted_at in arrived:
            known = by_target[key]
            known_at = max([accepted_at, *(recorded_at for _, recorded_at in known)])
            places.append(_Place(event_type, occurred_at, len(known), known_at))
            places.extend(
                _Place(new["type"], datetime.fromisoformat(new["time"]), len(known), known_at)
                for new, _ in known
                if new is not None
            )
        return places


def facts_counted(session: Session, tenant_id: UUID, types: Collection[str], span: FactSpan) -> int:
    """Return how many facts of some types lie in the hours (UTC) that a span touches, at once and for this once."""
    query = (
        select(func.coalesce(func.sum(UsageHour.facts), 0))
        .join(Symbol, (Symbol.tenant_id == UsageHour.tenant_id) & (Symbol.id == UsageHour.type_id))
        .where(UsageHour.tenant_id == tenant_id, Symbol.kind == "type", Symbol.value.in_(types))
    )
    if span.since is not None:
        query = query.where(UsageHour.hour >= _hour(span.since))
    if span.until is not None:
        query = query.where(UsageHour.hour < span.until)
    return int(session.execute(query).scalar_one())


_EVER = datetime.max.replace(tzinfo=UTC)


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _inside(instant: datetime, span: FactSpan) -> bool:
    return (span.since is None or instant >= span.since) and (span.until is None or instant < span.until)


def _with_longest(span: FactSpan) -> FactSpan:
    return FactSpan(span.since - LONGEST if span.since is not None else None, span.until)
