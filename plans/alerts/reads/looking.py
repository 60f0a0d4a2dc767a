"""What a rule is about, as it is now: the figure, its limit, its forecast."""

from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.periods import Period, local_date
from metering.reads import Measuring, Reading
from metering.reads.seat_pools import pool_history
from plans.alerts.reads.figures import GROWTH_DAYS, WatchedMeter, grown, stage_of
from plans.alerts.reads.spans import contract_period, month_of
from plans.alerts.reads.spend import RunningBills
from plans.alerts.rules import AlertRule, Look
from plans.licensing.errors import PoolUnknown
from plans.licensing.reads import find_pool, inside, true_denials
from plans.licensing.seats.reads import find_pool as find_seat_pool
from plans.licensing.seats.reads import pool_now
from tenants.reads import TenantView, all_cost_centres

__all__ = ("DENIED_WITHIN", "Looking")

DENIED_WITHIN = timedelta(days=1)
"""How far back true denials count: so their number falls again, and the next bad day is told too."""


class Looking:
    """Looks at the subjects of a customer's rules at one moment; what several share is read once."""

    def __init__(self, session: Session, tenant: TenantView, now: datetime) -> None:
        self._session, self._tenant, self._now = session, tenant, now
        self.measuring = Measuring(session, tenant, Reading(now=now))
        self.today = local_date(now, tenant.tz)

    def check(self, rule: AlertRule) -> None:
        """Refuse a rule whose subject is not there, or that it does not suit.

        Raises:
            MeterUnknown, SeatPoolUnknown, NotFound: there is no such meter or pool.
            InvalidInput: a meter that is not kept by cost centre, a centre that never was, or a currency in
                which no contract bills (`invalid_input`).
            SpendOfAnotherCurrency: a contract bills in another currency than the customer's, and the rule
                names none (`alert_currency_other`).
        """
        if rule.subject == "seat_pool":
            find_seat_pool(self._session, self._tenant.id, rule.key)
        elif rule.subject in ("floating_pool", "denials"):
            self._floating(rule.key)
        elif rule.subject == "meter":
            spec = self.measuring.spec(rule.key)
            if rule.cost_centre is not None and "cost_centre" not in spec.dimensions:
                raise _refusal("/cost_centre", "cost_centre_unknown_here", f"'{spec.name}' is not kept by cost centre.")
        elif rule.subject == "spend":
            self._bills.check(rule.currency)
        if rule.cost_centre is not None and not self._centre_is_known(rule.cost_centre):
            # Its part would be 0 for ever: an alert that never tells.
            text = f"There is no cost centre '{rule.cost_centre}' here. Give the code of one, or leave it out."
            raise _refusal("/cost_centre", "cost_centre_unknown", text)

    def look(self, rule: AlertRule) -> Look:
        """Return what a rule's subject is now.

        Raises:
            Refused: the subject is gone, or what it needs is archived.
        """
        tz, period = self._tenant.tz, self.period(rule)
        first, after = local_date(period.starts_at, tz), local_date(period.ends_at, tz)
        return Look(period, first, after, *self._found(rule, period))

    def period(self, rule: AlertRule) -> Period:
        """Return the running period of which a rule speaks.

        A meter's is that in which a contract bills it, or else one of its kind; the running bill's, and
        a pool's, that of the contract. Without a contract it is the calendar month.
        """
        if rule.per == "month":
            return month_of(self._now, self._tenant.tz)
        if rule.subject != "meter":
            return contract_period(self._session, self._tenant, self._now, currency=rule.currency)
        spec = self.measuring.spec(rule.key)

        def likeness(meter: str) -> int:
            return 2 if meter == spec.name else int(self.measuring.spec(meter).family == spec.family)

        return contract_period(self._session, self._tenant, self._now, likeness)

    def watched(self, rule: AlertRule) -> WatchedMeter:
        """Return the meter of a rule, of its cost centre where it names one."""
        return WatchedMeter(self.measuring, self._tenant, rule.key, (rule.cost_centre, rule.currency))

    def _found(self, rule: AlertRule, period: Period) -> tuple[Fraction, Fraction | None, Fraction | None]:
        """Return the figure, its limit and its forecast."""
        session, tenant_id, foresees = self._session, self._tenant.id, rule.when == "forecast"
        limit = None if rule.limit is None else Fraction(rule.limit)
        if rule.subject == "seat_pool":
            return self._seats(rule, period)
        if rule.subject == "floating_pool":
            seats = self._floating(rule.key)
            return Fraction(inside(session, tenant_id, rule.key, self._now).in_use), Fraction(seats), None
        if rule.subject == "denials":
            self._floating(rule.key)
            since = self._now - DENIED_WITHIN
            return Fraction(true_denials(session, tenant_id, rule.key, since, self._now)), limit, None
        if rule.subject == "spend":
            bills, part = self._bills, (rule.cost_centre, rule.currency)
            return bills.so_far(*part), limit, bills.forecast(*part) if foresees else None
        watched = self.watched(rule)
        return watched.figure(period), limit, watched.forecast(period, self._now) if foresees else None

    @cached_property
    def _bills(self) -> RunningBills:
        return RunningBills(self._session, self._tenant, self._now, self.measuring)

    def _seats(self, rule: AlertRule, period: Period) -> tuple[Fraction, Fraction | None, Fraction | None]:
        """Return the seats taken of how many, and what they come to if as many more are held a day as lately."""
        view = find_seat_pool(self._session, self._tenant.id, rule.key)
        taken = Fraction(pool_now(self._session, self._tenant, view, self._now, ()).seating.taken)
        stage, forecast = stage_of(period, self._now, self._tenant), None
        if rule.when == "forecast":
            since = stage.at - timedelta(days=GROWTH_DAYS + 1)
            history = pool_history(self._session, self._tenant, rule.key, since, self._now)
            held = [one for holds in history.holds.values() for one in holds]

            def held_at(at: datetime) -> Fraction:
                return Fraction(sum(one.starts_at <= at < one.ends_at for one in held))

            first = min((one.starts_at for one in held), default=self._now)
            more = grown(held_at, stage, max(first, since), self._tenant)
            forecast = None if more is None else max(taken + more - held_at(stage.at), Fraction(0))
        return taken, Fraction(view.seats), forecast

    def _floating(self, key: str) -> int:
        found = find_pool(self._session, self._tenant.id, key)
        if found is None:
            raise PoolUnknown(key)
        return found.rules.seats

    def _centre_is_known(self, code: str) -> bool:
        return any(one.code == code for one in all_cost_centres(self._session, self._tenant.id))


def _refusal(pointer: str, code: str, text: str) -> InvalidInput:
    return InvalidInput(InputError(pointer, code, text))
