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


def levels(known: Known, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Return every change of the number of seats billed in the period, from its start on."""
    changes: dict[datetime, int] = defaultdict(int)
    for person, spans in billable_spans(known).items():
        weight = known.crowd.class_weight(person, start)
        for low, high in _union(spans):
            if low < end and high > start and low < high:
                changes[max(low, start)] += weight
                if high < end:
                    changes[high] -= weight
    level, found = 0, []
    for at in sorted(changes | {start: changes.get(start, 0)}):
        level += changes[at]
        found.append((at, level))
    return found


def _union(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Merge what overlaps or touches: a person is billed for one seat at a time."""
    merged: list[tuple[datetime, datetime]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def seats(known: Known, start: datetime, end: datetime) -> dict[str, Figure]:
    """Return `peak`, `prorated` and `end_of_period`; a day counts by its highest number."""
    steps = levels(known, start, end)
    days = local_days(start, end, known.tz)
    highest = []
    position, level = 0, 0
    for day_start, day_end in days:
        top = level
        first = True
        while position < len(steps) and steps[position][0] < day_end:
            at, level = steps[position]
            top = level if first and at == day_start else max(top, level)
            first = False
            position += 1
        highest.append(top)
    drivers = _drivers(known, days)
    return {
        "peak": Figure(Fraction(max(highest)), drivers),
        "prorated": Figure(Fraction(sum(highest), len(days)), drivers),
        "end_of_period": Figure(Fraction(steps[-1][1]), drivers),
    }


def _drivers(known: Known, days: list[tuple[datetime, datetime]]) -> dict[str | None, Fraction]:
    """Return seat-days by cost centre."""
    figure = Figure()
    counts: dict[str | None, dict[Fraction, int]] = defaultdict(lambda: defaultdict(int))
    for person, spans in billable_spans(known).items():
        for day_start, day_end in days:
            if any(low < day_end and high > day_start and low < high for low, high in spans):
                weight = known.crowd.class_weight(person, day_start)
                for code, share in known.organisation.shares(person, day_start.astimezone(known.tz).date()).items():
                    counts[code][share * weight] += 1
    for code, by_share in counts.items():
        figure.drivers[code] = sum((share * number for share, number in by_share.items()), Fraction(0))
    return figure.drivers
