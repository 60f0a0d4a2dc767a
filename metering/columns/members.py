"""Active members, contributors and contributions from columns (pure)."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from core.periods import Period
from metering.columns.grounds import ColumnGrounds, Told, in_groups
from metering.concurrency import Ints, micros
from metering.measurement import Measurement

__all__ = ("active", "contributions", "contributors")

CREATED = "contribution.created"
Weighed = Sequence[tuple[Told, list[Fraction]]]
"""Columns with what their facts weigh, by the code of traits."""


class _Distinct:
    """A meter of distinct people: each weighs what the heaviest of their facts in the period weighs."""

    def __init__(self, meter: str, grounds: ColumnGrounds, facts: Weighed, least: int) -> None:
        self._meter, self._heads, self._least = meter, grounds.heads, least
        # Weights are compared by their rung, so that no fraction is rounded.
        self._ladder = sorted({weight for _, table in facts for weight in table})
        rungs = {weight: rung for rung, weight in enumerate(self._ladder)}
        self._facts: list[tuple[Told, Ints]] = [
            (told, np.array([rungs[weight] for weight in table], dtype=np.int64)[told.traits]) for told, table in facts
        ]

    def __call__(self, period: Period) -> Measurement:
        low, high = micros(period.starts_at), micros(period.ends_at)
        seen, best = np.zeros(self._heads, dtype=np.int64), np.full(self._heads, -1, dtype=np.int64)
        for told, rungs in self._facts:
            inside = told.inside(low, high)
            people = told.people[inside]
            seen += np.bincount(people, minlength=self._heads)
            np.maximum.at(best, people, rungs[inside])
        counted = np.bincount(best[seen >= self._least], minlength=len(self._ladder)).tolist()
        total = sum((weight * number for weight, number in zip(self._ladder, counted, strict=True)), Fraction(0))
        return in_groups(self._meter, period, "person", {(): total}, named=False)


def active(grounds: ColumnGrounds, names: Sequence[str]) -> _Distinct | None:
    """Return `members.active`; None where it is asked for by keys."""
    policy = grounds.policies.members
    facts = [
        (told, grounds.weights(told.column, by_audience=True))
        for told in grounds.told
        if told.column.type in policy.active_types and not _is_waived(told)
    ]
    return None if names else _Distinct("members.active", grounds, facts, policy.min_events)


def contributors(grounds: ColumnGrounds, names: Sequence[str]) -> _Distinct | None:
    """Return `members.contributors`; None where it is asked for by keys."""
    return None if names else _Distinct("members.contributors", grounds, _created(grounds, by_audience=True), 1)


class _Sum:
    """The meter `contributions`: what was created, each weighing class × kind."""

    def __init__(self, facts: Weighed) -> None:
        self._facts = facts

    def __call__(self, period: Period) -> Measurement:
        low, high, total = micros(period.starts_at), micros(period.ends_at), Fraction(0)
        for told, table in self._facts:
            counted = np.bincount(told.traits[told.inside(low, high)], minlength=len(table)).tolist()
            total += sum((weight * number for weight, number in zip(table, counted, strict=True)), Fraction(0))
        return in_groups("contributions", period, "contribution", {(): total}, named=False)


def contributions(grounds: ColumnGrounds, names: Sequence[str]) -> _Sum | None:
    """Return `contributions`; None where it is asked for by keys."""
    return None if names else _Sum(_created(grounds, by_audience=False))


def _created(grounds: ColumnGrounds, *, by_audience: bool) -> list[tuple[Told, list[Fraction]]]:
    kinds = grounds.policies.members.kind_weights
    return [
        (told, grounds.weights(told.column, by_audience=by_audience, factor=Fraction(kinds.get(kind, 1))))
        for told in grounds.told
        if told.column.type == CREATED
        for kind in [told.column.shared.get("kind") or ""]
    ]


def _is_waived(told: Told) -> bool:
    return told.column.type == "course.completed" and told.column.shared.get("waived") == "true"
