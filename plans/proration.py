"""How much of a full period a cut one is, and which figures split by time of themselves."""

from fractions import Fraction
from zoneinfo import ZoneInfo

from core.periods import Period, days_of
from metering.registry import find_meter
from plans.charges import Proration

__all__ = ("part_of", "splits_by_time")


def splits_by_time(meter: str | None) -> bool:
    """Tell whether the meter's figures of a period's pieces add up to the period's figure.

    Counts and sums do: each thing falls into the piece in which it happened. Peaks, distinct people
    and averages are measured in each piece and billed for its part of the full period, as flat
    amounts are.

    >>> splits_by_time("courses.transactions.charged"), splits_by_time("seats.named.peak"), splits_by_time(None)
    (True, False, False)
    """
    spec = find_meter(meter) if meter is not None else None
    return spec is not None and spec.additive


def part_of(full: Period, piece: Period, proration: Proration, tz: ZoneInfo) -> Fraction:
    """Return the part that `piece` is of `full`; the divisor is always the full period.

    `by_day` gives each local day to the piece that holds its first instant within `full`, so that
    the pieces of a full period sum to 1 however it is cut.

    Args:
        full: the whole period as the anchor cuts it.
        piece: a stretch inside it.
        proration: `by_second` (exact, to the microsecond), `by_day`, or `none` (always 1).
        tz: the zone whose days are counted.

    Raises:
        ValueError: the piece reaches beyond the full period.

    >>> from datetime import UTC, datetime
    >>> june = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    >>> part_of(june, Period(june.starts_at, datetime(2026, 6, 11, tzinfo=UTC)), "by_second", ZoneInfo("UTC"))
    Fraction(1, 3)
    """
    if piece.starts_at < full.starts_at or piece.ends_at > full.ends_at:
        raise ValueError("a piece reaches beyond its full period")
    if proration == "none":
        return Fraction(1)
    if proration == "by_second":
        return Fraction(piece.duration_us, full.duration_us)
    firsts = [day.starts_at for _, day in days_of(full, tz)]
    return Fraction(sum(first in piece for first in firsts), len(firsts))
