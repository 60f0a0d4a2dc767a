"""How many at once: starts and ends are sorted once, in numpy, for all figures (pure).

Instants are integers of microseconds, weights integers on a common scale, so that every level is
exact. Intervals are half-open: at one instant ends come before starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = (
    "EPOCH",
    "MINUTE_US",
    "Intervals",
    "Ints",
    "average_level",
    "bucket_maxima",
    "micros",
    "minute_edges",
    "nearest_rank",
    "peak_level",
    "scaled",
)

Ints: TypeAlias = NDArray[np.int64]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MINUTE_US = 60_000_000

_BITS = 63
"""Of a number that is not negative."""
_PART = 1 << 14


@dataclass(frozen=True)
class Intervals:
    """Half-open `[starts, ends)` in µs, each with a weight, never negative; a unit's own don't overlap.

    What several figures need of them (the parts in a period, their order) is made once and kept.
    """

    starts: Ints
    ends: Ints
    weights: Ints
    _last_clip: dict[tuple[int, int], "Intervals"] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> "Intervals":
        """Make intervals of rows (start, end, weight)."""
        columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return cls(columns[:, 0], columns[:, 1], columns[:, 2])

    def clipped(self, low: int, high: int) -> "Intervals":
        """Return the parts inside `[low, high)`; an interval over the edge keeps its own part."""
        known = self._last_clip.get((low, high))
        if known is None:
            starts, ends = np.maximum(self.starts, low), np.minimum(self.ends, high)
            kept = starts < ends
            known = Intervals(starts[kept], ends[kept], self.weights[kept])
            self._last_clip.clear()
            self._last_clip[low, high] = known
        return known

    @cached_property
    def distinct(self) -> Ints:
        """The weights that there are, in order."""
        found = [np.unique(self.weights[part]) for part in _parts(len(self.weights))]
        return np.unique(np.concatenate([self.weights[:0], *found]))

    @cached_property
    def steps(self) -> "_Steps":
        """Their starts and ends in order."""
        if len(self.distinct) == 1:  # nearly always: then it is enough to count
            return _Steps(np.sort(self.starts), np.sort(self.ends), int(self.distinct[0]), None)
        starts, opened = self._in_order(self.starts)
        ends, closed = self._in_order(self.ends)
        return _Steps(starts, ends, 1, (opened, closed))

    def _in_order(self, instants: Ints) -> tuple[Ints, Ints]:
        """Return instants in order, and what the first 0, 1, … of them weigh together.

        A number that holds an instant and, below it, the place of its weight is sorted in place: the
        places of instants would take as much again, and sort more slowly.
        """
        sums = np.zeros(len(instants) + 1, dtype=np.int64)
        base, last = (int(instants.min()), int(instants.max())) if len(instants) else (0, 0)
        bits = len(self.distinct).bit_length()
        if (last - base).bit_length() + bits > _BITS:  # ages, or countless weights
            order = np.argsort(instants)
            np.cumsum(self.weights[order], out=sums[1:])
            return instants[order], sums
        packed = instants - base
        packed <<= bits
        for part in _parts(len(packed)):
            packed[part] |= np.searchsorted(self.distinct, self.weights[part])
        packed.sort()
        for part in _parts(len(packed)):
            sums[1:][part] = self.distinct[packed[part] & ((1 << bits) - 1)]
        packed >>= bits
        packed += base
        return packed, np.cumsum(sums, out=sums)


def _parts(length: int) -> Iterator[slice]:
    """Yield what of long arrays is handled together, so that nothing in between is as long as they are."""
    for start in range(0, length, _PART):
        yield slice(start, start + _PART)


@dataclass(frozen=True)
class _Steps:
    """Sorted starts and ends; each counts `weight`, or what its place in the running sums adds."""

    starts: Ints
    ends: Ints
    weight: int
    sums: tuple[Ints, Ints] | None

    def level(self, opened: Ints, closed: Ints) -> Ints:
        """Return the level after so many starts and ends."""
        if self.sums is not None:
            return self.sums[0][opened] - self.sums[1][closed]
        return (opened - closed) * self.weight

    def level_at(self, instants: Ints) -> Ints:
        """Return the level at instants, after all changes of each: what ends then never shares it with what starts."""
        opened, closed = (np.searchsorted(edge, instants, side="right") for edge in (self.starts, self.ends))
        return self.level(opened, closed)

    @cached_property
    def levels(self) -> Ints:
        """The level after each start; it is highest at a start. Of starts at one instant the last one counts all."""
        levels = np.arange(1, len(self.starts) + 1)
        for part in _parts(len(levels)):
            levels[part] = self.level(levels[part], np.searchsorted(self.ends, self.starts[part], side="right"))
        return levels


def peak_level(intervals: Intervals) -> int:
    """Return the highest level at any instant; 0 where nothing is open."""
    return int(intervals.steps.levels.max(initial=0))


def bucket_maxima(intervals: Intervals, edges: Ints) -> Ints:
    """Return the highest level in each `[edges[i], edges[i+1])`, what is open at its start included."""
    steps = intervals.steps
    maxima = steps.level_at(edges[:-1])
    first = np.searchsorted(steps.starts, edges)
    filled = np.flatnonzero(first[1:] > first[:-1])
    if len(filled):
        inside = steps.levels[: first[-1]]
        maxima[filled] = np.maximum(maxima[filled], np.maximum.reduceat(inside, first[filled]))
    return maxima


def nearest_rank(values: Ints, percent: int) -> int:
    """Return the nearest-rank percentile: the ⌈percent · N / 100⌉-th smallest, in integers.

    >>> nearest_rank(np.arange(1, 21), 95), nearest_rank(np.arange(1, 22), 95)
    (19, 20)
    """
    rank = (percent * len(values) + 99) // 100
    return int(np.partition(values, rank - 1)[rank - 1])


def average_level(intervals: Intervals, duration_us: int) -> Fraction:
    """Return the integral of the level ÷ the duration, exact."""
    total = 0
    for part in _parts(len(intervals.starts)):
        spans, weights = intervals.ends[part] - intervals.starts[part], intervals.weights[part]
        total += sum(int(one) * int(np.sum(spans, where=weights == one)) for one in intervals.distinct)
    return Fraction(total, duration_us)


def micros(instant: datetime) -> int:
    """Return the microseconds since 1970, exact."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def scaled(weight: Fraction, scale: int) -> int:
    """Return a weight as an integer on a scale that is a multiple of its denominator."""
    return weight.numerator * (scale // weight.denominator)


def minute_edges(starts_us: int, ends_us: int) -> Ints:
    """Return the edges of all UTC minutes that `[starts_us, ends_us)` touches."""
    first = starts_us // MINUTE_US
    last = -(-ends_us // MINUTE_US)
    return np.arange(first, last + 1, dtype=np.int64) * MINUTE_US
