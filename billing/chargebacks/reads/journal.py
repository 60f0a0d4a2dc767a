"""The journal of posted runs, and the states of months."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.chargebacks.journal import JournalLine
from billing.chargebacks.models import ChargebackPeriod, ChargebackRun, JournalEntry
from billing.chargebacks.views import PeriodView

__all__ = ("journal", "period_state", "period_states")


def journal(
    session: Session, tenant_id: UUID, *, period: str | None = None, run_id: UUID | None = None
) -> tuple[JournalLine, ...]:
    """Return the lines of whole documents, in order of posting, of one month, one run, or all."""
    query = (
        select(
            JournalEntry.booked_on,
            JournalEntry.document,
            JournalEntry.account,
            JournalEntry.cost_centre,
            JournalEntry.currency,
            JournalEntry.debit_minor,
            JournalEntry.credit_minor,
            JournalEntry.text,
        )
        .join(
            ChargebackRun,
            (ChargebackRun.tenant_id == JournalEntry.tenant_id) & (ChargebackRun.id == JournalEntry.run_id),
        )
        .where(JournalEntry.tenant_id == tenant_id)
        .order_by(ChargebackRun.period, ChargebackRun.posting_number, JournalEntry.position)
    )
    if period is not None:
        query = query.where(ChargebackRun.period == period)
    if run_id is not None:
        query = query.where(JournalEntry.run_id == run_id)
    return tuple(JournalLine(*row) for row in session.execute(query))


def period_state(session: Session, tenant_id: UUID, period: str) -> str:
    """Return a month's state; open where nothing was said."""
    found = session.execute(
        select(ChargebackPeriod.status).where(
            ChargebackPeriod.tenant_id == tenant_id, ChargebackPeriod.period == period
        )
    ).scalar_one_or_none()
    return found or "open"


def period_states(session: Session, tenant_id: UUID) -> tuple[PeriodView, ...]:
    """Return the months that have a state of their own, newest first."""
    rows = session.execute(
        select(ChargebackPeriod.period, ChargebackPeriod.status)
        .where(ChargebackPeriod.tenant_id == tenant_id)
        .order_by(ChargebackPeriod.period.desc())
    )
    return tuple(PeriodView(*row) for row in rows)
