"""The running bills of a customer, and what they are expected to come to."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property, partial

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.periods import Period
from metering.measurement import Measurement, split_by
from metering.reads import Measuring
from plans.alerts.errors import SpendOfAnotherCurrency
from plans.alerts.reads.figures import WatchedMeter
from plans.periods import Span
from plans.rating import RatedCharge, Sources, rate_running
from plans.reads import periods, sources_of, subscriptions
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("RunningBills",)


class RunningBills:
    """What runs in a customer's contracts at a moment, net, of those that bill in one currency.

    Both figures are rated by the engine that bills: the one on the use so far, the other on what each
    meter is expected to come to, so that tiers, included units and caps are foreseen too.
    """

    def __init__(self, session: Session, tenant: TenantView, now: datetime, measuring: Measuring) -> None:
        self._session, self._tenant, self._now, self._measuring = session, tenant, now, measuring
        self._sources = sources_of(measuring)
        self._unsaid = set[str]()
        self._known: dict[tuple[str, bool], list[RatedCharge]] = {}
        self._expected: dict[tuple[str, Period], Fraction | None] = {}

    def check(self, currency: str | None) -> None:
        """Refuse a currency whose bills are no figure, or never will be one.

        Args:
            currency: whose contracts are meant; None for all, which must bill in the customer's.

        Raises:
            SpendOfAnotherCurrency: one bills in another currency (`alert_currency_other`).
            InvalidInput: contracts run, and none of them bills in that one (`invalid_input`).
        """
        own, billed = self._tenant.currency, sorted({held.currency for held, _ in self._running})
        if currency is None:
            for other in billed:
                if other != own:
                    raise SpendOfAnotherCurrency(other, own)
        elif billed and currency not in billed:
            # It would be 0 for ever: an alert that never tells.
            text = f"No contract bills in {currency}. Those that run bill in {', '.join(billed)}."
            raise InvalidInput(InputError("/currency", "currency_of_no_contract", text))

    def so_far(self, cost_centre: str | None = None, currency: str | None = None) -> Fraction:
        """Return what they come to by the use so far; of a cost centre, what its share of the use brings.

        Fees, discounts on a whole bill and commitments are nobody's use: no cost centre's part has them.

        Raises:
            SpendOfAnotherCurrency: as `check`.
        """
        return _sum(self._rated(currency, ahead=False), cost_centre)

    def forecast(self, cost_centre: str | None = None, currency: str | None = None) -> Fraction | None:
        """Return what they are expected to come to; None while that of a meter cannot be said."""
        lines = self._rated(currency, ahead=True)
        return None if (currency or self._tenant.currency) in self._unsaid else _sum(lines, cost_centre)

    @cached_property
    def _running(self) -> list[tuple[SubscriptionView, Span]]:
        return [
            (held, one.span)
            for held in subscriptions(self._session, self._tenant.id, self._now)
            for one in periods(self._session, self._tenant.id, held.id)
            if self._now in one.span.period
        ]

    def _rated(self, currency: str | None, *, ahead: bool) -> list[RatedCharge]:
        """Return the lines of the bills in a currency, of the use so far or of what is to be expected."""
        if currency is None:
            self.check(None)
        place = (currency or self._tenant.currency, ahead)
        if place not in self._known:
            sources = Sources(partial(self._foreseen, place[0]), self._sources.earlier) if ahead else self._sources
            self._known[place] = [
                line
                for held, span in self._running
                if held.currency == place[0]
                for line in rate_running(held, span, self._now, sources)
            ]
        return self._known[place]

    def _foreseen(self, currency: str, meter: str, period: Period) -> Measurement:
        """Return a measurement as it is expected to be: everybody's part grows as the figure does."""
        measured = self._sources.measure(meter, period)
        if self._now not in period or measured.quantity == 0:
            return measured
        if (meter, period) not in self._expected:  # a bill asks for a meter more than once
            watched = WatchedMeter(self._measuring, self._tenant, meter)
            if watched.spec.family != "revenue":  # which has more in it than what is in the one currency
                watched.knows(period, measured.quantity)
            self._expected[meter, period] = watched.forecast(period, self._now)
        expected = self._expected[meter, period]
        if expected is None:
            self._unsaid.add(currency)
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
