"""Figures of ended periods and their parts, kept from one reading to the next, and proven before they are told again.

A kept figure is a copy, never a source: it holds exactly as long as it would be read in the same way
(policies, zone, holidays, code) from the same things, which their counts say (`metering.reads.stamps`).
Days by cost centre are kept so, and months, of every meter.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import metering
import tenants
from core.periods import Period, local_date
from metering.leases import LEASED
from metering.models import KeptFigure
from metering.policies import CountingPolicies, policy_hash
from metering.reads.stamps import Stamps
from metering.registry import MeterSpec
from metering.seats import USE_TYPES
from metering.store.rollups import put_kept_figures
from tenants.reads import TenantView, assignments_by_day, newest_identity, people_stamps

__all__ = ("WHOLE", "Answer", "KeptFigures", "kept_periods")

MICROSECOND = timedelta(microseconds=1)
WHOLE = ""
"""Stands where a dimension could: the figure itself."""
_USED = {"seats": tuple(sorted(USE_TYPES)), "sessions": (LEASED,)}
"""What is looked at besides a family's own types."""
Answer = Mapping[str | None, Fraction]
"""A figure's parts by the value of a dimension; the figure itself is the one part under None."""


@dataclass(frozen=True, slots=True)
class _Row:
    period: Period
    answers: dict[str, Answer]
    stamp: dict[str, Any]


class KeptFigures:
    """The kept figures of one tenant, as one reading at `now` finds them.

    To be made before people and corrections are loaded, since that is when they are counted.
    """

    def __init__(self, session: Session, tenant: TenantView, now: datetime) -> None:
        self._session, self._tenant, self._now = session, tenant, now
        self._counts = Stamps(session, tenant.id)
        self._newest = newest_identity(session, tenant.id)
        self._people = dict(people_stamps(session, tenant.id, [self._newest]))
        self._moves = assignments_by_day(session, tenant.id)

    def find(
        self, spec: MeterSpec, wanted: Mapping[Period, CountingPolicies], dimension: str = WHOLE
    ) -> tuple[dict[Period, Answer], "Keeping"]:
        """Return those answers that still hold, and what keeps those that will be measured now.

        Args:
            spec: the meter.
            wanted: periods that have ended, with the policies that they are read by.
            dimension: by which the figure is split; `WHOLE` for the figure.
        """
        rows, newest = self._rows(spec, wanted), self._newest
        marks = {newest, *(row.stamp["newest"] for row in rows)}
        marks_anew = marks - self._people.keys()
        self._people |= people_stamps(self._session, self._tenant.id, marks_anew)
        stamps, counted_anew = self._stamps(spec, wanted, marks)
        held = [row for row in rows if row.stamp == stamps[row.period, row.stamp["newest"]]]
        found = {row.period: row.answers[dimension] for row in held if dimension in row.answers}
        known = {row.period: row for row in held}
        # What is measured now may know of more than was counted now, never of less.
        fresh = {period: stamps[period, newest] for period in wanted}
        keeping = Keeping(self, spec, wanted, dimension, (fresh, known))
        keeping.counted_anew = counted_anew
        keeping.people_anew = any(row.stamp["newest"] in marks_anew and dimension not in row.answers for row in held)
        return found, keeping

    def keep(
        self, spec: MeterSpec, readings: Mapping[Period, str], rows: Mapping[Period, tuple[dict[str, Answer], Any]]
    ) -> None:
        """Keep answers by dimension with what they were made from."""
        put_kept_figures(self._session, [
            {"tenant_id": self._tenant.id, "meter": spec.name, "starts_at": period.starts_at, "ends_at": period.ends_at,
             "reading": readings[period], "measured_at": self._now, "stamp": stamp,
             "quantity": str(answers[WHOLE][None]) if WHOLE in answers else "",
             "parts": {name: [[value, str(part)] for value, part in answer.items()]
                       for name, answer in answers.items() if name != WHOLE}}
            for period, (answers, stamp) in sorted(rows.items())
        ])  # fmt: skip

    def reading(self, policies: CountingPolicies) -> str:
        """Return what stands for how a figure is read: policies, zone, holidays and code."""
        tenant = self._tenant
        said = f"{policy_hash(policies)} {tenant.time_zone} {sorted(tenant.holidays)} {_code()}"
        return blake2b(said.encode(), digest_size=16).hexdigest()

    def _stamps(
        self, spec: MeterSpec, wanted: Mapping[Period, CountingPolicies], marks: Collection[int]
    ) -> tuple[dict[tuple[Period, int], dict[str, Any]], bool]:
        """Return what the figures of periods are made from, seen from each mark, and whether it was counted anew."""
        last = {period: local_date(period.ends_at - MICROSECOND, self._tenant.tz) for period in wanted}
        stamps, counted_anew = {}, False
        by_types: dict[tuple[str, ...], list[Period]] = {}
        for period, policies in wanted.items():
            used = _USED.get(spec.family, ())
            by_types.setdefault((*spec.fact_types(policies), *used), []).append(period)
        for types, periods in by_types.items():
            spans = [spec.span(period, wanted[period]) for period in periods]
            counted_anew |= not self._counts.knows(types, spans)
            for period, counted in zip(periods, self._counts.counted(types, spans), strict=True):
                moves = sum(count for day, count in self._moves.items() if day <= last[period])
                for mark in marks:
                    stamps[period, mark] = {
                        "facts": counted.facts,
                        "corrections": [counted.corrections, self._counts.stating],
                        "newest": mark,
                        "people": list(self._people[mark]),
                        "moves": moves,
                    }
        return stamps, counted_anew

    def _rows(self, spec: MeterSpec, wanted: Mapping[Period, CountingPolicies]) -> list[_Row]:
        rows = self._session.execute(
            select(
                KeptFigure.starts_at, KeptFigure.ends_at, KeptFigure.reading, KeptFigure.quantity,
                KeptFigure.parts, KeptFigure.stamp,
            ).where(
                KeptFigure.tenant_id == self._tenant.id,
                KeptFigure.meter == spec.name,
                KeptFigure.starts_at >= min(period.starts_at for period in wanted),
                KeptFigure.ends_at <= max(period.ends_at for period in wanted),
                KeptFigure.stamp.is_not(None),
            )
        )  # fmt: skip
        readings = {period: self.reading(policies) for period, policies in wanted.items()}
        found = []
        for starts_at, ends_at, reading, quantity, parts, stamp in rows:
            period = Period(starts_at, ends_at)
            if readings.get(period) == reading:
                found.append(_Row(period, _answers(quantity, parts), stamp))
        return found


class Keeping:
    """Keeps what one reading measured, beside what was known of the same periods and still holds."""

    def __init__(
        self,
        kept: KeptFigures,
        spec: MeterSpec,
        wanted: Mapping[Period, CountingPolicies],
        dimension: str,
        stamps: tuple[Mapping[Period, Any], Mapping[Period, _Row]],
    ) -> None:
        self._kept, self._spec, self._wanted, self._dimension = kept, spec, wanted, dimension
        self._fresh, self._known = stamps
        self.counted_anew = False
        """Whether the facts were counted just now: what was loaded of them before may know of less."""
        self.people_anew = False
        """Whether an answer comes beside one whose people were counted just now: those loaded before may be fewer.

        All others are told from people that were counted before any were loaded."""

    def keep(self, answers: Mapping[Period, Answer]) -> None:
        """Keep the answers of those periods that were asked for."""
        rows: dict[Period, tuple[dict[str, Answer], Any]] = {}
        for period in sorted(answers.keys() & self._wanted.keys()):
            known = self._known.get(period)
            # Beside what holds since an earlier time, the stamp of that time stays: it was proven just now.
            others = known.answers if known is not None else {}
            stamp = known.stamp if known is not None else self._fresh[period]
            rows[period] = ({**others, self._dimension: answers[period]}, stamp)
        self._kept.keep(self._spec, {period: self._kept.reading(self._wanted[period]) for period in rows}, rows)


def kept_periods(session: Session, tenant_id: UUID) -> Sequence[tuple[str, Period, tuple[str, ...]]]:
    """Return all that is kept of a tenant: meter, period and dimensions, whether it still holds or not."""
    rows = session.execute(
        select(KeptFigure.meter, KeptFigure.starts_at, KeptFigure.ends_at, KeptFigure.quantity, KeptFigure.parts)
        .where(KeptFigure.tenant_id == tenant_id)
        .order_by(KeptFigure.meter, KeptFigure.starts_at, KeptFigure.ends_at)
    )
    return [
        (meter, Period(starts_at, ends_at), (*([WHOLE] if quantity else []), *sorted(parts)))
        for meter, starts_at, ends_at, quantity, parts in rows
    ]


def _answers(quantity: str, parts: Mapping[str, Any]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {
        name: {value: Fraction(part) for value, part in answer} for name, answer in parts.items()
    }
    if quantity:
        answers[WHOLE] = {None: Fraction(quantity)}
    return answers


@cache
def _code() -> str:
    """Return a hash of the sources that figures depend on: another release measures anew."""
    digest = blake2b(digest_size=16)
    for package in (metering, tenants):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
