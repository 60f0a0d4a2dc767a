"""Registered members: people with a membership open, day by day, and those of them who are idle (pure)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from fractions import Fraction
from functools import cache
from math import lcm
from typing import Literal
from uuid import UUID

import numpy as np

from core.periods import Period, local_date
from metering.concurrency import Intervals, Ints, micros, scaled
from metering.grounds import Grounds, Weighed, entry_of, excluded, keys_of
from metering.measurement import Entry, Exclusion, Keys, Measurement, Reader, exact_sum
from metering.members import is_waived
from metering.spans import Days, Piece, Span, departures, merged_centres, non_overlapping, spans_of, trait_cuts

__all__ = ("idle", "registered")

DIMENSIONS = ("community_id",)

Statistic = Literal["average", "peak", "end_of_period", "any"]
Stretch = Piece[int, Weighed]
"""Days, by number, with the one membership that counts the person on them."""
Part = tuple[list[Stretch], Fraction]
"""Days that count together, and the quantity they make."""


def registered(grounds: Grounds, statistic: Statistic) -> Reader:
    """Return the meter `members.registered.<statistic>`.

    A member-day is a local day with a membership open at any instant of it; a person in several
    communities, or with several identities, counts once, by the heaviest membership, then the
    earliest. `average` is member-days ÷ days, `peak` the highest day (the first of equals),
    `end_of_period` the last instant before the end, `any` everyone in the period.

    Someone who is a member on 10 of 31 days adds 10/31 to the average and 1 to `any`.
    """
    spans = spans_of(grounds, "membership.opened", "membership.closed", "community_id", departures(grounds))

    def read(period: Period) -> Measurement:
        days = Days(period, grounds.tz)
        people = {
            person_id: stretches for person_id, held in spans.items() if (stretches := _stretches(grounds, days, held))
        }
        parts_of = _chooser(grounds, statistic, days, people, spans)
        entries: list[Entry] = []
        exclusions: list[Exclusion] = []
        for person_id, stretches in people.items():
            counted = [_entry(grounds, days, part) for part in parts_of(person_id) if part[1]]
            entries.extend(counted)
            exclusions.extend(_not_counted(days, spans[person_id], stretches, counted))
        total = exact_sum(entry.quantity for entry in entries)
        meter = f"members.registered.{statistic}"
        return Measurement(meter, period, "person", total, tuple(entries), tuple(exclusions))

    return Reader(read, _Standing(grounds, statistic, spans).figure)


def idle(grounds: Grounds) -> Reader:
    """Return the meter `members.idle`: member-days of people who have done nothing for long ÷ days.

    A member-day is idle if none of the *n* (28) local days before it, nor the day itself, saw an event
    that qualifies as active, or a membership begin. So it is a part of `members.registered.average`,
    person by person, by the same weights. The entry names the membership.

    Last seen on 1 January: the 2nd to the 29th are the 28 days, and from the 30th on a day is idle.
    """
    policy = grounds.policies.members
    spans = spans_of(grounds, "membership.opened", "membership.closed", "community_id", departures(grounds))
    seen = _last_days(grounds, frozenset(policy.active_types), spans)

    def read(period: Period) -> Measurement:
        days = Days(period, grounds.tz)
        entries: list[Entry] = []
        exclusions: list[Exclusion] = []
        for person_id, held in spans.items():
            stretches = _stretches(grounds, days, held)
            if not stretches:
                continue
            quiet = [piece for one in stretches for piece in _quiet(days, one, seen[person_id], policy.idle_after)]
            parts = [] if not quiet else _by_keys(quiet, lambda weight, number: weight * number / len(days))
            counted = [_entry(grounds, days, part, "idle") for part in parts if part[1]]
            entries.extend(counted)
            if not counted:
                first = stretches[0].holds
                weightless = all(one.holds.weight == 0 for one in stretches)
                exclusions.append(excluded(first.fact, person_id, "weight_zero" if weightless else "not_idle"))
        total = exact_sum(entry.quantity for entry in entries)
        return Measurement("members.idle", period, "person", total, tuple(entries), tuple(exclusions))

    return Reader(read)


def _last_days(grounds: Grounds, types: frozenset[str], spans: Mapping[UUID, Iterable[Span]]) -> dict[UUID, list[int]]:
    """Return the local days, as ordinals in order, on which each member did something or became one."""
    found: dict[UUID, set[int]] = {
        person_id: {local_date(span.starts_at, grounds.tz).toordinal() for span in held}
        for person_id, held in spans.items()
    }
    for fact in grounds.facts:
        if fact.type in types and not is_waived(fact):
            days = found.get(grounds.person_of(fact))
            if days is not None:
                days.add(local_date(fact.occurred_at, grounds.tz).toordinal())
    return {person_id: sorted(days) for person_id, days in found.items()}


def _quiet(days: Days, stretch: Stretch, seen: list[int], idle_after: int) -> Iterable[Stretch]:
    """Yield the runs of a stretch's days that lie more than so many days after the last one that saw something."""
    begins = None
    for number in range(stretch.start, stretch.end):
        day = days.dates[number].toordinal()
        place = bisect_right(seen, day)
        if place and day - seen[place - 1] > idle_after:
            begins = number if begins is None else begins
        elif begins is not None:
            yield Piece(begins, number, stretch.holds)
            begins = None
    if begins is not None:
        yield Piece(begins, stretch.end, stretch.holds)


class _Standing:
    """Figures alone: most people have one membership and one weight, and are counted by columns."""

    def __init__(self, grounds: Grounds, statistic: Statistic, spans: Mapping[UUID, list[Span]]) -> None:
        self._grounds = grounds
        self._statistic = statistic
        self._others: dict[UUID, list[Span]] = {}
        plain: list[Span] = []
        for person_id, held in spans.items():
            if len(held) == 1 and grounds.who(held[0].fact.identity_id).steady is not None:
                plain.append(held[0])
            else:
                self._others[person_id] = held
        weights = [grounds.weigh(span.fact, by_audience=True).weight for span in plain]
        self._scale = lcm(*{weight.denominator for weight in weights})
        self._columns = Intervals.of(
            [
                (micros(span.starts_at), micros(span.ends_at), scaled(weight, self._scale))
                for span, weight in zip(plain, weights, strict=True)
            ]
        )

    def figure(self, period: Period) -> Fraction:
        """Return the figure of a period."""
        days = Days(period, self._grounds.tz)
        inside = self._columns.clipped(micros(period.starts_at), micros(period.ends_at))
        others = {
            person_id: stretches
            for person_id, held in self._others.items()
            if (stretches := _stretches(self._grounds, days, held))
        }
        if self._statistic == "peak":
            return self._peak(days, inside, others)
        parts_of = _chooser(self._grounds, self._statistic, days, others, self._others)
        rest = exact_sum(quantity for person_id in others for _, quantity in parts_of(person_id))
        match self._statistic:
            case "average":
                first, until = _touched(days, inside)
                return Fraction(int(np.sum((until - first) * inside.weights)), self._scale * len(days)) + rest
            case "any":
                return Fraction(int(inside.weights.sum()), self._scale) + rest
            case "end_of_period":
                at_the_end = inside.clipped(micros(period.ends_at) - 1, micros(period.ends_at))
                return Fraction(int(at_the_end.weights.sum()), self._scale) + rest

    def _peak(self, days: Days, inside: Intervals, others: Mapping[UUID, list[Stretch]]) -> Fraction:
        levels = np.zeros(len(days) + 1, dtype=np.int64)
        first, until = _touched(days, inside)
        np.add.at(levels, first, inside.weights)
        np.add.at(levels, until, -inside.weights)
        by_day = [Fraction(level, self._scale) for level in np.cumsum(levels)[:-1].tolist()]
        for stretches in others.values():
            for stretch in stretches:
                for day in range(stretch.start, stretch.end):
                    by_day[day] += stretch.holds.weight
        return max(by_day)


def _touched(days: Days, inside: Intervals) -> tuple[Ints, Ints]:
    """Return the half-open ranges of day numbers that the intervals, clipped to the period, touch."""
    starts = days.edges[:-1]
    return np.searchsorted(starts, inside.starts, side="right") - 1, np.searchsorted(starts, inside.ends, side="left")


def _chooser(
    grounds: Grounds,
    statistic: Statistic,
    days: Days,
    people: Mapping[UUID, list[Stretch]],
    spans: Mapping[UUID, list[Span]],
) -> Callable[[UUID], Iterable[Part]]:
    """Return what picks, for a person, the days that count and what they make."""
    match statistic:
        case "average":
            member_days = cache(lambda weight, number: weight * number / len(days))
            return lambda person_id: _by_keys(people[person_id], member_days)
        case "any":
            return lambda person_id: [_heaviest(people[person_id])]
        case "peak":
            highest = _peak_day(days, people.values())
            return lambda person_id: [
                ([Piece(highest, highest + 1, stretch.holds)], stretch.holds.weight)
                for stretch in people[person_id]
                if stretch.start <= highest < stretch.end
            ]
        case "end_of_period":
            return lambda person_id: _at_the_end(grounds, days, spans[person_id])


def _by_keys(stretches: list[Stretch], member_days: Callable[[Fraction, int], Fraction]) -> list[Part]:
    """Return member-days ÷ days, apart for each audience, class and community."""
    if len(stretches) == 1:
        return [(stretches, member_days(stretches[0].holds.weight, stretches[0].end - stretches[0].start))]
    alike: dict[tuple[Fraction, Keys], list[Stretch]] = {}
    for stretch in stretches:
        alike.setdefault((stretch.holds.weight, keys_of(stretch.holds, DIMENSIONS)), []).append(stretch)
    return [
        (same, member_days(weight, sum(stretch.end - stretch.start for stretch in same)))
        for (weight, _), same in alike.items()
    ]


def _heaviest(stretches: list[Stretch]) -> Part:
    best = min((stretch.holds for stretch in stretches), key=Weighed.rank)
    return [Piece(stretch.start, stretch.end, best) for stretch in stretches], best.weight


def _at_the_end(grounds: Grounds, days: Days, spans: Iterable[Span]) -> list[Part]:
    instant = days.period.ends_at - timedelta(microseconds=1)
    held = [
        grounds.weigh(span.fact, by_audience=True, at=instant)
        for span in spans
        if span.starts_at <= instant < span.ends_at
    ]
    if not held:
        return []
    best = min(held, key=Weighed.rank)
    return [([Piece(len(days) - 1, len(days), best)], best.weight)]


def _peak_day(days: Days, people: Iterable[list[Stretch]]) -> int:
    """Return the number of the day with the highest level, the first of equals."""
    changes: dict[tuple[int, Fraction], int] = {}
    for stretches in people:
        for stretch in stretches:
            weight = stretch.holds.weight
            changes[stretch.start, weight] = changes.get((stretch.start, weight), 0) + 1
            changes[stretch.end, weight] = changes.get((stretch.end, weight), 0) - 1
    steps = [Fraction(0)] * (len(days) + 1)
    for (day, weight), number in changes.items():
        steps[day] += weight * number
    level, highest, peak_day = Fraction(0), Fraction(0), 0
    for day in range(len(days)):
        level += steps[day]
        if level > highest:
            highest, peak_day = level, day
    return peak_day


def _stretches(grounds: Grounds, days: Days, spans: Iterable[Span]) -> list[Stretch]:
    """Return the days a person is a member on, each with the membership that counts."""
    pieces: list[Stretch] = []
    for span in spans:
        start, end = max(span.starts_at, days.period.starts_at), min(span.ends_at, days.period.ends_at)
        if start < end:
            for low, high in trait_cuts(grounds, span, start, end):
                first, until = days.touched(low, high)
                pieces.append(Piece(first, until, grounds.weigh(span.fact, by_audience=True, at=low)))
    return non_overlapping(pieces, Weighed.rank)


def _entry(grounds: Grounds, days: Days, part: Part, reason: str = "membership_open") -> Entry:
    stretches, quantity = part
    carried = [
        centres
        for stretch in stretches
        for centres in days.centres(grounds, stretch.holds.fact, (stretch.start, stretch.end))
    ]
    first = stretches[0].holds
    return entry_of(first, quantity, reason, (keys_of(first, DIMENSIONS), merged_centres(carried)))


def _not_counted(
    days: Days, spans: Iterable[Span], stretches: list[Stretch], counted: list[Entry]
) -> Iterable[Exclusion]:
    """Yield the person who was not counted, or the further identities of one who was."""
    first = stretches[0].holds
    if not counted:
        weightless = all(stretch.holds.weight == 0 for stretch in stretches)
        yield excluded(first.fact, first.person_id, "weight_zero" if weightless else "not_then")
        return
    named = {entry.identity_id for entry in counted}
    for span in spans:
        open_then = span.starts_at < days.period.ends_at and span.ends_at > days.period.starts_at
        if open_then and span.fact.identity_id not in named:
            named.add(span.fact.identity_id)
            yield excluded(span.fact, span.person_id, "duplicate_person")
