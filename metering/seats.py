"""Named seats: held, or freed and cooling down (pure).

A seat-day is the day's highest number held, so that a seat that passes from a leaver to a
colleague at noon is one seat on that day.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache, lru_cache, partial
from math import lcm
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.periods import Period, day_start, local_date
from metering.concurrency import Intervals, bucket_maxima, micros, peak_level, scaled
from metering.grounds import Grounds, Weighed, entry_of, excluded, keys_of
from metering.measurement import Entry, Exclusion, Measurement, Reader, exact_sum
from metering.spans import FAR, Days, Piece, Span, departures, merged_centres, non_overlapping, spans_of, trait_cuts

__all__ = ("USE_TYPES", "SeatHold", "after_release", "cooled_at", "named", "seat_holds")

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
class SeatHold:
    """A person's hold on a seat of a pool in `[starts_at, ends_at)`, by one assignment or several.

    `spans` are those assignments, the first one first; `ends_at` is FAR while it is held. Freed, the
    seat is billable until `cooled_at`, which is `ends_at` where nothing cools down: because the holder
    never `used` it, or because they `left`.
    """

    spans: tuple[Span, ...]
    starts_at: datetime
    ends_at: datetime
    used: bool = False
    left: bool = False
    cooled_at: datetime = FAR

    @property
    def span(self) -> Span:
        """The assignment that began it."""
        return self.spans[0]

    @property
    def person_id(self) -> UUID:
        """Who holds it."""
        return self.spans[0].person_id


@dataclass(frozen=True, slots=True)
class Billable:
    """What makes a seat billable at an instant: holding it, or its cool-down."""

    hold: SeatHold
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


def seat_holds(grounds: Grounds) -> list[tuple[str, list[SeatHold]]]:
    """Return all holds, those of a person and pool together, with the pool and in the order of their starts.

    Facts of `USE_TYPES` need only be among the grounds for holds that have ended: `used` and
    `cooled_at` of those that have not say nothing.
    """
    left = departures(grounds)
    used: dict[UUID, list[datetime]] = {}
    for fact in grounds.facts:
        if fact.type in USE_TYPES:
            used.setdefault(grounds.person_of(fact), []).append(fact.occurred_at)
    result: list[tuple[str, list[SeatHold]]] = []
    for person_id, spans in spans_of(grounds, "seat.assigned", "seat.released", "pool", left).items():
        by_pool: dict[str, list[Span]] = {}
        for span in spans:
            by_pool.setdefault(str(span.fact.attributes.get("pool", "")), []).append(span)
        for pool, of_pool in by_pool.items():
            acts, gone = used.get(person_id, ()), left.get(person_id, ())
            result.append((pool, [_judged(grounds, hold, acts, gone) for hold in _holds(of_pool)]))
    return result


@lru_cache(maxsize=4096)
def cooled_at(released_at: datetime, cooldown_days: int, tz: ZoneInfo) -> datetime:
    """Return until when a seat that was used is billable: local midnight of the release date + cool-down.

    >>> cooled_at(datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("UTC")), 30, ZoneInfo("UTC")).date()
    datetime.date(2026, 4, 9)
    """
    return max(released_at, day_start(local_date(released_at, tz) + timedelta(days=cooldown_days), tz))


def _billable(grounds: Grounds) -> list[list[Stretch]]:
    """Return, for each person and pool, when a seat is billable; stretches don't overlap."""
    result: list[list[Stretch]] = []
    for _pool, holds in seat_holds(grounds):
        pieces: list[Piece[datetime, Billable]] = []
        for hold in holds:
            pieces.append(Piece(hold.starts_at, hold.ends_at, Billable(hold, False)))
            if hold.cooled_at > hold.ends_at:
                pieces.append(Piece(hold.ends_at, hold.cooled_at, Billable(hold, True)))
        result.append(_weighed(grounds, non_overlapping(pieces, Billable.rank)))
    return result


def _holds(spans: list[Span]) -> list[SeatHold]:
    """Merge the spans of one person and pool that overlap, for instance of two identities."""
    holds: list[SeatHold] = []
    for span in sorted(spans, key=lambda s: s.starts_at):
        last = holds[-1] if holds else None
        if last is None or span.starts_at >= last.ends_at:
            holds.append(SeatHold((span,), span.starts_at, span.ends_at))
        else:
            holds[-1] = SeatHold((*last.spans, span), last.starts_at, max(last.ends_at, span.ends_at))
    return holds


def _judged(grounds: Grounds, hold: SeatHold, used: Sequence[datetime], gone: Sequence[datetime]) -> SeatHold:
    """Return a hold with what became of its seat when it was freed."""
    if hold.ends_at == FAR:
        return hold
    did = bisect_left(used, hold.starts_at) != bisect_left(used, hold.ends_at)
    cooldown_days = grounds.policies.seats.cooldown_days
    left, cooled = after_release(hold.ends_at, gone, cooldown_days, grounds.tz, used=did)
    return replace(hold, used=did, left=left, cooled_at=cooled)


def after_release(
    ends_at: datetime, gone: Sequence[datetime], cooldown_days: int, tz: ZoneInfo, *, used: bool
) -> tuple[bool, datetime]:
    """Return whether it was a departure that ended a hold or its cool-down, and until when the seat is billable.

    Args:
        ends_at: the end of the hold.
        gone: when its holder left, each time, ascending.
        cooldown_days: by the policy.
        tz: the tenant's.
        used: whether the holder did something with the seat; else nothing cools down.
    """
    # A departure at the very end of the hold is what ended it: then nothing cools down.
    departure = bisect_left(gone, ends_at)
    leaves_at = gone[departure] if departure < len(gone) else FAR
    until = cooled_at(ends_at, cooldown_days, tz)
    return leaves_at == ends_at or leaves_at < until, min(until, leaves_at) if used else ends_at


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
