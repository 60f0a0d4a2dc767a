"""How many were in at once, against the limit of the floating pools, and who was not let in (pure)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.charts import Chart, Mark, Series, exact, series
from app.pages.formats import day as day_text
from app.pages.formats import short_day, time_of_day
from core.periods import Period, day_period, local_date
from plans.licensing.limits import DenialCount, Limit, highest_limit

__all__ = ("Gate", "day_chart", "day_denials_chart", "denials_chart", "limit_series", "peaks_chart")

Limits = Mapping[str, Sequence[Limit]]
_HOUR = timedelta(hours=1)
Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Gate:
    """What floating pools let in: the limits that they had, and what they denied; nothing without pools."""

    limits: Limits
    denials: Sequence[DenialCount]


def peaks_chart(days: Sequence[tuple[date, Fraction]], p95: Fraction, gate: Gate, tz: ZoneInfo) -> Chart:
    """Return each day's highest number at once, with the pools' limit and the month's 95th percentile as lines."""
    spans = [day_period(one, tz) for one, _peak in days]
    return Chart(
        title=_("Highest number at once, day by day"),
        x=tuple(short_day(one) for one, _peak in days),
        x_name=_("Day"),
        series=(
            series(_("Peak of the day"), [peak for _day, peak in days], "bar"),
            *limit_series(gate.limits, spans),
        ),
        marks=(Mark(_("p95 of the month"), exact(p95) or "0"),),
    )


def limit_series(limits: Limits, spans: Sequence[Period | None]) -> tuple[Series, ...]:
    """Return the limit in each of some spans, the highest where it changed; nothing before there were pools."""
    held = [None if span is None else highest_limit(limits, span) for span in spans]
    return (series(_("Limit of the floating pools"), held, "step"),) if any(one is not None for one in held) else ()


def denials_chart(days: Sequence[tuple[date, Fraction]], gate: Gate, tz: ZoneInfo) -> Chart | None:
    """Return how many were not let in, day by day; None where that was nobody."""
    counted = _counted([(local_date(one.at, tz), one) for one in gate.denials])
    title = _("Not let in, day by day")
    return _denials(title, _("Day"), [(short_day(one), counted.get(one)) for one, _peak in days])


def day_chart(
    day: date, curve: Sequence[tuple[datetime, Fraction]], p95: Fraction, gate: Gate, tz: ZoneInfo
) -> Chart:  # fmt: skip
    """Return how many were in at once in the course of a day, with the pools' limit as it changed."""
    edges = [at for at, _level in curve]
    spans = [Period(at, at + timedelta(microseconds=1)) for at in edges]
    return Chart(
        title=_("At once on %(day)s") % {"day": day_text(day)},
        x=tuple(time_of_day(at, tz) for at in edges),
        x_name=_("Time"),
        clock=True,
        series=(
            series(_("At once"), [level for _at, level in curve], "steparea"),
            *limit_series(gate.limits, spans),
        ),
        marks=(Mark(_("p95 of the month"), exact(p95) or "0"),),
    )


def day_denials_chart(day: date, gate: Gate, now: datetime, tz: ZoneInfo) -> Chart | None:
    """Return how many were not let in, hour by hour of a day; None where that was nobody."""
    whole = day_period(day, tz)
    if whole is None:
        return None
    hours: list[datetime] = []
    while (at := whole.starts_at + len(hours) * _HOUR) < min(whole.ends_at, now):
        hours.append(at)
    counted = _counted(
        [((one.at - whole.starts_at) // _HOUR, one) for one in gate.denials if one.at in whole]
    )  # fmt: skip
    title = _("Not let in on %(day)s, hour by hour") % {"day": day_text(day)}
    return _denials(title, _("Hour"), [(time_of_day(at, tz), counted.get(place)) for place, at in enumerate(hours)])


def _counted(found: Sequence[tuple[Place, DenialCount]]) -> dict[Place, tuple[int, int]]:
    """Return (true denials, the others) by the place where they are shown."""
    every: Counter[Place] = Counter()
    true: Counter[Place] = Counter()
    for place, one in found:
        every[place] += one.denials
        true[place] += one.true
    return {place: (true[place], number - true[place]) for place, number in every.items()}


def _denials(title: str, x_name: str, counted: Sequence[tuple[str, tuple[int, int] | None]]) -> Chart | None:
    if not any(count for _x, count in counted):
        return None
    both = [count or (0, 0) for _x, count in counted]
    names = (_("True denials"), _("Had to wait, or may still be let in"))
    kinds = [series(name, [count[place] for count in both], "bar") for place, name in enumerate(names)]
    return Chart(
        title=title,
        x=tuple(x for x, _count in counted),
        x_name=x_name,
        series=tuple(Series(one.name, one.values, one.kind, stack="denials") for one in kinds),
    )
