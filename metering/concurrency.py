"""How many at once: one sweep over starts and ends, in numpy (pure).

Instants are integers of microseconds, weights integers on a common scale, so that every level is
exact. Intervals are half-open: at one instant ends come before starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
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


@dataclass(frozen=True, slots=True)
class Intervals:
    """Half-open `[starts, ends)` in µs, each with a weight; a unit's own intervals don't overlap."""

    starts: Ints
    ends: Ints
    weights: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> "Intervals":
        """Make intervals of rows (start, end, weight)."""
        columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return cls(columns[:, 0], columns[:, 1], columns[:, 2])

    def clipped(self, low: int, high: int) -> "Intervals":
        """Return the parts inside `[low, high)`; an interval over the edge keeps its own part."""
        starts, ends = np.maximum(self.starts, low), np.minimum(self.ends, high)
        kept = starts < ends
        return Intervals(starts[kept], ends[kept], self.weights[kept])


def _levels(intervals: Intervals) -> tuple[Ints, Ints]:
    """Return the instants at which the level changes, ascending, and the level from each on.

    Only the level after *all* changes of an instant is a level: what ends at m never shares it
    with what starts at m.
    """
    weights = intervals.weights
    if (weights == weights[0]).all():
        # Nearly always: then instant and direction fit into one number, and numbers sort fast.
        keys = np.sort(np.concatenate((intervals.starts * 2 + 1, intervals.ends * 2)))
        instants = keys >> 1
        levels = np.cumsum((keys & 1) * 2 - 1) * weights[0]
    else:
        instants = np.concatenate((intervals.starts, intervals.ends))
        order = np.argsort(instants)  # in which order those of one instant come does not matter
        instants = instants[order]
        levels = np.cumsum(np.concatenate((weights, -weights))[order])
    last = np.append(instants[1:] != instants[:-1], True)
    return instants[last], levels[last]


def peak_level(intervals: Intervals) -> int:
    """Return the highest level at any instant; 0 where nothing is open."""
    if not len(intervals.starts):
        return 0
    return max(int(_levels(intervals)[1].max()), 0)


def bucket_maxima(intervals: Intervals, edges: Ints) -> Ints:
    """Return the highest level in each `[edges[i], edges[i+1])`, what is open at its start included."""
    maxima = np.zeros(len(edges) - 1, dtype=np.int64)
    if not len(intervals.starts):
        return maxima
    instants, levels = _levels(intervals)
    opening = np.searchsorted(instants, edges[:-1], side="right") - 1
    maxima = np.where(opening >= 0, levels[np.maximum(opening, 0)], 0)
    bucket = np.searchsorted(edges, instants, side="right") - 1
    inside = (bucket >= 0) & (bucket < len(maxima))
    bucket, levels = bucket[inside], levels[inside]
    if len(bucket):
        first = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
        maxima[bucket[first]] = np.maximum(maxima[bucket[first]], np.maximum.reduceat(levels, first))
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
    for weight in np.unique(intervals.weights):
        same = intervals.weights == weight
        total += int(weight) * int(np.sum(intervals.ends[same] - intervals.starts[same]))
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
