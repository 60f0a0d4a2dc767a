"""What the admin pages read: figures by month, evidence with names, the curve of a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from uuid import UUID

from app.pages.admin.evidence import Readers
from app.pages.visit import TenantVisit
from core.periods import Period, add_months, day_period, local_date, month_period
from metering.measurement import Measurement, pseudonym
from metering.reads import (
    SeriesQuery,
    concurrency_curve,
    measure,
    policies_at,
    usage_series,
    with_event_ids,
)
from plans.rating import RatedCharge, rate_period
from plans.reads import SubscriptionView, measured_sources, periods
from tenants.reads.names import person_names
from tenants.roles import Permission

__all__ = ("MonthFigure", "by_day", "day_curve", "figure", "readers", "running_charges", "trend")

TREND_MONTHS = 13
CURVE_STEP_S = 300


@dataclass(frozen=True, slots=True)
class MonthFigure:
    """A meter's figure of one local month."""

    first: date
    quantity: Fraction


def figure(visit: TenantVisit, meter: str, period: Period) -> Measurement:
    """Return a figure with its grounds; a running month is counted up to now."""
    return measure(visit.session, visit.tenant, meter, period, now=visit.now)


def trend(visit: TenantVisit, meter: str, last: date, count: int = TREND_MONTHS) -> tuple[MonthFigure, ...]:
    """Return the figures of the `count` local months up to the one that begins on `last`.

    Months are read together as long as one counting policy holds, each by the policy of its own
    start: the figure of a month is the same on every page.
    """
    tz = visit.tenant.tz
    firsts = [add_months(last, back - count + 1) for back in range(count)]
    periods = [month_period(first.year, first.month, tz) for first in firsts]
    by_policy = groupby(periods, key=lambda one: policies_at(visit.session, visit.tenant.id, one.starts_at))
    figures: list[MonthFigure] = []
    for _policies, together in by_policy:
        run = list(together)
        query = SeriesQuery(meter, Period(run[0].starts_at, run[-1].ends_at), "month", now=visit.now)
        items = usage_series(visit.session, visit.tenant, query).items
        figures += [MonthFigure(local_date(item.period.starts_at, tz), item.quantity) for item in items]
    return tuple(figures)


def by_day(visit: TenantVisit, meter: str, period: Period) -> tuple[tuple[date, Fraction], ...]:
    """Return a meter's figures of the local days of a period that have begun."""
    items = usage_series(visit.session, visit.tenant, SeriesQuery(meter, period, "day", now=visit.now)).items
    tz = visit.tenant.tz
    return tuple(
        (local_date(one.period.starts_at, tz), one.quantity) for one in items if one.period.starts_at < visit.now
    )


def day_curve(visit: TenantVisit, day: date) -> tuple[tuple[datetime, Fraction], ...]:
    """Return the highest number at once in each five minutes of a local day."""
    whole = day_period(day, visit.tenant.tz)
    if whole is None or whole.starts_at > visit.now - timedelta(seconds=CURVE_STEP_S):
        return ()
    return concurrency_curve(visit.session, visit.tenant, whole, step_s=CURVE_STEP_S, now=visit.now)


def running_charges(
    visit: TenantVisit, held: Sequence[SubscriptionView]
) -> tuple[tuple[SubscriptionView, tuple[RatedCharge, ...]], ...]:
    """Return what each running billing period comes to if nothing more happens, by the engine that bills."""
    sources = measured_sources(visit.session, visit.tenant)
    running = []
    for one in held:
        spans = [p.span for p in periods(visit.session, visit.tenant.id, one.id) if visit.now in p.span.period]
        running += [(one, rate_period(one, span, sources)) for span in spans]
    return tuple(running)


def readers(visit: TenantVisit) -> Readers:
    """Return how to name people and events: by name where the reader may know it, else by pseudonym."""
    session, tenant_id = visit.session, visit.tenant.id

    def names(people: Sequence[UUID]) -> Mapping[UUID, str]:
        hidden = {person_id: pseudonym(tenant_id, person_id) for person_id in people}
        if not visit.may(Permission.PEOPLE_READ):
            return hidden
        known = person_names(session, tenant_id, people)
        return {person_id: known.get(person_id) or hidden[person_id] for person_id in people}

    return Readers(
        names=names,
        entries=lambda rows: with_event_ids(session, tenant_id, rows),
        exclusions=lambda rows: with_event_ids(session, tenant_id, rows),
    )
