"""Figures of periods and their parts: told from what is kept while it holds, else measured and kept.

What one sweep over sessions shows is kept together: whoever asks for the peak of each day has its 95th
percentile and its average kept as well, and who asks for parts the figures, so that facts are read once for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from core.periods import Period
from metering.measurement import Measurement, split_by
from metering.policies import CountingPolicies
from metering.reads.archives import archived_figures
from metering.reads.kept import WHOLE, Answer, KeptFigures
from metering.registry import METERS, MeterSpec
from tenants.reads import TenantView

if TYPE_CHECKING:
    from metering.reads.measuring import Reading

__all__ = ("Answering",)

_Asked = tuple[MeterSpec, str]
"""A meter, and by which dimension it is split; `WHOLE` for the figure."""
_Key = tuple[str, str]


class Answering(ABC):
    """Answers for many periods, over what measures one."""

    _session: Session
    _tenant: TenantView
    _reading: "Reading"

    @abstractmethod
    def spec(self, meter: str) -> MeterSpec:
        """Return the meter of that name."""

    @abstractmethod
    def measure(self, meter: str, period: Period) -> Measurement:
        """Return a meter's figure for a period with who was counted."""

    @abstractmethod
    def figure(self, meter: str, period: Period) -> Fraction:
        """Return the figure of `measure` alone."""

    @abstractmethod
    def prepare(self, spec: MeterSpec, periods: Sequence[Period], *, folds: bool = True, bare: bool = False) -> None:
        """Read what the meter's figures of periods need; `bare` without who was counted."""

    @abstractmethod
    def _policies(self, instant: datetime) -> CountingPolicies: ...

    @abstractmethod
    def _read_again(self, spec: MeterSpec, *, people: bool) -> None: ...

    def figures(self, meter: str, periods: Sequence[Period], *, anew: bool = False) -> list[Fraction]:
        """Return the figures of periods, each that of `measure`; see `parts` on what is kept."""
        return [answer[None] for answer in self._answers((self.spec(meter), WHOLE), periods, anew=anew)]

    def parts(self, meter: str, dimension: str, periods: Sequence[Period], *, anew: bool = False) -> list[Answer]:
        """Return the parts of a meter's figures by the value of a dimension, as `split_by` has them.

        Those of ended periods are kept, and told from there while they hold, but not where they are
        to be measured anew.
        """
        return self._answers((self.spec(meter), dimension), periods, anew=anew)

    def _answers(self, asked: _Asked, periods: Sequence[Period], *, anew: bool) -> list[Answer]:
        spec, dimension = asked
        ended = {period: self._policies(period.starts_at) for period in periods if self._keeps(period)}
        if not ended:
            self.prepare(spec, periods, bare=dimension == WHOLE)
            return [self._measured(asked, (), period)[_key(asked)] for period in periods]
        known, keeping = self._kept.find(spec, ended, dimension)
        if anew:
            known = {}
        elif dimension == WHOLE:
            away = [period for period in periods if period not in known]
            told = archived_figures(self._session, self._tenant.id, spec.name, away)
            known |= {period: {None: figure} for period, figure in told.items()}
        missing = [period for period in periods if period not in known]
        if (keeping.counted_anew or keeping.people_anew) and not ended.keys().isdisjoint(missing):
            self._read_again(spec, people=keeping.people_anew)
        beside = [] if anew or ended.keys().isdisjoint(missing) else _swept_with(asked)
        self.prepare(spec, missing, bare=dimension == WHOLE)
        found = {period: self._measured(asked, beside if period in ended else (), period) for period in missing}
        keeping.keep({period: answers[_key(asked)] for period, answers in found.items()})
        for other in beside:
            # Of the same facts in the same periods, so that they are counted already.
            _, keeping = self._kept.find(other[0], ended, other[1])
            keeping.keep({period: answers[_key(other)] for period, answers in found.items() if period in ended})
        return [known[period] if period in known else found[period][_key(asked)] for period in periods]

    def _measured(self, asked: _Asked, beside: Sequence[_Asked], period: Period) -> dict[_Key, Answer]:
        """Return what one reading of a period answers, and what that shows beside."""
        spec, dimension = asked
        if dimension == WHOLE:
            return {_key(one): {None: self.figure(one[0].name, period)} for one in (asked, *beside)}
        measured = self.measure(spec.name, period)
        answers: dict[_Key, Answer] = {}
        for one in (asked, *beside):
            other, split = one
            quantity = measured.quantity if other.name == spec.name else self.figure(other.name, period)
            # Who carried a level is the same for its peak, percentile and average.
            answers[_key(one)] = (
                {None: quantity}
                if split == WHOLE
                else split_by(replace(measured, meter=other.name, quantity=quantity), split)
            )
        return answers

    def _keeps(self, period: Period) -> bool:
        """Tell whether answers may be kept: an ended period's, read as it stands now."""
        reading = self._reading
        return self._may_keep and reading.now is not None and period.ends_at <= reading.now

    @property
    def _may_keep(self) -> bool:
        reading = self._reading
        return reading.now is not None and reading.as_of is None and reading.policies is None

    @cached_property
    def _kept(self) -> KeptFigures:
        assert self._reading.now is not None
        return KeptFigures(self._session, self._tenant, self._reading.now)


def _key(asked: _Asked) -> _Key:
    return asked[0].name, asked[1]


def _swept_with(asked: _Asked) -> list[_Asked]:
    """Return what is answered along with a meter's figures by a dimension, at the price of no more facts."""
    spec, dimension = asked
    if spec.family != "sessions" or spec.custom is not None:
        return []
    splits = [dimension] if dimension == WHOLE else [dimension, WHOLE]
    swept = [(one, split) for one in METERS.values() if one.family == spec.family for split in splits]
    return [one for one in swept if _key(one) != _key(asked)]
