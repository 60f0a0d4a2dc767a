"""Which months of facts leave the database, and the states of a month that does (pure)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.periods import Period, add_months, day_start, local_date, months_between
from metering.policies import CountingPolicies
from metering.registry import MeterSpec

__all__ = (
    "CLOSED",
    "GONE",
    "LEAST_MONTHS",
    "MOST_MONTHS",
    "TRANSITIONS",
    "Behind",
    "Bounds",
    "Reached",
    "due_months",
    "go_on",
    "reach_of",
    "standing_types",
    "unheard",
    "window_of",
)

LEAST_MONTHS = 26
"""Whole months that stay on line at least: the 400 days in which billed periods are reckoned anew, a
contract year before them (its tiers and inclusions), and the month under way."""
MOST_MONTHS = 1_200

TRANSITIONS = {
    "writing": ("written",),
    "written": ("archived", "restoring"),
    "archived": ("restoring",),
    "restoring": ("restored",),
    "restored": ("writing",),
}
"""A month's states. `writing`: facts are copied to a file, all of them are still here. `written`: the
file was read back, facts are being deleted. `archived`: they are gone. `restoring`: they come back."""

CLOSED = ("writing", "written", "archived", "restoring")
"""States in which a month takes no new facts and no corrections: its file would not have them."""
GONE = ("written", "archived", "restoring")
"""States in which facts of the month may be missing here."""


Reached = Callable[[str], None]
"""Is told of each step of archiving or restoring when it is durable; tests stop there."""


def go_on(_step: str) -> None:
    """Stop nowhere."""


Behind = Callable[[int, int], None]
"""Is told how many steps are behind, of how many."""


def unheard(_done: int, _total: int) -> None:
    """Tell nobody."""


def standing_types(specs: Iterable[MeterSpec], policies: Iterable[CountingPolicies]) -> frozenset[str]:
    """Return the types of event that never leave: figures of today depend on them however old they are.

    Memberships, seats, departures, and all that courses are charged by; few beside what people do
    day by day.
    """
    readings = list(policies)
    return frozenset(
        name
        for spec in specs
        if spec.which in ("all_before", "ever")
        for reading in readings
        for name in spec.fact_types(reading)
    )


def reach_of(specs: Iterable[MeterSpec], policies: Iterable[CountingPolicies]) -> timedelta:
    """Return how far before its period's start a meter looks at most, standing types aside."""
    day = Period(datetime(2000, 1, 3, tzinfo=UTC), datetime(2000, 1, 4, tzinfo=UTC))
    readings = list(policies)
    spans = [spec.span(day, reading) for spec in specs for reading in readings]
    since = [span.since for span in spans if span.since is not None]
    since += [acts for spec in specs for one in readings if (acts := spec.acts_since(day.starts_at, one)) is not None]
    return max((day.starts_at - instant for instant in since), default=timedelta(0))


def window_of(month: Period, reach: timedelta, before: Period | None) -> Period:
    """Return when the facts occurred that a month's file holds.

    It ends a meter's longest look back before the month does, so that the month after it can be
    measured from what is here, and begins where the file before it ended.
    """
    return Period(before.ends_at if before is not None else month.starts_at - reach, month.ends_at - reach)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What must stay on line."""

    keep_months: int
    """So many whole months before the one of `now`."""
    settled_until: datetime
    """What ended before it will not be measured again."""


def due_months(first: datetime, now: datetime, bounds: Bounds, tz: ZoneInfo) -> list[Period]:
    """Return the local months that may leave, oldest first, from that of the first fact on."""
    this = local_date(now, tz).replace(day=1)
    until = min(day_start(add_months(this, -bounds.keep_months), tz), bounds.settled_until)
    if first >= until:
        return []
    return [month for month in months_between(first, until, tz) if month.ends_at <= until]
