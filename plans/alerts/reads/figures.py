"""The figures of a meter that a rule watches, and what they are expected to come to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from core.periods import Period, day_period, day_start, days_of, local_date
from metering.errors import FactsArchived
from metering.measurement import split_by
from metering.reads import Measuring
from plans.alerts.forecast import as_before, at_the_end, goes_on
from plans.alerts.reads.spans import earlier_periods
from tenants.reads import TenantView

__all__ = ("GROWTH_DAYS", "PROFILE_DAYS", "RISING", "Stage", "WatchedMeter", "grown", "stage_of")

PROFILE_DAYS = 56
"""Eight weeks before the period tell what a Monday is, what a Tuesday."""
GROWTH_DAYS = 28
"""How far back growth is looked at where no earlier period tells how one goes on."""
RISING = ("unique", "peak", "any")
"""Statistics that never fall in the course of a period."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a period has come: where its ended days end, how many there are, and how many days it has in all."""

    period: Period
    at: datetime
    ended: int
    days: int

    @property
    def passed(self) -> Fraction:
        """The part of the period that is over."""
        return Fraction((self.at - self.period.starts_at) // timedelta(microseconds=1), self.period.duration_us)

    @property
    def ahead(self) -> int:
        """How many days are to come, today among them."""
        return self.days - self.ended


def stage_of(period: Period, now: datetime, tenant: TenantView) -> Stage:
    """Return how far a period has come at an instant in it."""
    spans = [span for _, span in days_of(period, tenant.tz)]
    ended = [span for span in spans if span.ends_at <= now]
    return Stage(period, ended[-1].ends_at if ended else period.starts_at, len(ended), len(spans))


class WatchedMeter:
    """A meter as a rule watches it: in all or of one cost centre; of revenue, what is in one currency."""

    def __init__(
        self, measuring: Measuring, tenant: TenantView, meter: str, part: tuple[str | None, str | None] = (None, None)
    ) -> None:
        """`part`: of which cost centre, and of revenue in which currency; None: of all, and in the customer's own."""
        self._measuring, self._tenant, self._meter = measuring, tenant, meter
        self._cost_centre, self._currency = part[0], part[1] or tenant.currency
        self.spec = measuring.spec(meter)
        self._last: tuple[Period, Fraction] | None = None

    def figure(self, period: Period) -> Fraction:
        """Return the figure of a period; the last one is known when it is asked for again."""
        if self._last is None or self._last[0] != period:
            self._last = period, self._measured(period)
        return self._last[1]

    def _measured(self, period: Period) -> Fraction:
        revenue = self.spec.family == "revenue"
        if not revenue and self._cost_centre is None:
            return self._measuring.figure(self._meter, period)
        measured = self._measuring.measure(self._meter, period)
        if revenue:
            own = tuple(one for one in measured.entries if one.key("currency") == self._currency)
            measured = replace(measured, entries=own, quantity=sum((one.quantity for one in own), Fraction(0)))
        if self._cost_centre is None:
            return measured.quantity
        return split_by(measured, "cost_centre").get(self._cost_centre, Fraction(0))

    def days(self, days: list[tuple[date, Period]]) -> list[tuple[date, Fraction]]:
        """Return the figures day by day."""
        figures = self._kept([span for _, span in days])
        return [(day, figure) for (day, _), figure in zip(days, figures, strict=True)]

    def _kept(self, spans: list[Period]) -> list[Fraction]:
        """Return the figures of periods; those of ended ones are kept, and told from there the next time."""
        if self.spec.family == "revenue":
            self._measuring.prepare(self.spec, spans)
            return [self.figure(span) for span in spans]
        if self._cost_centre is None:
            return self._measuring.figures(self._meter, spans)
        parts = self._measuring.parts(self._meter, "cost_centre", spans)
        return [part.get(self._cost_centre, Fraction(0)) for part in parts]

    def knows(self, period: Period, figure: Fraction) -> None:
        """Take the figure of a period from who has measured it already."""
        self._last = period, figure

    def forecast(self, period: Period, now: datetime) -> Fraction | None:
        """Return what the figure of a running period is expected to come to; None while that cannot be said.

        What adds up goes by its run rate. What does not goes on as the periods before it did from the same day
        on, or, where there are none, grows as it did in the last four weeks.
        """
        stage = stage_of(period, now, self._tenant)
        if stage.ended == 0:
            return None
        return self._by_run_rate(period, now) if self.spec.additive else self._by_others(stage)

    def _by_run_rate(self, period: Period, now: datetime) -> Fraction | None:
        tz = self._tenant.tz
        today, first = local_date(now, tz), local_date(period.starts_at, tz)
        every = list(days_of(period, tz))
        begun = [(day, span) for day, span in every if day <= today]
        earlier = [first - timedelta(back) for back in range(PROFILE_DAYS, 0, -1)]
        weeks = [(day, span) for day in earlier if (span := day_period(day, tz)) is not None]
        try:
            days = self.days([*weeks, *begun])
        except FactsArchived:
            weeks, days = [], self.days(begun)
        before, so_far = days[: len(weeks)], days[len(weeks) :]
        return at_the_end(before, so_far[:-1], so_far[-1], [day for day, _ in every if day > today])

    def _by_others(self, stage: Stage) -> Fraction | None:
        starts_at = stage.period.starts_at
        now = self.figure(stage.period) if self.spec.statistic in RISING else None
        so_far, earlier = self._beside_earlier(stage)
        found = as_before(so_far, earlier, stage.passed)
        if found is None:
            found = grown(lambda at: self.figure(Period(starts_at, at)), stage, starts_at, self._tenant)
        return found if found is None or now is None else max(found, now)

    def _beside_earlier(self, stage: Stage) -> tuple[Fraction, list[tuple[Fraction, Fraction]]]:
        """Return the figure of the ended days, and of each earlier period that up to the same day, and the whole.

        All are read in one go, the farthest back first: what tells the last tells those before it. How far back
        one can read is found out by trying, as few customers have archives so near.
        """
        tz, spans = self._tenant.tz, list[Period]()
        for one in earlier_periods(stage.period, tz):
            same = day_start(local_date(one.starts_at, tz) + timedelta(days=stage.ended), tz)
            spans = [Period(one.starts_at, min(same, one.ends_at)), one, *spans]
        while True:
            try:
                *before, so_far = self._kept([*spans, Period(stage.period.starts_at, stage.at)])
                return so_far, list(zip(before[::2], before[1::2], strict=True))
            except FactsArchived:
                if not spans:
                    raise
                spans = spans[2:]


def grown(
    figure_at: Callable[[datetime], Fraction], stage: Stage, since: datetime, tenant: TenantView
) -> Fraction | None:
    """Return what a figure comes to that goes on to grow as in its last four weeks, or since its first day was over.

    Args:
        figure_at: the figure at the beginning of a local day.
        stage: how far the period has come.
        since: when what is watched began; its first day tells nothing of growth.
        tenant: whose days.
    """
    tz = tenant.tz
    last, first = local_date(stage.at, tz), local_date(since, tz) + timedelta(days=1)
    past = min(GROWTH_DAYS, (last - first).days)
    if past < 1:
        return None
    return goes_on(figure_at(stage.at), figure_at(day_start(last - timedelta(days=past), tz)), (past, stage.ahead))
