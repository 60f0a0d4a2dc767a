"""Which periods of a subscription are to be billed now (pure).

In arrears: a period that ended and whose grace has passed. In advance: the first period when it
starts, every later one together with the arrears of the period before it. Each once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.periods import Period, add_months, day_start, local_date

__all__ = ("DueItem", "Question", "Timing", "due_items", "month_of")

Timing = Literal["arrears", "advance", "again"]
"""`again`: billed before; what it comes to now is a difference (all of it, where it was withdrawn)."""


@dataclass(frozen=True, slots=True, order=True)
class DueItem:
    """A period of a subscription that is to be billed: for what is due after or before it, or once more."""

    tenant_id: UUID
    subscription_id: UUID
    period: Period
    timing: Timing

    def closes_on(self, tz: ZoneInfo) -> date:
        """Return the local date of the boundary at which it is billed: what meets there shares a document."""
        return local_date(self.period.starts_at if self.timing == "advance" else self.period.ends_at, tz)


@dataclass(frozen=True, slots=True)
class Question:
    """When is asked, and for what."""

    now: datetime
    """The tenant's."""
    grace: timedelta
    """0 where it is skipped."""
    tz: ZoneInfo
    month: date | None = None
    """The first day of the only month that is wanted; None: whatever is due."""


def month_of(period: Period, tz: ZoneInfo) -> date:
    """Return the first day of the month that a period is billed for: the one of its last local day.

    >>> from datetime import UTC
    >>> month_of(Period(datetime(2026, 10, 15, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC)), ZoneInfo("UTC"))
    datetime.date(2026, 11, 1)
    """
    return local_date(period.ends_at - timedelta(microseconds=1), tz).replace(day=1)


def due_items(
    tenant_id: UUID,
    subscription_id: UUID,
    periods: Iterable[Period],
    billed: Collection[tuple[Timing, datetime]],
    question: Question,
) -> list[DueItem]:
    """Return what is due of one subscription, in order of time, arrears before the advance that follows.

    Args:
        tenant_id: who consumes.
        subscription_id: whose periods they are.
        periods: all its stored periods; they tile.
        billed: timing and start of what is on a document already.
        question: now, grace and month.
    """
    ordered = sorted(periods)
    due: list[DueItem] = []
    for index, period in enumerate(ordered):
        if _advance_due(ordered, index, billed, question):
            due.append(DueItem(tenant_id, subscription_id, period, "advance"))
        if ("arrears", period.starts_at) not in billed and _arrears_due(period, question):
            due.append(DueItem(tenant_id, subscription_id, period, "arrears"))
    return due


def _arrears_due(period: Period, question: Question) -> bool:
    if question.month is not None and month_of(period, question.tz) != question.month:
        return False
    return period.ends_at + question.grace <= question.now


def _advance_due(
    periods: Sequence[Period], index: int, billed: Collection[tuple[Timing, datetime]], question: Question
) -> bool:
    period = periods[index]
    if ("advance", period.starts_at) in billed or period.starts_at > question.now:
        return False
    if index == 0:
        return question.month is None or period.starts_at < day_start(add_months(question.month, 1), question.tz)
    before = periods[index - 1]
    return ("arrears", before.starts_at) in billed or _arrears_due(before, question)
