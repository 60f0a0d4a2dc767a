"""How many seats pools had in the course of time, and what they denied (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.periods import Period

__all__ = ("DenialCount", "Limit", "highest_limit")


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """So many seats a pool had from an instant on, until the next one of that pool."""

    since: datetime
    seats: int


@dataclass(frozen=True, slots=True, order=True)
class DenialCount:
    """How many denials the span that begins at an instant had, and how many of them were true."""

    at: datetime
    denials: int
    true: int


def highest_limit(limits: Mapping[str, Sequence[Limit]], span: Period) -> int | None:
    """Return the highest number of seats that all pools had together at any instant of a span.

    Args:
        limits: of each pool, in order of time.
        span: which instants.

    Returns:
        The number; None where there was no pool yet.

    >>> from datetime import UTC
    >>> day = Period(datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC))
    >>> lowered = Limit(datetime(2026, 11, 3, 12, tzinfo=UTC), 5)
    >>> highest_limit({"cad": [Limit(datetime(2026, 11, 1, tzinfo=UTC), 8), lowered]}, day)
    8
    """
    inside = {one.since for mine in limits.values() for one in mine if span.starts_at < one.since < span.ends_at}
    levels = (_at(limits.values(), instant) for instant in (span.starts_at, *inside))
    return max((level for level in levels if level is not None), default=None)


def _at(limits: Iterable[Sequence[Limit]], instant: datetime) -> int | None:
    held = [[one.seats for one in mine if one.since <= instant] for mine in limits]
    return sum(seats[-1] for seats in held if seats) if any(held) else None
