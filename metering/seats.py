"""Named seats: held, or freed and cooling down (pure).

A seat-day is the day's highest number held, so that a seat that passes from a leaver to a
colleague at noon is one seat on that day.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache, partial
from math import lcm
from typing import Literal
from uuid import UUID

from core.periods import Period, day_start, local_date
from metering.concurrency import Intervals, bucket_maxima, micros, peak_level, scaled
from metering.grounds import Grounds, Weighed, entry_of, excluded, keys_of
from metering.measurement import Entry, Exclusion, Measurement, Reader, exact_sum
from metering.spans import FAR, Days, Piece, Span, departures, merged_centres, non_overlapping, spans_of, trait_cuts

__all__ = ("USE_TYPES", "named")

DIMENSIONS = ("pool",)
USE_TYPES = frozenset(
    {
        "session.started",
        "activity.performed",
        "contribution.created",
        "course.enrolled",
        "course.launched",
        "course.completed",
        "class.attended",
    }
)
"""What shows that a seat's holder did something with it."""

Statistic = Literal["peak", "prorated", "end_of_period"]


@dataclass(frozen=True, slots=True)
class Hold:
    """A person's hold on a seat of a pool in `[starts_at, ends_at)`, by one assignment or several."""

    span: Span
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Billable:
    """What makes a seat billable at an instant: holding it, or its cool-down."""

    hold: Hold
    cooling: bool

    def rank(self) -> tuple[bool, timedelta]:
        """Prefer holding over cooling down, then the later hold."""
        return self.cooling, FAR - self.hold.starts_at


Stretch = Piece[datetime, tuple[Billable, Weighed]]


def named(grounds: Grounds, statistic: Statistic) -> Reader:
    """Return the meter `seats.named.<statistic>`.

    A released seat stays billable until local midnight of its release date + cool-down, except
    where the holder left or never did anything while holding it. One person is one seat of a
    pool, so that taking a seat back within its cool-down bills one. `prorated` is seat-days ÷
    days, `peak` the highest day, `end_of_period` the last instant before the end.

    Released on 10 March with 30 days of cool-down: billable through 8 April.
    """
    seats = grounds.once(_billable)

    def read(period: Period) -> Measurement:
        days = Days(period, grounds.tz)
        open_then = [inside for stretches in seats if (inside := [s for s in stretches if _overlaps(s, period)])]
        decisive = _Decisive(_decisive_instants(statistic, period, _highest_instants(days, open_then)))
        entries: list[Entry] = []
        exclusions: list[Exclusion] = []
        for stretches in open_then:
            counted = [
                entry for stretch in stretches if (entry := _entry(grounds, days, stretch, decisive)) is not None
            ]
            entries.extend(counted)
            if not counted:
                exclusions.append(_exclusion(stretches))
        total = exact_sum(entry.quantity for entry in entries)
        meter = f"seats.named.{statistic}"
        return Measurement(meter, period, "seat", total, tuple(entries), tuple(exclusions))

    return Reader(read, partial(_figure, grounds, statistic, _levels(seats)))


def _levels(seats: list[list[Stretch]]) -> tuple[Intervals, int]:
    """Return all stretches for a sweep, and the scale of their weights."""
    flat = [stretch for stretches in seats for stretch in stretches]
    scale = lcm(*{stretch.holds[1].weight.denominator for stretch in flat})
    rows = [(micros(s.start), micros(s.end), scaled(s.holds[1].weight, scale)) for s in flat]
    return Intervals.of(rows), scale


def _figure(grounds: Grounds, statistic: Statistic, levels: tuple[Intervals, int], period: Period) -> Fraction:
    """Return the figure by a sweep, without looking at who holds what."""
    intervals, scale = levels
    inside = intervals.clipped(micros(period.starts_at), micros(period.ends_at))
    if statistic == "end_of_period":
        at_the_end = inside.clipped(micros(period.ends_at) - 1, micros(period.ends_at))
        return Fraction(peak_level(at_the_end), scale)
    highest = bucket_maxima(inside, Days(period, grounds.tz).edges)
    if statistic == "peak":
        return Fraction(int(highest.max()), scale)
    return Fraction(int(highest.sum()), scale * len(highest))


def _billable(grounds: Grounds) -> list[list[Stretch]]:
    """Return, for each person and pool, when a seat is billable; stretches don't overlap."""
    left = departures(grounds)
    used: dict[UUID, list[datetime]] = {}
    for fact in grounds.facts:
        if fact.type in USE_TYPES:
            used.setdefault(grounds.person_of(fact), []).append(fact.occurred_at)
    by_person = spans_of(grounds, "seat.assigned", "seat.released", "pool", left)
    result: list[list[Stretch]] = []
    for person_id, spans in by_person.items():
        by_pool: dict[str, list[Span]] = {}
        for span in spans:
            by_pool.setdefault(str(span.fact.attributes.get("pool", "")), []).append(span)
        for of_pool in by_pool.values():
            pieces: list[Piece[datetime, Billable]] = []
            for hold in _holds(of_pool):
                pieces.append(Piece(hold.starts_at, hold.ends_at, Billable(hold, False)))
                until = _cooled_at(grounds, hold, used.get(person_id, ()), left.get(person_id, ()))
                if until > hold.ends_at:
                    pieces.append(Piece(hold.ends_at, until, Billable(hold, True)))
            result.append(_weighed(grounds, non_overlapping(pieces, Billable.rank)))
    return result


def _holds(spans: list[Span]) -> list[Hold]:
    """Merge the spans of one person and pool that overlap, for instance of two identities."""
    holds: list[Hold] = []
    for span in sorted(spans, key=lambda s: s.starts_at):
        last = holds[-1] if holds else None
        if last is None or span.starts_at >= last.ends_at:
            holds.append(Hold(span, span.starts_at, span.ends_at))
        elif span.ends_at > last.ends_at:
            holds[-1] = Hold(last.span, last.starts_at, span.ends_at)
    return holds


def _cooled_at(grounds: Grounds, hold: Hold, used: Sequence[datetime], left: Sequence[datetime]) -> datetime:
    """Return when the freed seat stops being billable; the hold's own end where nothing cools down."""
    if hold.ends_at == FAR:
        return hold.ends_at
    if bisect_left(used, hold.starts_at) == bisect_left(used, hold.ends_at):
        return hold.ends_at
    released_on = local_date(hold.ends_at, grounds.tz)
    until = day_start(released_on + timedelta(days=grounds.policies.seats.cooldown_days), grounds.tz)
    # A departure at the very end of the hold is what ended it: then nothing cools down.
    departure = bisect_left(left, hold.ends_at)
    return min(until, left[departure]) if departure < len(left) else until


def _weighed(grounds: Grounds, pieces: Iterable[Piece[datetime, Billable]]) -> list[Stretch]:
    stretches: list[Stretch] = []
    for piece in pieces:
        span = piece.holds.hold.span
        for low, high in trait_cuts(grounds, span, piece.start, piece.end):
            stretches.append(Piece(low, high, (piece.holds, grounds.weigh(span.fact, at=low))))
    return stretches


def _overlaps(stretch: Stretch, period: Period) -> bool:
    return stretch.start < period.ends_at and stretch.end > period.starts_at


def _highest_instants(days: Days, seats: list[list[Stretch]]) -> list[tuple[int, datetime]]:
    """Return, for each day, its highest level (scaled to integers) and the first instant of it."""
    scale = lcm(*{s.holds[1].weight.denominator for stretches in seats for s in stretches})
    changes: dict[datetime, int] = {}
    period = days.period
    for stretches in seats:
        for stretch in stretches:
            weight = scaled(stretch.holds[1].weight, scale)
            start = max(stretch.start, period.starts_at)
            changes[start] = changes.get(start, 0) + weight
            if stretch.end < period.ends_at:
                changes[stretch.end] = changes.get(stretch.end, 0) - weight
    highest: list[tuple[int, datetime]] = []
    level = 0
    instants = sorted(changes)
    position = 0
    for start, end in days.bounds():
        if position < len(instants) and instants[position] == start:
            level += changes[start]
            position += 1
        best = (level, start)
        while position < len(instants) and instants[position] < end:
            level += changes[instants[position]]
            if level > best[0]:
                best = (level, instants[position])
            position += 1
        highest.append(best)
    return highest


def _decisive_instants(statistic: Statistic, period: Period, highest: list[tuple[int, datetime]]) -> list[datetime]:
    """Return the instants at which a seat counts: one a day, or the one that decides."""
    match statistic:
        case "prorated":
            return [instant for _, instant in highest]
        case "peak":
            return [max(highest, key=lambda day: day[0])[1]]
        case "end_of_period":
            return [period.ends_at - timedelta(microseconds=1)]


class _Decisive:
    """The instants at which a seat counts, and what counting at some of them makes."""

    def __init__(self, instants: list[datetime]) -> None:
        self.instants = instants
        self.quantity = cache(lambda weight, number: weight * number / len(instants))


def _entry(grounds: Grounds, days: Days, stretch: Stretch, decisive: _Decisive) -> Entry | None:
    billable, weighed = stretch.holds
    instants = decisive.instants
    first, until = bisect_left(instants, stretch.start), bisect_left(instants, stretch.end)
    if first == until or weighed.weight == 0:
        return None
    held_on = (days.number_of(instants[first]), days.number_of(instants[until - 1]) + 1)
    centres = merged_centres(days.centres(grounds, weighed.fact, held_on))
    reason = "seat_cooling_down" if billable.cooling else "seat_held"
    quantity: Fraction = decisive.quantity(weighed.weight, until - first)
    return entry_of(weighed, quantity, reason, (keys_of(weighed, DIMENSIONS), centres))


def _exclusion(stretches: list[Stretch]) -> Exclusion:
    weighed = stretches[0].holds[1]
    weightless = all(stretch.holds[1].weight == 0 for stretch in stretches)
    return excluded(weighed.fact, weighed.person_id, "weight_zero" if weightless else "not_then")
