"""Concurrent sessions: peak, 95th percentile of the minutes, average."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from tests.recalculation.figures import Figure, Known

TIMEOUT = timedelta(minutes=30)
LONGEST = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Session:
    person: str
    start: datetime
    end: datetime
    centre: str | None


def all_sessions(known: Known) -> list[Session]:
    """Return every session with its end: the sign-out, or the last sign of life and the time-out."""
    logins: dict[tuple[str, str], list] = defaultdict(list)
    beats: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    logouts: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for fact in known.facts:
        if fact.type.startswith("session."):
            key = (fact.source, fact.data["session_id"])
            if fact.type == "session.started":
                logins[key].append(fact)
            elif fact.type == "session.heartbeat":
                beats[key].append(fact.at)
            else:
                logouts[key].append(fact.at)
    found = []
    for key, started in logins.items():
        login = min(started, key=lambda fact: fact.order)
        ends = [at for at in logouts[key] if at >= login.at]
        alive = [at for at in beats[key] if at >= login.at]
        end = min(ends) if ends else max([login.at, *alive]) + TIMEOUT
        end = min(end, login.at + LONGEST)
        if end > login.at:
            found.append(Session(login.person, login.at, end, login.data.get("cost_centre")))
    return found


def concurrent(known: Known, start: datetime, end: datetime) -> dict[str, Figure]:
    """Return `peak`, `p95` and `average` of the people signed in at one time."""
    return known.once(f"concurrent from {start} to {end}", lambda known: _concurrent(known, start, end))


def _concurrent(known: Known, start: datetime, end: datetime) -> dict[str, Figure]:
    sessions = [s for s in known.once("all_sessions", all_sessions) if s.start < end and s.end > start]
    spans = person_spans(known, sessions, start, end)
    in_minute: dict[int, list[tuple[int, datetime, datetime]]] = defaultdict(list)
    for weight, low, high in spans:
        minute = (low - start) // MINUTE
        while start + minute * MINUTE < high:
            in_minute[minute].append((weight, low, high))
            minute += 1
    number_of_minutes = (end - start) // MINUTE
    busy = [_highest(spans, start + minute * MINUTE) for minute, spans in in_minute.items()]
    maxima = sorted([0] * (number_of_minutes - len(busy)) + busy)
    rank = -(-95 * number_of_minutes // 100)
    seconds = sum((weight * _seconds(low, high) for weight, low, high in spans), Fraction(0))
    parts = _parts(known, sessions, start, end)
    return {
        "peak": Figure(Fraction(maxima[-1]), parts),
        "p95": Figure(Fraction(maxima[rank - 1]), parts),
        "average": Figure(seconds / _seconds(start, end), parts),
    }


def _highest(spans: list[tuple[int, datetime, datetime]], minute: datetime) -> int:
    """Return the highest level within `[minute, minute + 60 s)`: at its start, or where a span begins."""
    instants = {minute} | {low for _, low, _ in spans if low >= minute}
    return max(sum(weight for weight, low, high in spans if low <= at < high) for at in instants)


def person_spans(
    known: Known, sessions: list[Session], start: datetime, end: datetime
) -> list[tuple[int, datetime, datetime]]:
    """Return (class weight, from, to) of each person's time in any session: two devices are one use."""
    by_person: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for session in sessions:
        by_person[session.person].append((max(session.start, start), min(session.end, end)))
    found = []
    for person, spans in by_person.items():
        merged: list[tuple[datetime, datetime]] = []
        for low, high in sorted(spans):
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        found += [(known.crowd.class_weight(person, low), low, high) for low, high in merged]
    return [span for span in found if span[0]]


def _parts(known: Known, sessions: list[Session], start: datetime, end: datetime) -> list:
    """Return session-seconds by the cost centre that held when the session began."""
    figure = Figure()
    taken: dict[str, datetime] = {}
    for session in sorted(sessions, key=lambda s: (s.start, s.end)):
        low, high = max(session.start, start), min(session.end, end)
        low = max(low, taken.get(session.person, low))  # what two devices share is one use, the first one's
        if low < high and known.crowd.class_weight(session.person, session.start):
            figure.add_driver(known, session.person, session.start, _seconds(low, high), session.centre)
            taken[session.person] = high
    return figure.parts


def _seconds(low: datetime, high: datetime) -> Fraction:
    return Fraction((high - low) // timedelta(microseconds=1), 1_000_000)
