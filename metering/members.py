"""Who was active, who contributed, and what was contributed (pure).

A person counts once, by the heaviest fact, then the earliest by time, source and id.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import UUID

from core.periods import Period
from metering.facts import Fact
from metering.grounds import Grounds, Weighed, excluded
from metering.measurement import Entry, Exclusion, Measurement, Reader, exact_sum

__all__ = ("active", "contributions", "contributors", "is_waived")

ACTIVE_DIMENSIONS = ("community_id", "course_id", "course_type")
CONTRIBUTION_DIMENSIONS = ("community_id", "kind")


@dataclass(slots=True)
class _Seen:
    """What is known of one person in the period."""

    first: Fact
    best: Weighed | None = None
    qualifying: int = 0
    identities: dict[int, Fact] = field(default_factory=dict)
    waived: bool = False


def active(grounds: Grounds) -> Reader:
    """Return the meter `members.active`: distinct people with at least *n* qualifying events.

    Which types qualify is the policy's list; a waived completion never does. Browsing and
    reviewing do, a bare login or an enrolment only if the list says so. Counted by event: what
    becomes of the account later changes nothing.
    """
    policy = grounds.policies.members
    types = frozenset(policy.active_types)

    def weighed(fact: Fact) -> Weighed | None:
        if fact.type not in types or is_waived(fact):
            return None
        return grounds.weigh(fact, by_audience=True)

    def read(period: Period) -> Measurement:
        people = _people_seen(grounds, period, weighed)
        entries, exclusions = _counted(grounds, people, policy.min_events, ("active_by_event", ACTIVE_DIMENSIONS))
        return _measurement("members.active", period, entries, exclusions)

    return Reader(read)


def contributors(grounds: Grounds) -> Reader:
    """Return the meter `members.contributors`: distinct people who created something."""

    def read(period: Period) -> Measurement:
        people = _people_seen(grounds, period, lambda fact: _contribution(grounds, fact, by_audience=True))
        entries, exclusions = _counted(grounds, people, 1, ("contributed", CONTRIBUTION_DIMENSIONS))
        return _measurement("members.contributors", period, entries, exclusions)

    return Reader(read)


def contributions(grounds: Grounds) -> Reader:
    """Return the meter `contributions`: what was created, each weighing class × kind.

    Its bare figure may be read of facts that stand for several.
    """

    def counted_within(period: Period) -> Iterator[Weighed]:
        for fact in grounds.within(period):
            counted = _contribution(grounds, fact, by_audience=False)
            if counted is not None:
                yield counted

    def figure(period: Period) -> Fraction:
        times: dict[Fraction, int] = {}
        for counted in counted_within(period):
            times[counted.weight] = times.get(counted.weight, 0) + counted.fact.times
        return sum((weight * number for weight, number in times.items()), Fraction(0))

    def read(period: Period) -> Measurement:
        entries: list[Entry] = []
        exclusions: list[Exclusion] = []
        for counted in counted_within(period):
            if counted.weight == 0:
                exclusions.append(excluded(counted.fact, counted.person_id, "weight_zero"))
            else:
                entries.append(grounds.entry(counted, counted.weight, "contribution", CONTRIBUTION_DIMENSIONS))
        return _measurement("contributions", period, entries, exclusions, "contribution")

    return Reader(read, figure)


def is_waived(fact: Fact) -> bool:
    """Return whether the fact is a waived completion, which nothing counts."""
    return fact.type == "course.completed" and bool(fact.attributes.get("waived"))


def _contribution(grounds: Grounds, fact: Fact, *, by_audience: bool) -> Weighed | None:
    if fact.type != "contribution.created":
        return None
    counted = grounds.weigh(fact, by_audience=by_audience)
    of_kind = grounds.policies.members.kind_weights.get(fact.attributes.get("kind", ""))
    if of_kind is None:
        return counted
    return Weighed(fact, counted.person_id, counted.traits, counted.weight * Fraction(of_kind))


def _people_seen(grounds: Grounds, period: Period, weighed: Callable[[Fact], Weighed | None]) -> dict[UUID, _Seen]:
    """Fold the period's facts by person. `weighed` gives None for a fact that does not qualify."""
    people: dict[UUID, _Seen] = {}
    for fact in grounds.within(period):
        person_id = grounds.person_of(fact)
        seen = people.get(person_id)
        if seen is None:
            seen = people[person_id] = _Seen(fact)
        seen.waived = seen.waived or is_waived(fact)
        seen.identities.setdefault(fact.identity_id, fact)
        counted = weighed(fact)
        if counted is not None:
            seen.qualifying += fact.times
            if seen.best is None or counted.rank() < seen.best.rank():
                seen.best = counted
    return people


def _counted(
    grounds: Grounds,
    people: dict[UUID, _Seen],
    min_events: int,
    labels: tuple[str, tuple[str, ...]],
) -> tuple[list[Entry], list[Exclusion]]:
    reason, dimensions = labels
    entries: list[Entry] = []
    exclusions: list[Exclusion] = []
    for person_id, seen in people.items():
        best = seen.best
        why_not = _why_not(seen, min_events)
        if why_not is not None or best is None:
            fact = seen.first if best is None else best.fact
            exclusions.append(excluded(fact, person_id, why_not or "no_qualifying_event"))
            continue
        entries.append(grounds.entry(best, best.weight, reason, dimensions))
        exclusions.extend(
            excluded(fact, person_id, "duplicate_person")
            for identity_id, fact in seen.identities.items()
            if identity_id != best.fact.identity_id
        )
    return entries, exclusions


def _why_not(seen: _Seen, min_events: int) -> str | None:
    if seen.best is None:
        return "waived" if seen.waived else "no_qualifying_event"
    if seen.qualifying < min_events:
        return "too_few_events"
    return "weight_zero" if seen.best.weight == 0 else None


def _measurement(
    meter: str, period: Period, entries: list[Entry], exclusions: Iterable[Exclusion], unit: str = "person"
) -> Measurement:
    total = exact_sum(entry.quantity for entry in entries)
    return Measurement(meter, period, unit, total, tuple(entries), tuple(exclusions))
