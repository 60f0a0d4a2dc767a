"""Step a month from open over soft to closed."""

from datetime import datetime

from sqlalchemy.orm import Session

from billing.chargebacks.months import month_span
from billing.chargebacks.reads import PeriodView
from billing.chargebacks.states import advance_period
from billing.chargebacks.store import lock_period, set_period
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("step_period",)


def step_period(
    session: Session, tenant: TenantView, period: str, trigger: str, actor: str, now: datetime
) -> PeriodView:
    """Take a step of `states.PERIOD_TRANSITIONS`: `soften`, `reopen` or `close`.

    Raises:
        PeriodInvalid: `period` is not a month (`period_invalid`).
        PeriodNotOpen: the month cannot do that now (`period_not_open`).
    """
    month_span(period, tenant.tz)
    status = advance_period(period, lock_period(session, tenant.id, period, now), trigger)
    set_period(session, tenant.id, period, {"status": status, "changed_by": actor, "changed_at": now})
    record_audit(session, tenant.id, actor, f"{trigger}_chargeback_period", ("chargeback_period", period))
    return PeriodView(period, status)
