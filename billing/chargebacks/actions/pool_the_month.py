"""Take a month's issued invoices into pools, where that has not been done."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from billing.chargebacks.actions.create_pool_from_invoice import FINAL, create_pool_from_invoice, pool_month
from billing.chargebacks.months import month_span
from billing.chargebacks.reads import open_lines
from billing.reads import issued_between
from core.periods import add_months
from tenants.reads import TenantView

__all__ = ("pool_the_month",)


def pool_the_month(session: Session, tenant: TenantView, period: str, actor: str, now: datetime) -> None:
    """Where a month has nothing to divide, make the pools of its issued documents that have none.

    Whoever makes pools one by one, to divide them by themselves, is left to it.

    Args:
        session: scoped to the payer.
        tenant: the payer.
        period: the month, as 2026-10.
        actor: for the audit trail.
        now: the tenant's time.

    Raises:
        PeriodInvalid: `period` is not written like 2026-10 (`period_invalid`).
    """
    month_span(period, tenant.tz)
    if open_lines(session, tenant.id, period):
        return
    first = date.fromisoformat(f"{period}-01")
    for invoice in issued_between(session, tenant.id, first, add_months(first, 1)):
        if invoice.status in FINAL and pool_month(invoice) == period:
            create_pool_from_invoice(session, tenant, invoice.id, actor, now)
