"""What figures are made from, in numbers: while they are the same, so is the figure.

Facts, corrections, links and assignments are only ever added, and so are the counts here. Nobody
has to say that something became dirty, and nothing can be forgotten: whoever kept a result keeps
the counts that were read *before* it was made, and the result holds while the same are found.

- Facts: those of a meter's types in all hours (UTC) that its span touches. An hour at an edge counts
  as a whole, so that zones of 30 or 45 minutes look at a little too much, never at too little.
- Corrections: at every place where a corrected event ever acted, its own and those of its
  replacements, once it has arrived: each time all corrections of that event. So a second one counts
  where the first one acted too.
- People (`tenants.reads.people_stamp`), for results that resolve them.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metering.models import Correction, Fact, Symbol, UsageHour
from metering.registry import FactSpan
from tenants.reads import traits_stated_by

__all__ = ("Counted", "Stamps")

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many facts lie in the hours of a span, and how often corrections touched it."""

    facts: int
    corrections: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a corrected event acts or acted, and how many corrections it has."""

    type: str
    at: datetime
    weight: int


class Stamps:
    """The counts of one tenant, as one reading finds them."""

    def __init__(self, session: Session, tenant_id: UUID) -> None:
        self._session, self._tenant_id = session, tenant_id

    def counted(self, types: Collection[str], spans: Sequence[FactSpan]) -> list[Counted]:
        """Return the counts of spans of facts of some types, in their order."""
        if not spans:
            return []
        places = [place for place in self._places if place.type in types]
        floor = min(_hour(span.since or span.until or _EVER) for span in spans)
        hours = self._hours(types, floor)
        starts = [hour for hour, _ in hours]
        until_then = [0, *accumulate(facts for _, facts in hours)]
        found = []
        for span in spans:
            first = 0 if span.since is None else bisect_left(starts, _hour(span.since))
            end = len(starts) if span.until is None else bisect_left(starts, span.until)
            touched = sum(place.weight for place in places if _inside(place.at, span))
            found.append(Counted(until_then[end] - until_then[first], touched))
        return found

    @cached_property
    def stating(self) -> int:
        """How many statements about people came by events that were corrected, or by corrections."""
        keys = {correction_id for correction_id, *_ in self._corrections}
        keys |= {target_key for _, target_key, *_ in self._corrections}
        return traits_stated_by(self._session, self._tenant_id, keys)

    def _hours(self, types: Collection[str], floor: datetime) -> list[tuple[datetime, int]]:
        """Return hours with their facts, ascending; all that is before `floor` stands in one of its own."""
        wanted = select(Symbol.id).where(
            Symbol.tenant_id == self._tenant_id, Symbol.kind == "type", Symbol.value.in_(types)
        )
        hour = func.greatest(UsageHour.hour, floor - HOUR, type_=UsageHour.hour.type).label("at")
        rows = self._session.execute(
            select(hour, func.sum(UsageHour.facts))
            .where(UsageHour.tenant_id == self._tenant_id, UsageHour.type_id.in_(wanted))
            .group_by(hour)
            .order_by(hour)
        )
        return [(at, int(facts)) for at, facts in rows]

    @cached_property
    def _corrections(self) -> Sequence[Any]:
        return self._session.execute(
            select(Correction.id, Correction.target_key, Correction.replacement).where(
                Correction.tenant_id == self._tenant_id
            )
        ).all()

    @cached_property
    def _places(self) -> list[_Place]:
        if not self._corrections:
            return []
        by_target: dict[UUID, list[Mapping[str, Any] | None]] = {}
        for _, target_key, replacement in self._corrections:
            by_target.setdefault(target_key, []).append(replacement)
        arrived = self._session.execute(
            select(Fact.event_key, Symbol.value, Fact.occurred_at)
            .join(Symbol, (Symbol.tenant_id == Fact.tenant_id) & (Symbol.id == Fact.type_id))
            .where(
                Fact.tenant_id == self._tenant_id,
                Fact.event_key.in_(select(Correction.target_key).where(Correction.tenant_id == self._tenant_id)),
            )
        )
        places = []
        for key, event_type, at in arrived:
            weight = len(by_target.get(key, ()))
            places.append(_Place(event_type, at, weight))
            places.extend(
                _Place(new["type"], datetime.fromisoformat(new["time"]), weight)
                for new in by_target.get(key, ())
                if new is not None
            )
        return places


_EVER = datetime.max.replace(tzinfo=UTC)


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _inside(instant: datetime, span: FactSpan) -> bool:
    return (span.since is None or instant >= span.since) and (span.until is None or instant < span.until)
