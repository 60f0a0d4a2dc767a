"""Named seats."""

from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction

from tests.recalculation.facts import local_days, local_midnight
from tests.recalculation.figures import Figure, Known
from tests.recalculation.members import END_OF_TIME

COOL_DOWN_DAYS = 30
USES = (
    "session.started",
    "activity.performed",
    "contribution.created",
    "course.enrolled",
    "course.launched",
    "course.completed",
    "class.attended",
)


def billable_spans(known: Known) -> dict[str, list[tuple[datetime, datetime]]]:
    """Return person → spans in which a seat is billed for them: held, and the cool-down after it."""
    uses: dict[str, list[datetime]] = defaultdict(list)
    for fact in known.facts:
        if fact.type in USES:
            uses[fact.person].append(fact.at)
    held: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    since: dict[str, datetime] = {}
    moves = [fact for fact in known.facts if fact.type in ("seat.assigned", "seat.released")]
    for fact in sorted(moves, key=lambda fact: (fact.at, fact.type == "seat.assigned", fact.source, fact.id)):
        if fact.type == "seat.assigned":
            since.setdefault(fact.person, fact.at)
        elif fact.person in since:
            held[fact.person].append((since.pop(fact.person), fact.at))
    for person, low in since.items():
        held[person].append((low, END_OF_TIME))
    billed: dict[str, list[tuple[datetime, datetime]]] = {}
    for person, spans in held.items():
        left = known.crowd.left.get(person, END_OF_TIME)
        billed[person] = []
        for low, high in spans:
            used = any(low <= at < high for at in uses[person])
            until = high
            if high < left and used:
                until = local_midnight(high.astimezone(known.tz).date() + timedelta(days=COOL_DOWN_DAYS), known.tz)
            billed[person].append((low, min(until, left)))
    return billed


def _union(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Merge what overlaps or touches: a person is billed for one seat at a time."""
    merged: list[tuple[datetime, datetime]] = []
    for low, high in sorted(spans):
        if low >= high:
            continue
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def highest_instants(spans: list[tuple[datetime, datetime]], start: datetime, end: datetime) -> tuple[int, datetime]:
    """Return the highest number of spans open at one instant of `[start, end)`, and the first such instant."""
    changes: dict[datetime, int] = defaultdict(int)
    changes[start] = 0
    for low, high in spans:
        if low < end and high > start:
            changes[max(low, start)] += 1
            if high < end:
                changes[high] -= 1
    level, best = 0, (-1, start)
    for at in sorted(changes):
        level += changes[at]
        if level > best[0]:
            best = (level, at)
    return best


def seats(known: Known, start: datetime, end: datetime) -> dict[str, Figure]:
    """Return `peak`, `prorated` and `end_of_period`; a day counts by its highest number.

    Each figure is attributed by the days that make it: the first highest day, all days, the last.
    """
    held, tops = _held(known, start, end), _tops(known, start, end)
    last = end - timedelta(microseconds=1)
    return {
        "peak": peak(known, start, end),
        "prorated": _figure(known, held, [at for _, at in tops], Fraction(1, len(tops))),
        "end_of_period": _figure(known, held, [last], Fraction(1)),
    }


def peak(known: Known, start: datetime, end: datetime) -> Figure:
    """Return the highest day's seats."""
    highest = max(_tops(known, start, end), key=lambda top: top[0])
    return _figure(known, _held(known, start, end), [highest[1]], Fraction(1))


def _held(known: Known, start: datetime, end: datetime) -> list[tuple[str, datetime, datetime]]:
    return [
        (person, low, high)
        for person, spans in known.once("billable_spans", billable_spans).items()
        if known.crowd.class_weight(person, start)
        for low, high in _union(spans)
        if low < end and high > start
    ]


def _tops(known: Known, start: datetime, end: datetime) -> list[tuple[int, datetime]]:
    """Return each day's highest number and its first instant."""
    spans = [(low, high) for _, low, high in _held(known, start, end)]
    return [highest_instants(spans, *day) for day in local_days(start, end, known.tz)]


def _figure(
    known: Known, held: list[tuple[str, datetime, datetime]], instants: list[datetime], each: Fraction
) -> Figure:
    """Count who holds a seat at these instants, `each` for one."""
    figure = Figure()
    for at in instants:
        for person, low, high in held:
            if low <= at < high:
                figure.quantity += each
                figure.add_driver(known, person, at, each)
    return figure
