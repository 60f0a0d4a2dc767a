"""Concurrent sessions: from logins, heartbeats and logouts to peak, p95 and average (pure)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import Literal

import msgspec
import numpy as np

from core.periods import Period, local_date
from metering.concurrency import (
    EPOCH,
    Intervals,
    Ints,
    average_level,
    bucket_maxima,
    micros,
    minute_edges,
    nearest_rank,
    peak_level,
    scaled,
)
from metering.facts import Fact, sorted_facts
from metering.grounds import Grounds, Weighed, entry_of, excluded, keys_of
from metering.leases import LEASED
from metering.measurement import Centres, Entry, Exclusion, Keys, Measurement, Reader
from metering.spans import Piece, non_overlapping

__all__ = (
    "Floor",
    "Level",
    "Session",
    "concurrent",
    "elapsed",
    "level_curve",
    "level_figure",
    "level_reader",
    "sessions_of",
)

DIMENSIONS = ("channel", "pool")

Statistic = Literal["peak", "p95", "average"]


class Session(msgspec.Struct, frozen=True, gc=False):
    """One session, open in `[starts_us, ends_us)`; `unit` is what counts once however often it is open."""

    weighed: Weighed
    unit: object
    starts_us: int
    ends_us: int

    def rank(self) -> tuple[object, ...]:
        """Return which session of a unit carries an instant: the heaviest, then the earliest."""
        return self.weighed.rank()


@dataclass(slots=True)
class _Trace:
    """What was heard of one session."""

    login: Fact
    last_beat: datetime
    logout: datetime | None = None


def sessions_of(grounds: Grounds) -> list[Session]:
    """Return the sessions that the facts tell of, by login.

    A session is (source, session_id). It ends at its logout if there is one, else at
    max(login, last heartbeat) + time-out, and is never longer than `max_session`. What has no
    login is ignored, and so is a heartbeat after the logout. A lease's stretch is a session as it
    stands: it was closed by its release or by time, and the pool says what counts once.
    """
    traces: dict[tuple[str, str], _Trace] = {}
    for fact in grounds.facts:
        if fact.type == "session.started":
            traces.setdefault(_key(fact), _Trace(fact, fact.occurred_at))
    for fact in grounds.facts:
        if fact.type not in ("session.heartbeat", "session.ended"):
            continue
        trace = traces.get(_key(fact))
        if trace is None or fact.occurred_at < trace.login.occurred_at:
            continue
        if fact.type == "session.heartbeat":
            trace.last_beat = max(trace.last_beat, fact.occurred_at)
        elif trace.logout is None:
            trace.logout = fact.occurred_at
    leased = [_leased(grounds, fact) for fact in grounds.facts if fact.type == LEASED]
    return [*(_session(grounds, key, trace) for key, trace in traces.items()), *leased]


def _key(fact: Fact) -> tuple[str, str]:
    return fact.source, str(fact.attributes.get("session_id", ""))


def _leased(grounds: Grounds, fact: Fact) -> Session:
    said = fact.attributes
    person: object = grounds.who(fact.identity_id).number
    unit = _unit(said["count_by"], person, said["device_id"], (fact.source, said["client_key"]))
    return Session(grounds.weigh(fact), unit, micros(fact.occurred_at), micros(said["ends_at"]))


def _unit(count_by: str, person: object, device_id: str | None, key: tuple[str, str]) -> object:
    """Return what counts once; who names no device is a device of their own."""
    if count_by == "person":
        return person
    return key if count_by == "session" else (person, device_id or key)


def _session(grounds: Grounds, key: tuple[str, str], trace: _Trace) -> Session:
    policy = grounds.policies.sessions
    weighed = grounds.weigh(trace.login)
    starts_us = micros(trace.login.occurred_at)
    ends_us = micros(trace.logout) if trace.logout else micros(trace.last_beat) + policy.timeout_s * 1_000_000
    ends_us = min(ends_us, starts_us + policy.max_session_s * 1_000_000)
    person = grounds.who(trace.login.identity_id).number
    unit = _unit(policy.count_by, person, trace.login.attributes.get("device_id"), key)
    return Session(weighed, unit, starts_us, ends_us)


def concurrent(grounds: Grounds, statistic: Statistic) -> Reader:
    """Return the meter `sessions.concurrent.<statistic>`.

    The level is the sum of the class weights of the distinct units (people, by default) with a
    session open. `peak` is its highest instant; `p95` the nearest-rank 95th percentile of the
    maxima of all elapsed UTC minutes, zeros included; `average` its integral ÷ seconds.

    In a period of 100 minutes p95 is the 95th smallest minute maximum: 5 minutes are free.
    """
    level = Level(f"sessions.concurrent.{statistic}", "session", 95 if statistic == "p95" else statistic)
    return level_reader(grounds, grounds.once(_SuiteFloors).of, level)


@dataclass(frozen=True, slots=True)
class Level:
    """A figure of a level: its name and unit, and whether it is the highest, the mean, or a percentile."""

    meter: str
    unit: str
    statistic: Literal["peak", "average"] | int


def level_reader(grounds: Grounds, floor_of: Callable[[Period], "Floor"], level: Level) -> Reader:
    """Return the meter of a level of what is open in a period, cut at `grounds.now`."""

    def figure(period: Period) -> Fraction:
        floor = floor_of(period)
        return level_figure(level, floor.intervals, floor.scale, elapsed(period, grounds.now))

    def read(period: Period) -> Measurement:
        (low, high), floor = elapsed(period, grounds.now), floor_of(period)
        entries = tuple(floor.entries(low, high)) if low < high else ()
        exclusions = tuple(floor.exclusions(low, high)) if low < high else ()
        return Measurement(level.meter, period, level.unit, figure(period), entries, exclusions, additive=False)

    return Reader(read, figure)


def elapsed(period: Period, now: datetime | None) -> tuple[int, int]:
    """Return the period in microseconds, cut at `now` (None: not cut)."""
    return micros(period.starts_at), micros(period.ends_at if now is None else min(period.ends_at, now))


def level_figure(level: Level, intervals: Intervals, scale: int, bounds: tuple[int, int]) -> Fraction:
    """Return a figure of the level of intervals (weights on `scale`) in `[low, high)` microseconds."""
    low, high = bounds
    if high <= low:
        return Fraction(0)
    inside = intervals.clipped(low, high)
    if level.statistic == "average":
        return average_level(inside, high - low) / scale
    if level.statistic == "peak":
        return Fraction(peak_level(inside), scale)
    minutes = bucket_maxima(inside, minute_edges(low, high))
    return Fraction(nearest_rank(minutes, level.statistic), scale)


def level_curve(grounds: Grounds, period: Period, step_s: int) -> list[tuple[datetime, Fraction]]:
    """Return the highest level of each step of a period, with the instant the step starts at."""
    floor = grounds.once(_SuiteFloors).of(period)
    edges = np.arange(micros(period.starts_at), micros(period.ends_at), step_s * 1_000_000, dtype=np.int64)
    closed = np.append(edges, micros(period.ends_at))
    maxima = bucket_maxima(floor.intervals.clipped(int(closed[0]), int(closed[-1])), closed)
    return [
        (EPOCH + timedelta(microseconds=start), Fraction(level, floor.scale))
        for start, level in zip(edges.tolist(), maxima.tolist(), strict=True)
    ]


class _SuiteFloors:
    """What is open of a suite's sessions, as `measure` would read it for any period that the grounds cover.

    Where a key came back, or was heard of after the longest session, what a period shows of it depends on which
    facts are at hand: then each period has a floor of the facts around it, so that many at once say what each says.
    """

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._reach = timedelta(seconds=grounds.policies.sessions.max_session_s)
        self._whole = _floor_of(grounds) if _stand_alone(grounds.facts, self._reach) else None
        self._parts: dict[Period, Floor] = {}

    def of(self, period: Period) -> "Floor":
        """Return what is open in a period."""
        if self._whole is not None:
            return self._whole
        if period not in self._parts:
            around = Period(period.starts_at - self._reach, period.ends_at + self._reach)
            leased = [fact for fact in self._grounds.facts if fact.type == LEASED and fact.occurred_at not in around]
            facts = sorted_facts([*self._grounds.within(around), *leased])
            self._parts[period] = _floor_of(replace(self._grounds, facts=facts))
        return self._parts[period]


def _floor_of(grounds: Grounds) -> "Floor":
    return Floor(grounds, grounds.once(sessions_of), DIMENSIONS, grounds.policies.sessions.leased_pools)


def _stand_alone(facts: Sequence[Fact], longest: timedelta) -> bool:
    """Tell whether every session began once and was heard of within its longest life: all spans show the same of it."""
    begun: dict[tuple[str, str], datetime] = {}
    for fact in facts:
        if fact.type == "session.started":
            if _key(fact) in begun:
                return False
            begun[_key(fact)] = fact.occurred_at
    return all(
        fact.occurred_at - begun.get(_key(fact), fact.occurred_at) <= longest
        for fact in facts if fact.type in ("session.heartbeat", "session.ended")
    )  # fmt: skip


class Floor:
    """All sessions at hand, cut so that each unit is open once, ready for sweeps."""

    def __init__(
        self,
        grounds: Grounds,
        sessions: Iterable[Session],
        dimensions: Sequence[str],
        leased_pools: Mapping[str, str] = MappingProxyType({}),
        reason: str = "session_open",
    ) -> None:
        self._grounds = grounds
        self._dimensions = dimensions
        self._leased_pools = leased_pools
        self._reason = reason
        self._leased: list[Session] = []
        self._weightless: list[Session] = []
        self._sessions: list[Session] = []
        for session in sessions:
            self._kind_of(session).append(session)
        self.scale = lcm(*{session.weighed.weight.denominator for session in self._sessions})
        rows = list(self._rows())
        self.intervals = Intervals.of([row[:3] for row in rows])
        self._owner: Ints = np.array([row[3] for row in rows], dtype=np.int64)
        self._labels: dict[int, tuple[Keys, Centres]] = {}

    def _kind_of(self, session: Session) -> list[Session]:
        fact = session.weighed.fact
        bound_on = None if fact.type == LEASED else self._leased_pools.get(fact.attributes.get("pool", ""))
        if bound_on is not None and local_date(fact.occurred_at, self._grounds.tz) >= date.fromisoformat(bound_on):
            return self._leased
        return self._sessions if session.weighed.weight else self._weightless

    def _rows(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (start, end, scaled weight, number of the session) of what each session carries."""
        units: dict[object, list[Piece[int, int]]] = {}
        for number, session in enumerate(self._sessions):
            if session.starts_us < session.ends_us:
                units.setdefault(session.unit, []).append(Piece(session.starts_us, session.ends_us, number))
        for pieces in units.values():
            for piece in non_overlapping(pieces, lambda number: self._sessions[number].rank()):
                weight = scaled(self._sessions[piece.holds].weighed.weight, self.scale)
                yield piece.start, piece.end, weight, piece.holds

    def _carried(self, low: int, high: int) -> Ints:
        """Return, for each session, the microseconds it carries inside `[low, high)`."""
        spent = np.minimum(self.intervals.ends, high) - np.maximum(self.intervals.starts, low)
        carried = np.zeros(len(self._sessions), dtype=np.int64)
        np.add.at(carried, self._owner, np.maximum(spent, 0))
        return carried

    def entries(self, low: int, high: int) -> Iterator[Entry]:
        """Yield the sessions that carried the level, with their weighted seconds."""
        carried = self._carried(low, high)
        for number in np.flatnonzero(carried).tolist():
            weighed = self._sessions[number].weighed
            weight = weighed.weight
            seconds = Fraction(int(carried[number]) * weight.numerator, 1_000_000 * weight.denominator)
            yield entry_of(weighed, seconds, self._reason, self._labels_of(number))

    def _labels_of(self, number: int) -> tuple[Keys, Centres]:
        labels = self._labels.get(number)
        if labels is None:
            weighed = self._sessions[number].weighed
            labels = (keys_of(weighed, self._dimensions), self._grounds.centres_of(weighed.fact))
            self._labels[number] = labels
        return labels

    def exclusions(self, low: int, high: int) -> Iterator[Exclusion]:
        """Yield the sessions of a period that did not count, with the reason."""
        carried = self._carried(low, high)
        covered = (self._sessions[number] for number in np.flatnonzero(carried == 0).tolist())
        yield from _excluded(covered, "overlapped", low, high)
        yield from _excluded(self._weightless, "weight_zero", low, high)
        yield from _excluded(self._leased, "pool_leases", low, high)


def _excluded(sessions: Iterable[Session], reason: str, low: int, high: int) -> Iterator[Exclusion]:
    for session in sessions:
        if session.starts_us < high and session.ends_us > low:
            yield excluded(session.weighed.fact, session.weighed.person_id, reason)
