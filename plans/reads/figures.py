"""Measurements as rating wants them, straight from metering: for previews and forecasts."""

from datetime import datetime
from fractions import Fraction

from sqlalchemy.orm import Session

from core.periods import Period
from metering.measurement import Measurement
from metering.reads import Measuring, Reading
from plans.rating import Sources, counted
from plans.subscriptions import HeldCharge
from tenants.reads import TenantView

__all__ = ("measured_sources",)


def measured_sources(
    session: Session, tenant: TenantView, as_of: datetime | None = None, now: datetime | None = None
) -> Sources:
    """Return sources that measure; each figure is measured once.

    What earlier bills of a contract year counted is measured anew: where everything was billed in
    time, that is what they counted.

    Args:
        session: scoped to the tenant.
        tenant: whose usage.
        as_of: facts accepted up to it, or all.
        now: cuts the session figures of a period that has not ended; None counts it in full.
    """
    measuring = Measuring(session, tenant, Reading(as_of=as_of, now=now))
    known: dict[tuple[str, Period], Measurement] = {}

    def figure(meter: str, period: Period) -> Measurement:
        if (meter, period) not in known:
            known[meter, period] = measuring.measure(meter, period)
        return known[meter, period]

    def earlier(held: HeldCharge, period: Period) -> Fraction:
        assert held.charge.meter is not None, "only metered charges are cumulative"
        return counted(figure(held.charge.meter, period), held.charge).quantity

    return Sources(figure, earlier)
