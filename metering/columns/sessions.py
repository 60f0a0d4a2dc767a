"""Concurrent sessions from columns (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import lcm
from typing import Literal

import numpy as np

from core.periods import Period, day_start
from metering.columns.grounds import ColumnGrounds, Told, in_groups
from metering.concurrency import Intervals, Ints, micros, scaled
from metering.measurement import Measurement
from metering.sessions import Level, elapsed, level_figure
from metering.spans import Piece, non_overlapping

__all__ = ("concurrent",)

LOGIN, BEAT, LOGOUT = range(3)
_KINDS = {"session.started": LOGIN, "session.heartbeat": BEAT, "session.ended": LOGOUT}
_NEVER = np.iinfo(np.int64).max
_EVER = (-_NEVER, _NEVER)


@dataclass(frozen=True, slots=True)
class _Floor:
    """What is open when, each unit once, with the scale of the weights."""

    intervals: Intervals
    scale: int


@dataclass(frozen=True, slots=True)
class _Heard:
    """All that was heard of sessions, row by row; `units` and `weights` (scaled) are those of a login."""

    sessions: Ints
    kinds: Ints
    at_us: Ints
    units: Ints
    weights: Ints


class _Suite:
    """The sessions of a suite: those that a figure needs are put together once, or for its own span."""

    def __init__(self, grounds: ColumnGrounds) -> None:
        self._policy = grounds.policies.sessions
        self._keys: dict[tuple[str, str], int] = {}
        self._units: dict[object, int] = {}
        told = [one for one in grounds.told if one.column.type in _KINDS]
        tables = [grounds.weights(one.column, by_audience=False) for one in told]
        self._scale = lcm(*{weight.denominator for table in tables for weight in table})
        parts = [self._heard(grounds, one, [scaled(w, self._scale) for w in table])
                 for one, table in zip(told, tables, strict=True)]  # fmt: skip
        self.is_clear = True
        self._all = _joined(parts)
        self._stand_alone = True
        """Whether every session began once and ended within its longest life: then all spans show the same of it."""
        self._look_at_logins()
        self._whole: _Floor | None = None
        self._span: tuple[int, int, _Floor] | None = None

    def floor(self, low: int, high: int) -> _Floor:
        """Return what is open in `[low, high)`, from the facts that `measure` would read for that span."""
        if not self._stand_alone:
            # A key came back, or was heard of after the longest session: what a span shows of it is its own.
            reach = self._policy.max_session_s * 1_000_000
            if self._span is None or self._span[:2] != (low, high):
                self._span = low, high, self._put_together(low - reach, high + reach)
            return self._span[2]
        if self._whole is None:
            self._whole = self._put_together(*_EVER)
        return self._whole

    def _heard(self, grounds: ColumnGrounds, told: Told, weights: list[int]) -> _Heard:
        column = told.column
        names, keys = column.own["session_id"], self._keys
        sessions = np.array([keys.setdefault((column.source, name or ""), len(keys)) for name in names], dtype=np.int64)
        kind = _KINDS[column.type]
        weighed = np.array(weights, dtype=np.int64)[told.traits]
        bound_on = self._policy.leased_pools.get(column.shared.get("pool") or "")
        if bound_on is not None:
            # The pool's leases are its only feed from the day of its binding on.
            since = micros(day_start(date.fromisoformat(bound_on), grounds.tz))
            weighed = np.where(column.at_us >= since, 0, weighed)
        kinds = np.full(len(sessions), kind, dtype=np.int64)
        units = self._units_of(told, sessions) if kind == LOGIN else np.zeros_like(sessions)
        return _Heard(sessions, kinds, column.at_us, units, weighed)

    def _units_of(self, told: Told, sessions: Ints) -> Ints:
        if self._policy.count_by == "person":
            return told.people
        if self._policy.count_by == "session":
            return sessions
        # A login that names no device is a device of its own.
        devices = told.column.own["device_id"]
        named = [
            (person, device or session)
            for person, device, session in zip(told.people.tolist(), devices, sessions.tolist(), strict=True)
        ]
        return np.array([self._units.setdefault(one, len(self._units)) for one in named], dtype=np.int64)

    def _look_at_logins(self) -> None:
        """Say where only the sender's ids tell which login was the first, and whether sessions stand alone."""
        heard = self._all
        login = heard.kinds == LOGIN
        order = np.lexsort((heard.at_us[login], heard.sessions[login]))
        sessions, at_us = heard.sessions[login][order], heard.at_us[login][order]
        again = sessions[1:] == sessions[:-1]
        tied = again & (at_us[1:] == at_us[:-1])
        for column in (heard.units[login][order], heard.weights[login][order]):
            self.is_clear &= not bool((tied & (column[1:] != column[:-1])).any())
        begun = np.full(len(self._keys), _NEVER, dtype=np.int64)
        begun[sessions] = at_us
        longest = self._policy.max_session_s * 1_000_000
        late = heard.at_us - longest > begun[heard.sessions]
        self._stand_alone = not bool(again.any() or late.any())

    def _put_together(self, low: int, high: int) -> _Floor:
        heard, policy = self._all, self._policy
        inside = (heard.at_us >= low) & (heard.at_us < high)
        login = np.flatnonzero(inside & (heard.kinds == LOGIN))
        login = login[np.lexsort((heard.at_us[login], heard.sessions[login]))]
        login = login[np.append(True, np.diff(heard.sessions[login]) != 0)] if len(login) else login
        begun = np.full(len(self._keys), _NEVER, dtype=np.int64)
        begun[heard.sessions[login]] = heard.at_us[login]
        last, out = begun.copy(), np.full(len(self._keys), _NEVER, dtype=np.int64)
        for kind, into, take in ((BEAT, last, np.maximum), (LOGOUT, out, np.minimum)):
            told = inside & (heard.kinds == kind) & (heard.at_us >= begun[heard.sessions])
            take.at(into, heard.sessions[told], heard.at_us[told])
        starts, sessions = heard.at_us[login], heard.sessions[login]
        ends = np.where(out[sessions] != _NEVER, out[sessions], last[sessions] + policy.timeout_s * 1_000_000)
        ends = np.minimum(ends, starts + policy.max_session_s * 1_000_000)
        weights = heard.weights[login]
        kept = (weights != 0) & (starts < ends)
        found = Intervals(starts[kept], ends[kept], weights[kept])
        return _Floor(_each_unit_once(heard.units[login][kept], found), self._scale)


def concurrent(
    grounds: ColumnGrounds, names: Sequence[str], statistic: Literal["peak", "p95", "average"]
) -> "_Reader | None":  # fmt: skip
    """Return `sessions.concurrent.<statistic>`; None by keys, and where only ids tell which login was first."""
    if names:
        return None
    suite = grounds.once(_Suite)
    level = Level(f"sessions.concurrent.{statistic}", "session", 95 if statistic == "p95" else statistic)
    return _Reader(suite, level, grounds) if suite.is_clear else None


@dataclass(frozen=True, slots=True)
class _Reader:
    suite: _Suite
    level: Level
    grounds: ColumnGrounds

    def __call__(self, period: Period) -> Measurement:
        low, high = elapsed(period, self.grounds.now)
        floor = self.suite.floor(micros(period.starts_at), micros(period.ends_at))
        figure = level_figure(self.level, floor.intervals, floor.scale, (low, high))
        return in_groups(self.level.meter, period, self.level.unit, {(): figure}, named=False)


def _joined(parts: Sequence[_Heard]) -> _Heard:
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return _Heard(nothing, nothing, nothing, nothing, nothing)
    return _Heard(
        np.concatenate([part.sessions for part in parts]),
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.at_us for part in parts]),
        np.concatenate([part.units for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def _each_unit_once(units: Ints, found: Intervals) -> Intervals:
    """Return the intervals such that no two of one unit overlap; where they would, the heaviest stays."""
    order = np.lexsort((found.starts, units))
    units, starts, ends, weights = units[order], found.starts[order], found.ends[order], found.weights[order]
    same = units[1:] == units[:-1]
    # Among intervals by start, some overlap exactly if two neighbours do.
    overlapping = np.unique(units[1:][same & (starts[1:] < ends[:-1])])
    crossed = np.isin(units, overlapping)
    rows: list[tuple[int, int, int]] = []
    by_unit: dict[int, list[Piece[int, int]]] = {}
    for index in np.flatnonzero(crossed).tolist():
        piece = Piece(int(starts[index]), int(ends[index]), int(weights[index]))
        by_unit.setdefault(int(units[index]), []).append(piece)
    for pieces in by_unit.values():
        rows += [(piece.start, piece.end, piece.holds) for piece in non_overlapping(pieces, lambda weight: -weight)]
    cut, plain = Intervals.of(rows), ~crossed
    return Intervals(
        np.concatenate((starts[plain], cut.starts)),
        np.concatenate((ends[plain], cut.ends)),
        np.concatenate((weights[plain], cut.weights)),
    )
