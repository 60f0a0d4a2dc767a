"""How many at once: starts and ends are sorted once, in numpy, for all figures (pure).

Instants are integers of microseconds, weights integers on a common scale, so that every level is
exact. Intervals are half-open: at one instant ends come before starts.
"""

from collections.abc import Sequence
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
    def weight(self) -> int | None:
        """The weight that all of them have; None where they differ, or there are none."""
        return int(self.weights[0]) if len(self.weights) and (self.weights == self.weights[0]).all() else None

    @cached_property
    def steps(self) -> "_Steps":
        """Their starts and ends in order."""
        if self.weight is not None:
            # Nearly always: then it is enough to count, and numbers sort faster than their places.
            return _Steps(np.sort(self.starts), np.sort(self.ends), self.weight, None)
        by_start, by_end = np.argsort(self.starts), np.argsort(self.ends)
        sums = _sums(self.weights[by_start]), _sums(self.weights[by_end])
        return _Steps(self.starts[by_start], self.ends[by_end], 1, sums)


def _sums(weights: Ints) -> Ints:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(weights)))


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
        closed = np.searchsorted(self.ends, self.starts, side="right")
        return self.level(np.arange(1, len(self.starts) + 1), closed)


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
    spans, weights = intervals.ends - intervals.starts, intervals.weights
    if intervals.weight is not None:
        return Fraction(intervals.weight * int(np.sum(spans)), duration_us)
    return Fraction(sum(int(one) * int(np.sum(spans[weights == one])) for one in np.unique(weights)), duration_us)


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
