"""Spans of holding something, a membership or a seat, from facts that open and close (pure)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from core.periods import Period, days_of
from metering.concurrency import Ints, micros
from metering.facts import Fact
from metering.grounds import Grounds, own_centre
from metering.measurement import Centres

__all__ = ("FAR", "Days", "Piece", "Span", "departures", "merged_centres", "non_overlapping", "spans_of")

FAR = datetime.max.replace(tzinfo=UTC)
"""The end of what is still open."""

P = TypeVar("P")
"""A place: an instant or a day number."""
H = TypeVar("H")


class Span(msgspec.Struct, frozen=True, gc=False):
    """Opened by a fact, open in `[starts_at, ends_at)`."""

    fact: Fact
    person_id: UUID
    starts_at: datetime
    ends_at: datetime


class Piece(msgspec.Struct, Generic[P, H], frozen=True, gc=False):
    """What holds in the half-open `[start, end)` of instants or of day numbers."""

    start: P
    end: P
    holds: H


def departures(grounds: Grounds) -> dict[UUID, list[datetime]]:
    """Return when each person left, ascending: by the facts that say so, and by the person's record."""
    left: dict[UUID, set[datetime]] = {}
    for fact in grounds.facts:
        if fact.type == "person.deactivated":
            left.setdefault(grounds.person_of(fact), set()).add(fact.occurred_at)
    for person_id, instants in grounds.directory.people.departures().items():
        left.setdefault(person_id, set()).update(instants)
    return {person_id: sorted(instants) for person_id, instants in left.items()}


def spans_of(
    grounds: Grounds, opens: str, closes: str, dimension: str, left: Mapping[UUID, Sequence[datetime]]
) -> dict[UUID, list[Span]]:
    """Pair what opens with what closes, by identity and `dimension`; return the spans by person.

    Accounts open and close for themselves: where two identities are one person, closing one
    leaves the other open. At one instant a close comes before an open; a close without an open is
    ignored; a departure closes everything the person holds and a rehire reopens nothing.
    """
    by_key: dict[tuple[int, str], list[Fact]] = {}
    for fact in grounds.facts:
        if fact.type in (opens, closes):
            by_key.setdefault((fact.identity_id, str(fact.attributes.get(dimension, ""))), []).append(fact)
    spans: dict[UUID, list[Span]] = {}
    for (identity_id, _), facts in by_key.items():
        person_id = grounds.who(identity_id).person_id
        ends = [fact.occurred_at for fact in facts if fact.type == closes]
        gone = left.get(person_id, ())
        for fact in facts:
            if fact.type != opens:
                continue
            start = fact.occurred_at
            ends_at = min(first_after(ends, start), first_after(gone, start))
            spans.setdefault(person_id, []).append(Span(fact, person_id, start, ends_at))
    return spans


def first_after(instants: Sequence[datetime], start: datetime) -> datetime:
    """Return the first instant strictly after `start`, or FAR: one that coincides came before it."""
    index = bisect_right(instants, start)
    return instants[index] if index < len(instants) else FAR


def trait_cuts(grounds: Grounds, span: Span, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Cut `[start, end)` where the class or audience of the span's person may change."""
    if grounds.who(span.fact.identity_id).steady is not None:
        return [(start, end)]
    cuts = [at for at in grounds.directory.people.trait_changes(span.person_id) if start < at < end]
    return list(pairwise([start, *cuts, end]))


def non_overlapping(pieces: list[Piece[P, H]], rank: Callable[[H], Any]) -> list[Piece[P, H]]:
    """Return the pieces cut so that at each place only the one of the lowest rank is left, ascending."""
    if len(pieces) < 2:
        return pieces
    result: list[Piece[P, H]] = []
    for cluster in _clusters(pieces):
        result.extend(_resolved(cluster, rank) if len(cluster) > 1 else cluster)
    return result


def _clusters(pieces: list[Piece[P, H]]) -> Iterator[list[Piece[P, H]]]:
    """Yield groups of pieces that hang together, so that the quadratic cut stays small."""
    cluster: list[Piece[P, H]] = []
    until: Any = None
    for piece in sorted(pieces, key=_start_of):
        if cluster and _start_of(piece) >= until:
            yield cluster
            cluster, until = [], None
        cluster.append(piece)
        until = piece.end if until is None else max(until, piece.end)
    if cluster:
        yield cluster


def _start_of(piece: Piece[Any, Any]) -> Any:
    return piece.start


def _resolved(pieces: list[Piece[P, H]], rank: Callable[[H], Any]) -> list[Piece[P, H]]:
    edges: list[Any] = sorted({edge for piece in pieces for edge in (piece.start, piece.end)})
    result: list[Piece[P, H]] = []
    for low, high in pairwise(edges):
        covering = [piece.holds for piece in pieces if piece.start <= low and piece.end >= high]
        if not covering:
            continue
        best = min(covering, key=rank)
        if result and result[-1].holds is best and result[-1].end == low:
            result[-1] = Piece(result[-1].start, high, best)
        else:
            result.append(Piece(low, high, best))
    return result


class Days:
    """The local days of a period, numbered from 0; days of zero length are not among them."""

    def __init__(self, period: Period, tz: ZoneInfo) -> None:
        days = list(days_of(period, tz))
        self.period = period
        self.dates: list[date] = [day for day, _ in days]
        self._starts = [part.starts_at for _, part in days]

    def __len__(self) -> int:
        return len(self.dates)

    @property
    def edges(self) -> Ints:
        """The starts of the days and the end of the last, in microseconds."""
        return np.array([micros(start) for start in (*self._starts, self.period.ends_at)], dtype=np.int64)

    def touched(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return the half-open range of day numbers that `[start, end)` touches; empty is (0, 0)."""
        low, high = max(start, self.period.starts_at), min(end, self.period.ends_at)
        if low >= high:
            return 0, 0
        return bisect_right(self._starts, low) - 1, bisect_left(self._starts, high)

    def bounds(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield each day's start and end within the period."""
        yield from zip(self._starts, [*self._starts[1:], self.period.ends_at], strict=True)

    def number_of(self, instant: datetime) -> int:
        """Return the number of the day that holds the instant."""
        return bisect_right(self._starts, instant) - 1

    def centres(self, grounds: Grounds, fact: Fact, days: tuple[int, int]) -> list[tuple[Centres, int]]:
        """Return who carries the person of a fact over a range of days, each with a number of days."""
        first, until = days
        own = own_centre(fact)
        if own is not None:
            return [(own, until - first)]
        somebody = grounds.who(fact.identity_id)
        if len(somebody.centres) == 1:
            return [(somebody.centres[0], until - first)]
        # The day numbers at which the carrying changes, the first and the last day included.
        edges = [first, *(n for day in somebody.since if first < (n := bisect_left(self.dates, day)) < until), until]
        return [(somebody.centres_on(self.dates[low]), high - low) for low, high in pairwise(edges) if low < high]


def merged_centres(parts: Sequence[tuple[Centres, Fraction | int]]) -> Centres:
    """Merge shares by weight: 10 days on A and 20 on B are A 1/3, B 2/3."""
    if len(parts) == 1 or len({centres for centres, _ in parts}) == 1:
        return parts[0][0]
    whole = sum((Fraction(weight) for _, weight in parts), Fraction(0))
    merged: dict[str | None, Fraction] = {}
    for centres, weight in parts:
        for code, share in centres:
            merged[code] = merged.get(code, Fraction(0)) + share * weight / whole
    return tuple(sorted(merged.items(), key=lambda item: (item[0] is None, item[0] or "")))
