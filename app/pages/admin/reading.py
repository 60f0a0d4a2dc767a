"""What the admin pages read: figures by month, evidence with names, the curve of a day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from app.pages.admin.evidence import Readers
from app.pages.visit import TenantVisit
from core.periods import Period, add_months, day_period, days_of, month_period
from metering.measurement import Measurement, pseudonym
from metering.reads import Measuring, Reading, concurrency_curve, with_event_ids
from plans.rating import RatedCharge, rate_running
from plans.reads import SubscriptionView, measured_sources, periods
from tenants.reads.names import person_names
from tenants.roles import Permission

__all__ = ("Gauge", "day_curve", "readers", "running_charges")

TREND_MONTHS = 13
CURVE_STEP_S = 300


class Gauge:
    """The figures of one page: people, assignments and facts are read once for all of them."""

    def __init__(self, visit: TenantVisit) -> None:
        self._tz = visit.tenant.tz
        self._now = visit.now
        self._measuring = Measuring(visit.session, visit.tenant, Reading(now=visit.now))

    def measure(self, meter: str, period: Period) -> Measurement:
        """Return a figure with its grounds; a running month is counted up to now."""
        return self._measuring.measure(meter, period)

    def months(self, meter: str, last: date, count: int = TREND_MONTHS) -> tuple[tuple[date, Fraction], ...]:
        """Return the figures of the `count` local months up to the one that begins on `last`."""
        firsts = [add_months(last, back - count + 1) for back in range(count)]
        periods = [month_period(first.year, first.month, self._tz) for first in firsts]
        return tuple(zip(firsts, self._measuring.figures(meter, periods), strict=True))

    def days(self, meter: str, period: Period) -> tuple[tuple[date, Fraction], ...]:
        """Return the figures of the local days of a period that have begun."""
        days = [(day, part) for day, part in days_of(period, self._tz) if part.starts_at < self._now]
        figures = self._measuring.figures(meter, [part for _, part in days])
        return tuple(zip([day for day, _ in days], figures, strict=True))


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
        running += [(one, rate_running(one, span, visit.now, sources)) for span in spans]
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
