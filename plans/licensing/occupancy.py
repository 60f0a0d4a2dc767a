"""How full a pool was in the course of time (pure)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from metering.leases import Stretch

__all__ = ("seats_in_use",)


def seats_in_use(
    stretches: Iterable[Stretch], since: datetime, until: datetime, step: timedelta
) -> list[tuple[datetime, int]]:
    """Return the most seats in use at any instant of each step of `[since, until)`, with the step's start.

    A seat is in use from letting in until its lease ended and lingered, `[starts_at, ends_at + lingers_s)`;
    a unit has one, however many of its leases overlap. Of a seat that was given up before it had lingered to
    its end nothing is stored, so that the time until then counts here.

    Args:
        stretches: all that had a seat at any time in the span, lingering included; in any order.
        since: where the first step begins.
        until: the open end; the last step may be shorter.
        step: longer than nothing.
    """
    # At one instant who leaves goes first, so that a seat handed on counts once.
    events = sorted(
        [
            event
            for start, end in _seats(stretches)
            if start < end and end > since and start < until
            for event in ((max(start, since), 1), (end, -1))
        ]
    )
    found, used, place = [], 0, 0
    at = since
    while at < until:
        while place < len(events) and events[place] <= (at, 1):
            used += events[place][1]
            place += 1
        most, end = used, min(at + step, until)
        while place < len(events) and events[place][0] < end:
            used += events[place][1]
            most = max(most, used)
            place += 1
        found.append((at, most))
        at = end
    return found


def _seats(stretches: Iterable[Stretch]) -> list[tuple[datetime, datetime]]:
    """Return each unit's time in a seat, as intervals that do not overlap."""
    merged: dict[str, list[tuple[datetime, datetime]]] = {}
    for one in sorted(stretches, key=lambda one: one.starts_at):
        mine, end = merged.setdefault(one.unit, []), one.ends_at + timedelta(seconds=one.lingers_s)
        if mine and one.starts_at <= mine[-1][1]:
            mine[-1] = mine[-1][0], max(mine[-1][1], end)
        else:
            mine.append((one.starts_at, end))
    return [span for spans in merged.values() for span in spans]
