"""The running bills of a customer, and what they are expected to come to."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property

import msgspec
from sqlalchemy.orm import Session

from core.periods import Period
from metering.measurement import Measurement, split_by
from metering.reads import Measuring
from plans.alerts.errors import SpendOfAnotherCurrency
from plans.alerts.reads.figures import WatchedMeter
from plans.periods import Span
from plans.rating import RatedCharge, Sources, rate_running
from plans.reads import measured_sources, periods, subscriptions
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("RunningBills",)


class RunningBills:
    """What runs in a customer's contracts at a moment, net and in the customer's currency.

    Both figures are rated by the engine that bills: the one on the use so far, the other on what each
    meter is expected to come to, so that tiers, included units and caps are foreseen too.
    """

    def __init__(self, session: Session, tenant: TenantView, now: datetime, measuring: Measuring) -> None:
        self._session, self._tenant, self._now, self._measuring = session, tenant, now, measuring
        self._sources = measured_sources(session, tenant, now=now)
        self._unsaid = False

    def so_far(self, cost_centre: str | None = None) -> Fraction:
        """Return what they come to by the use so far; of a cost centre, what its share of the use brings.

        Fees, discounts on a whole bill and commitments are nobody's use: no cost centre's part has them.

        Raises:
            SpendOfAnotherCurrency: a contract bills in another currency (`alert_currency_other`).
        """
        return _sum(self._so_far, cost_centre)

    def forecast(self, cost_centre: str | None = None) -> Fraction | None:
        """Return what they are expected to come to; None while that of a meter cannot be said."""
        lines = self._to_come
        return None if self._unsaid else _sum(lines, cost_centre)

    @cached_property
    def _so_far(self) -> list[RatedCharge]:
        return self._rated(self._sources)

    @cached_property
    def _to_come(self) -> list[RatedCharge]:
        return self._rated(Sources(self._foreseen, self._sources.earlier))

    @cached_property
    def _running(self) -> list[tuple[SubscriptionView, Span]]:
        found = []
        for held in subscriptions(self._session, self._tenant.id, self._now):
            for one in periods(self._session, self._tenant.id, held.id):
                if self._now not in one.span.period:
                    continue
                if held.currency != self._tenant.currency:
                    raise SpendOfAnotherCurrency(held.currency, self._tenant.currency)
                found.append((held, one.span))
        return found

    def _rated(self, sources: Sources) -> list[RatedCharge]:
        return [line for held, span in self._running for line in rate_running(held, span, self._now, sources)]

    def _foreseen(self, meter: str, period: Period) -> Measurement:
        """Return a measurement as it is expected to be: everybody's part grows as the figure does."""
        measured = self._sources.measure(meter, period)
        if self._now not in period or measured.quantity == 0:
            return measured
        expected = WatchedMeter(self._measuring, self._tenant, meter).forecast(period, self._now)
        if expected is None:
            self._unsaid = True
            return measured
        factor = expected / measured.quantity
        entries = tuple(msgspec.structs.replace(one, quantity=one.quantity * factor) for one in measured.entries)
        return replace(measured, quantity=expected, entries=entries)


def _sum(lines: Iterable[RatedCharge], cost_centre: str | None) -> Fraction:
    return sum((Fraction(one.rated.amount.decimal()) * _share(one, cost_centre) for one in lines), Fraction(0))


def _share(line: RatedCharge, cost_centre: str | None) -> Fraction:
    if cost_centre is None:
        return Fraction(1)
    if line.measurement is None or line.measurement.quantity == 0:
        return Fraction(0)
    return split_by(line.measurement, "cost_centre").get(cost_centre, Fraction(0)) / line.measurement.quantity
