"""From when on a consumer's periods may still be measured for a bill."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.models import BilledPeriod, Invoice
from plans.reads import periods, subscriptions

__all__ = ("first_unsettled",)


def first_unsettled(session: Session, tenant_id: UUID) -> datetime | None:
    """Return the start of the first period that is not on an issued document, or was withdrawn from one.

    Args:
        session: scoped to the consumer, or a steward's: a paying parent's drafts stand under the parent.
        tenant_id: who consumes.
    """
    drafts = (
        select(BilledPeriod.starts_at)
        .outerjoin(
            Invoice, (Invoice.tenant_id == BilledPeriod.payer_tenant_id) & (Invoice.id == BilledPeriod.invoice_id)
        )
        .where(
            BilledPeriod.tenant_id == tenant_id,
            BilledPeriod.measured_at.is_(None) | (BilledPeriod.invoice_id.is_not(None) & Invoice.issued_id.is_(None)),
        )
        .order_by(BilledPeriod.starts_at)
        .limit(1)
    )
    found = [session.execute(drafts).scalar_one_or_none()]
    for subscription in subscriptions(session, tenant_id):
        unclosed = [
            view.span.period.starts_at
            for view in periods(session, tenant_id, subscription.id)
            if view.closed_at is None
        ]  # fmt: skip
        found += unclosed[:1]
    return min((instant for instant in found if instant is not None), default=None)
