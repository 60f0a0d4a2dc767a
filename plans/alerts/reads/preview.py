"""What a rule would have done in its running period, before it is made."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.periods import Period, days_of
from plans.alerts.reads.figures import RISING, WatchedMeter
from plans.alerts.reads.looking import Looking
from plans.alerts.rules import AlertRule, Look, level
from tenants.reads import TenantView

__all__ = ("Preview", "preview")


@dataclass(frozen=True, slots=True)
class Preview:
    """What is now, from which figure on it fires, whether it would fire now, and on which day it was reached.

    `reached_on` is None where it was not reached in this period, or where the figure has no history
    that could be read back (pools, spend, averages, forecasts).
    """

    look: Look
    level: Fraction | None
    fires: bool
    reached_on: date | None
    traced: bool
    """Whether the days of the period were looked at."""


def preview(looking: Looking, tenant: TenantView, rule: AlertRule) -> Preview:
    """Return what the rule would have done.

    Raises:
        Refused: as `Looking.check` and `Looking.look`.
    """
    looking.check(rule)
    look = looking.look(rule)
    reached = level(rule, look.limit)
    figure = look.forecast if rule.when == "forecast" else look.value
    fires = figure is not None and reached is not None and figure >= reached
    if rule.subject != "meter" or rule.when == "forecast" or reached is None:
        return Preview(look, reached, fires, None, False)
    watched = looking.watched(rule)
    days = [(day, span) for day, span in days_of(look.period, tenant.tz) if day <= looking.today]
    if watched.spec.additive:
        return Preview(look, reached, fires, _summed(watched.days(days), reached), True)
    if watched.spec.statistic not in RISING:
        return Preview(look, reached, fires, None, False)
    return Preview(look, reached, fires, _halved(watched, days, reached) if fires else None, True)


def _summed(days: list[tuple[date, Fraction]], reached: Fraction) -> date | None:
    total = Fraction(0)
    for day, figure in days:
        total += figure
        if total >= reached:
            return day
    return None


def _halved(watched: WatchedMeter, days: list[tuple[date, Period]], reached: Fraction) -> date:
    """Return the first day at whose end a figure that never falls had reached the level; it has by the last."""
    low, high = 0, len(days) - 1
    while low < high:
        middle = (low + high) // 2
        if watched.figure(Period(days[0][1].starts_at, days[middle][1].ends_at)) >= reached:
            high = middle
        else:
            low = middle + 1
    return days[low][0]
