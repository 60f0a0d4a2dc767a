"""The billing periods of a subscription: a tiling of its life by its anchor, in its time zone.

Every start is reckoned from the anchor itself, so that the 29th, 30th, 31st and 29 February do not
drift, and two neighbours share one instant, so that there is neither gap nor overlap.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.periods import Interval, Period, anchored_start, day_start, local_date

__all__ = ("Schedule", "Span", "cut", "spans")


@dataclass(frozen=True, slots=True)
class Schedule:
    """By what a subscription's periods are cut: from `anchor_on`, every `months`, on days of `tz`.

    `anchor_on` may be before or after the subscription's start: then the first period is a short
    one of a full period that began earlier.
    """

    anchor_on: date
    months: int
    tz: ZoneInfo

    def period(self, index: int) -> Period:
        """Return the full period number `index`; 0 begins on the anchor, negative ones before it."""
        interval = Interval(self.months)
        first, after = (anchored_start(self.anchor_on, interval, number) for number in (index, index + 1))
        return Period(day_start(first, self.tz), day_start(after, self.tz))

    def index_at(self, instant: datetime) -> int:
        """Return the number of the full period that holds the instant."""
        day = local_date(instant, self.tz)
        elapsed = (day.year - self.anchor_on.year) * 12 + day.month - self.anchor_on.month
        index = elapsed // self.months
        while instant < self.period(index).starts_at:
            index -= 1
        while instant >= self.period(index).ends_at:
            index += 1
        return index

    def at(self, instant: datetime) -> Period:
        """Return the full period that holds the instant.

        >>> from datetime import UTC
        >>> monthly = Schedule(date(2026, 1, 31), 1, ZoneInfo("UTC"))
        >>> local_date(monthly.at(datetime(2026, 3, 5, tzinfo=UTC)).starts_at, monthly.tz)
        datetime.date(2026, 2, 28)
        """
        return self.period(self.index_at(instant))


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A billing period and the full period it is a part of (mostly itself)."""

    period: Period
    full: Period


def spans(
    full_at: Callable[[datetime], Period],
    starts_at: datetime,
    ends_at: datetime | None,
    until: datetime,
    edges: Sequence[datetime] = (),
) -> Iterator[Span]:
    """Yield the billing periods of `[starts_at, ends_at)` that begin before `until`, in order.

    The first and the last are cut where the subscription begins and ends inside a full period.

    Args:
        full_at: an instant → the full period around it; where another interval begins, there is an edge.
        starts_at: where the first begins.
        ends_at: where the last ends; None: never.
        until: not included.
        edges: instants at which a period is cut too, ascending.
    """
    at = starts_at
    while at < until and (ends_at is None or at < ends_at):
        full = full_at(at)
        stop = full.ends_at if ends_at is None else min(full.ends_at, ends_at)
        stop = next((edge for edge in edges if at < edge < stop), stop)
        yield Span(Period(at, stop), full)
        at = stop


def cut(span: Span, at: datetime) -> tuple[Span, Span]:
    """Cut a billing period in two at an instant inside it; both keep the full period as their divisor.

    Raises:
        ValueError: the instant is not strictly inside.
    """
    if not span.period.starts_at < at < span.period.ends_at:
        raise ValueError("a period is cut strictly inside")
    return Span(Period(span.period.starts_at, at), span.full), Span(Period(at, span.period.ends_at), span.full)
