"""Measurements as rating wants them, straight from metering: for previews and forecasts."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

from sqlalchemy.orm import Session

from core.periods import Period
from metering.measurement import Measurement
from metering.policies import DEFAULT_POLICIES
from metering.reads import Measuring, Reading
from plans.rating import Sources, counted
from plans.subscriptions import BASE, HeldCharge, Holding
from tenants.reads import TenantView

__all__ = ("measured_sources", "sources_of")


def measured_sources(
    session: Session,
    tenant: TenantView,
    as_of: datetime | None = None,
    now: datetime | None = None,
    to_be: Iterable[Holding] = (),
) -> Sources:
    """Return sources that measure; each figure is measured once.

    What earlier bills of a contract year counted is measured anew: where everything was billed in
    time, that is what they counted.

    Args:
        session: scoped to the tenant.
        tenant: whose usage.
        as_of: facts accepted up to it, or all.
        now: cuts the session figures of a period that has not ended; None counts it in full.
        to_be: versions of the base plan that would begin, by start: periods from then on count as they say.
    """
    return sources_of(Measuring(session, tenant, Reading(as_of=as_of, now=now)), to_be)


def sources_of(measuring: Measuring, to_be: Iterable[Holding] = ()) -> Sources:
    """Return sources over what measures, which may have read for others what they need; else as above."""
    known: dict[tuple[str, Period], Measurement] = {}
    base = [held for held in to_be if held.slot == BASE]

    def figure(meter: str, period: Period) -> Measurement:
        if (meter, period) not in known:
            policies = [held.document.policies for held in base if held.starts_at <= period.starts_at]
            reading = measuring.under(policies[-1] or DEFAULT_POLICIES) if policies else measuring
            known[meter, period] = reading.measure(meter, period)
        return known[meter, period]

    def earlier(held: HeldCharge, period: Period) -> Fraction:
        assert held.charge.meter is not None, "only metered charges are cumulative"
        return counted(figure(held.charge.meter, period), held.charge).quantity

    return Sources(figure, earlier)
