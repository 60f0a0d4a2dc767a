"""What a rule is about, as it is now: the figure, its limit, its forecast."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.periods import Period, day_period, days_of, local_date, month_period
from metering.measurement import split_by
from metering.reads import Measuring, MeterSpec, Reading
from plans.alerts.errors import SpendOfAnotherCurrency
from plans.alerts.forecast import at_the_end
from plans.alerts.rules import AlertRule, Look
from plans.licensing.errors import PoolUnknown
from plans.licensing.reads import find_pool, inside, true_denials
from plans.licensing.seats.reads import find_pool as find_seat_pool
from plans.licensing.seats.reads import pool_now
from plans.rating import RatedCharge, rate_running
from plans.reads import measured_sources, periods, subscriptions
from tenants.reads import TenantView, all_cost_centres

__all__ = ("DENIED_WITHIN", "PROFILE_DAYS", "Looking")

DENIED_WITHIN = timedelta(days=1)
"""How far back true denials count: so their number falls again, and the next bad day is told too."""

PROFILE_DAYS = 56
"""Eight weeks before the month tell what a Monday is, what a Tuesday."""


class Looking:
    """Looks at the subjects of a customer's rules at one moment; what several share is read once."""

    def __init__(self, session: Session, tenant: TenantView, now: datetime) -> None:
        self._session, self._tenant, self._now = session, tenant, now
        self.measuring = Measuring(session, tenant, Reading(now=now))
        self.today = local_date(now, tenant.tz)
        self.month = month_period(self.today.year, self.today.month, tenant.tz)

    def check(self, rule: AlertRule) -> None:
        """Refuse a rule whose subject is not there, or that it does not suit.

        Raises:
            MeterUnknown, SeatPoolUnknown, NotFound: there is no such meter or pool.
            InvalidInput: a meter that has no one figure, no forecast, or no cost centres, or a centre that
                never was (`invalid_input`).
        """
        if rule.subject == "seat_pool":
            find_seat_pool(self._session, self._tenant.id, rule.key)
        elif rule.subject in ("floating_pool", "denials"):
            self._floating(rule.key)
        elif rule.subject == "meter":
            self._check_meter(rule, self.measuring.spec(rule.key))

    def look(self, rule: AlertRule) -> Look:
        """Return what a rule's subject is now.

        Raises:
            Refused: the subject is gone, or what it needs is archived.
        """
        first = self.today.replace(day=1)
        if rule.subject == "seat_pool":
            view = find_seat_pool(self._session, self._tenant.id, rule.key)
            seating = pool_now(self._session, self._tenant, view, self._now, ()).seating
            return Look(self.month, first, Fraction(seating.taken), Fraction(view.seats))
        if rule.subject == "floating_pool":
            seats = self._floating(rule.key)
            found = inside(self._session, self._tenant.id, rule.key, self._now)
            return Look(self.month, first, Fraction(found.in_use), Fraction(seats))
        limit = None if rule.limit is None else Fraction(rule.limit)
        if rule.subject == "denials":
            self._floating(rule.key)
            denied = true_denials(self._session, self._tenant.id, rule.key, self._now - DENIED_WITHIN, self._now)
            return Look(self.month, first, Fraction(denied), limit)
        if rule.subject == "spend":
            spent, forecast = self._spend
            return Look(self.month, first, spent, limit, forecast)
        value = self.figure(rule, self.month)
        return Look(self.month, first, value, limit, self._forecast(rule) if rule.when == "forecast" else None)

    def figure(self, rule: AlertRule, period: Period) -> Fraction:
        """Return the figure of a meter's rule for a period, of its cost centre where it names one."""
        if rule.cost_centre is None:
            return self.measuring.figure(rule.key, period)
        return split_by(self.measuring.measure(rule.key, period), "cost_centre").get(rule.cost_centre, Fraction(0))

    def days(self, rule: AlertRule, days: list[tuple[date, Period]]) -> list[tuple[date, Fraction]]:
        """Return a meter's figures day by day; those of ended days are kept, and told from there the next time."""
        spans = [span for _, span in days]
        if rule.cost_centre is None:
            figures = self.measuring.figures(rule.key, spans)
        else:
            parts = self.measuring.parts(rule.key, "cost_centre", spans)
            figures = [part.get(rule.cost_centre, Fraction(0)) for part in parts]
        return [(day, figure) for (day, _), figure in zip(days, figures, strict=True)]

    def _forecast(self, rule: AlertRule) -> Fraction | None:
        tz, first = self._tenant.tz, local_date(self.month.starts_at, self._tenant.tz)
        month = list(days_of(self.month, tz))
        begun = self.days(rule, [(day, span) for day, span in month if day <= self.today])
        earlier = [first - timedelta(back) for back in range(PROFILE_DAYS, 0, -1)]
        weeks = [(day, span) for day in earlier if (span := day_period(day, tz)) is not None]
        before = self.days(rule, weeks)
        return at_the_end(before, begun[:-1], begun[-1], [day for day, _ in month if day > self.today])

    @cached_property
    def _spend(self) -> tuple[Fraction, Fraction | None]:
        """The running bills, net and in the customer's currency: so far, and at the end of their periods.

        Charges for what adds up (transactions, hours) grow in step with the time that has passed,
        once a day of the period is over; fees, and charges for peaks, averages and people, stay as
        they are.
        """
        sources = measured_sources(self._session, self._tenant, now=self._now)
        so_far, later, early = Fraction(0), Fraction(0), False
        for held in subscriptions(self._session, self._tenant.id, self._now):
            for one in periods(self._session, self._tenant.id, held.id):
                if self._now not in one.span.period:
                    continue
                if held.currency != self._tenant.currency:
                    raise SpendOfAnotherCurrency(held.currency, self._tenant.currency)
                early = early or self._now - one.span.period.starts_at < timedelta(days=1)
                for charge in rate_running(held, one.span, self._now, sources):
                    passed = self._now - charge.period.starts_at
                    factor = Fraction(charge.period.duration_us, max(passed // timedelta(microseconds=1), 1))
                    amount = Fraction(charge.rated.amount.decimal())
                    so_far += amount
                    later += amount * factor if self._grows(charge) else amount
        return so_far, None if early else later

    def _grows(self, charge: RatedCharge) -> bool:
        return charge.measurement is not None and self.measuring.spec(charge.measurement.meter).additive

    def _floating(self, key: str) -> int:
        found = find_pool(self._session, self._tenant.id, key)
        if found is None:
            raise PoolUnknown(key)
        return found.rules.seats

    def _check_meter(self, rule: AlertRule, spec: MeterSpec) -> None:
        if spec.family == "revenue":
            raise _refusal(
                "/key", "meter_without_figure", "Revenue has a figure in each currency. Choose another meter."
            )
        if rule.when == "forecast" and not spec.additive:
            text = (
                f"'{spec.name}' does not add up day by day, so that there is no run rate. Use percent, for instance"
                " 80, or a meter that adds up, for instance courses.transactions.net."
            )
            raise _refusal("/when", "forecast_impossible", text)
        if rule.cost_centre is not None and "cost_centre" not in spec.dimensions:
            raise _refusal("/cost_centre", "cost_centre_unknown_here", f"'{spec.name}' is not kept by cost centre.")
        if rule.cost_centre is not None and not self._centre_is_known(rule.cost_centre):
            # Its part would be 0 for ever: an alert that never tells.
            text = f"There is no cost centre '{rule.cost_centre}' here. Give the code of one, or leave it out."
            raise _refusal("/cost_centre", "cost_centre_unknown", text)

    def _centre_is_known(self, code: str) -> bool:
        return any(one.code == code for one in all_cost_centres(self._session, self._tenant.id))


def _refusal(pointer: str, code: str, text: str) -> InvalidInput:
    return InvalidInput(InputError(pointer, code, text))
