"""A tenant's figures, each measured once however many plans, policies and sizes are asked about."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import groupby

import msgspec
from sqlalchemy.orm import Session

from billing.answers.contracts import Terms
from core.periods import Period
from metering.measurement import Measurement
from metering.policies import DEFAULT_POLICIES, CountingPolicies, policy_hash
from metering.reads import Measuring, Reading
from plans.charges import Charge
from plans.rating import CHARGED, REFUNDED, REVENUE, Sources, counted
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
    ) -> None:
        """Say which contracts will be asked about.

        Args:
            session: scoped to the tenant.
            tenant: whose usage.
            contracts: whose charges decide for which meters more than the bare figure is needed.
            grounds: who was counted is wanted too, for all meters.
        """
        self.session, self.tenant = session, tenant
        self._root = Measuring(session, tenant, Reading())
        self._measuring: dict[str, Measuring] = {}
        self._known: dict[tuple[str, str, Period], Measurement] = {}
        self._whole = {CHARGED, REFUNDED, REVENUE}
        self._all_whole = grounds
        for charge in _charges(contracts):
            if charge.meter is not None and (charge.where or charge.dimension):
                self._whole.add(charge.meter)

    def measuring(self, policies: CountingPolicies) -> Measuring:
        """Return what measures under a policy; facts and people are read once for all of them."""
        name = policy_hash(policies)
        if name not in self._measuring:
            self._measuring[name] = self._root.under(policies)
        return self._measuring[name]

    def prepare(self, subscription: SubscriptionView, periods: list[Period]) -> None:
        """Read in one go what the contract's meters need for consecutive periods."""
        for policies, together in groupby(periods, lambda period: _policies_at(subscription, period.starts_at)):
            measuring, run = self.measuring(policies), list(together)
            for meter in dict.fromkeys(charge.meter for charge in _charges([subscription]) if charge.meter):
                measuring.prepare(measuring.spec(meter), run)

    def sources(self, subscription: SubscriptionView) -> Sources:
        """Return the figures as rating takes them, read by the plan that is held when a period starts."""

        def figure(meter: str, period: Period) -> Measurement:
            return self.measure(_policies_at(subscription, period.starts_at), meter, period)

        def earlier(held: HeldCharge, period: Period) -> Fraction:
            assert held.charge.meter is not None, "only metered charges are cumulative"
            return counted(figure(held.charge.meter, period), held.charge).quantity

        return Sources(figure, earlier)

    def measure(self, policies: CountingPolicies, meter: str, period: Period) -> Measurement:
        """Return a figure; with who was counted only where a charge or the caller needs that."""
        place = (policy_hash(policies), meter, period)
        if place not in self._known:
            measuring = self.measuring(policies)
            if self._all_whole or meter in self._whole:
                self._known[place] = measuring.measure(meter, period)
            else:
                spec = measuring.spec(meter)
                quantity, additive = measuring.figure(meter, period), spec.additive if spec.custom else None
                self._known[place] = Measurement(spec.name, period, spec.unit, quantity, (), (), additive)
        return self._known[place]


def scaled(sources: Sources, factor: Fraction) -> Sources:
    """Return the figures of a customer that uses `factor` times as much, of everything."""

    def figure(meter: str, period: Period) -> Measurement:
        seen = sources.measure(meter, period)
        entries = tuple(msgspec.structs.replace(entry, quantity=entry.quantity * factor) for entry in seen.entries)
        return replace(seen, quantity=seen.quantity * factor, entries=entries)

    return Sources(figure, lambda held, period: sources.earlier(held, period) * factor)


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
