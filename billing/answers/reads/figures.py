"""A tenant's figures, each measured once however many plans, policies and sizes are asked about."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from billing.answers.contracts import Terms
from billing.answers.progress import UNWATCHED, Progress
from billing.answers.reads.kept import Place, keep, kept_figures
from core.periods import Period, add_months, day_start, local_date
from metering.measurement import Measurement
from metering.policies import DEFAULT_POLICIES, CountingPolicies, policy_hash
from metering.reads import Measuring, Reading
from plans.charges import Charge
from plans.rating import REFUNDED, REVENUE, Sources, counted
from plans.subscriptions import HeldCharge, SubscriptionView
from tenants.reads import TenantView

__all__ = ("Figures", "scaled")


class Figures:
    """Where simulations of one tenant get their figures, within one transaction that writes nothing."""

    def __init__(
        self,
        session: Session,
        tenant: TenantView,
        contracts: Iterable[Terms | SubscriptionView],
        *,
        grounds: bool = False,
        progress: Progress = UNWATCHED,
        as_of: datetime | None = None,
        kept_at: datetime | None = None,
    ) -> None:
        """Say which contracts will be asked about.

        Args:
            session: scoped to the tenant.
            tenant: whose usage.
            contracts: whose charges decide for which meters more than the bare figure is needed.
            grounds: who was counted is wanted too, for all meters.
            progress: hears of every figure that is measured.
            as_of: facts recorded up to it; None: all that are known now.
            kept_at: now: take what was measured a moment ago and is still so, and keep what is measured (`kept`).
                The earlier of the tenant's time and the true one, for facts are stamped by either.
        """
        assert kept_at is None or not (grounds or as_of), "what is kept are figures of all that is known"
        self._kept_at = kept_at
        self.session, self.tenant, self.progress = session, tenant, progress
        self._root = Measuring(session, tenant, Reading(as_of=as_of))
        self._measuring: dict[str, Measuring] = {}
        self._known: dict[Place, Measurement] = {} if kept_at is None else kept_figures(session, tenant.id)
        self._all_whole = grounds
        self._names: dict[str, set[str]] = {}
        """By which keys the charges of all contracts tell a meter's entries apart."""
        for charge in _charges(contracts):
            if charge.meter is not None:
                wanted = {*charge.where, *([charge.dimension] if charge.dimension else [])}
                self._names.setdefault(charge.meter, set()).update(wanted)

    def measuring(self, policies: CountingPolicies) -> Measuring:
        """Return what measures under a policy; facts and people are read once for all of them."""
        name = policy_hash(policies)
        if name not in self._measuring:
            self._measuring[name] = self._root.under(policies)
        return self._measuring[name]

    def prepare(self, subscription: SubscriptionView, periods: list[Period]) -> None:
        """Read in one go what the contract's meters need for consecutive periods."""
        for policies, together in groupby(periods, lambda period: _policies_at(subscription, period.starts_at)):
            run = list(together)
            for meter in dict.fromkeys(charge.meter for charge in _charges([subscription]) if charge.meter):
                self.progress.touch()
                lacking = [at for at, one in enumerate(run) if self._place(policies, meter, one) not in self._known]
                wanted = run[lacking[0] : lacking[-1] + 1] if lacking else []
                if not wanted:
                    continue  # people and facts are not even read
                measuring = self.measuring(policies)
                if self._takes_whole(meter):
                    measuring.prepare(measuring.spec(meter), wanted)
                else:
                    measuring.prepare_grouped(meter, wanted, self._keys(meter))

    def sources(self, subscription: SubscriptionView, year_until: date | None = None) -> Sources:
        """Return the figures as rating takes them, read by the plan that is held when a period starts.

        Args:
            subscription: whose contract.
            year_until: a local day; what is used after it is what was used in the year before it, over and over.
        """

        def figure(meter: str, period: Period) -> Measurement:
            read = period if year_until is None else _in_year(period, year_until, subscription.schedule.tz)
            return self.measure(_policies_at(subscription, period.starts_at), meter, read)

        def earlier(held: HeldCharge, period: Period) -> Fraction:
            assert held.charge.meter is not None, "only metered charges are cumulative"
            return counted(figure(held.charge.meter, period), held.charge).quantity

        return Sources(figure, earlier)

    def as_billed(self, last: Period, now: datetime) -> Sources:
        """Return the figures as the customer's bills take them, by the policies in force for the customer.

        Who was counted is left out where a bill's figures and keys do not need it.

        Args:
            last: the latest period that will be asked about. What stands open for years (seats, memberships)
                is read up to its end at once, and not once more for each period that ends later.
            now: cuts the session figures of a period that has not ended.
        """
        measuring = Measuring(self.session, self.tenant, Reading(now=now))
        known: dict[tuple[str, Period], Measurement] = {}
        begun: set[str] = set()

        def figure(meter: str, period: Period) -> Measurement:
            if meter not in begun:
                begun.add(meter)
                measuring.prepare_grouped(meter, [last], self._keys(meter))
            if (meter, period) not in known:
                self.progress.touch()
                known[meter, period] = self._measured(measuring, meter, period)
            return known[meter, period]

        def earlier(held: HeldCharge, period: Period) -> Fraction:
            assert held.charge.meter is not None, "only metered charges are cumulative"
            return counted(figure(held.charge.meter, period), held.charge).quantity

        return Sources(figure, earlier)

    def measure(self, policies: CountingPolicies, meter: str, period: Period) -> Measurement:
        """Return a figure: who was counted only where the caller needs that, else parts by the charges' keys."""
        place = self._place(policies, meter, period)
        if place not in self._known:
            self.progress.touch()
            self._known[place] = self._measured(self.measuring(policies), meter, period)
        return self._known[place]

    def _measured(self, measuring: Measuring, meter: str, period: Period) -> Measurement:
        if self._takes_whole(meter):
            return measuring.measure(meter, period)
        return measuring.grouped(meter, period, self._keys(meter))

    def keep(self) -> None:
        """Keep what was used, where that was asked for."""
        if self._kept_at is not None:
            keep(self.tenant.id, self._known, self._kept_at)

    def _place(self, policies: CountingPolicies, meter: str, period: Period) -> Place:
        keys = () if self._takes_whole(meter) else self._keys(meter)
        return policy_hash(policies), meter, period, keys

    def _takes_whole(self, meter: str) -> bool:
        """Tell whether entries are needed as they are: of what people paid each is told by its currency."""
        return self._all_whole or meter == REVENUE

    def _keys(self, meter: str) -> tuple[str, ...]:
        # Refunds are told by what they give back: their entries are as they are.
        return ("origin_at",) if meter == REFUNDED else tuple(sorted(self._names.get(meter, ())))


def scaled(sources: Sources, factor: Fraction) -> Sources:
    """Return the figures of a customer that uses `factor` times as much, of everything."""

    def figure(meter: str, period: Period) -> Measurement:
        seen = sources.measure(meter, period)
        entries = tuple(msgspec.structs.replace(entry, quantity=entry.quantity * factor) for entry in seen.entries)
        return replace(seen, quantity=seen.quantity * factor, entries=entries)

    return Sources(figure, lambda held, period: sources.earlier(held, period) * factor)


def _in_year(period: Period, until: date, tz: ZoneInfo) -> Period:
    """Return the period as many whole years earlier as bring its end to `until` or before."""
    first, after = local_date(period.starts_at, tz), local_date(period.ends_at, tz)
    years = 0
    while add_months(after, -12 * years) > until:
        years += 1
    if not years:
        return period
    first, after = add_months(first, -12 * years), add_months(after, -12 * years)
    # From 28 to 29 February is a day in a leap year only.
    return Period(day_start(first, tz), day_start(max(after, first + timedelta(days=1)), tz))


def _policies_at(subscription: SubscriptionView, instant: datetime) -> CountingPolicies:
    return subscription.at(instant).document.policies or DEFAULT_POLICIES


def _charges(contracts: Iterable[Terms | SubscriptionView]) -> Iterator[Charge]:
    for one in contracts:
        if isinstance(one, SubscriptionView):
            documents = [holding.document for holding in one.holdings]
        else:
            documents = [one.document, *(addon.document for addon in one.addons)]
        for document in documents:
            yield from document.charges
