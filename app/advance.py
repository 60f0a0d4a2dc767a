"""Move a test clock: what becomes due on the way happens at its own instant, by the ordinary code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.bill_due import bill_due
from core.db import Database
from core.scope import VENDOR_ID, StewardScope, TenantScope
from plans.reads import periods, subscriptions
from tenants.actions.run_test_clock import refuse_leap, set_test_clock
from tenants.reads import TenantView, clock_now, tenants_on_clock

__all__ = ("advance_clock",)


def advance_clock(database: Database, clock_id: UUID, to: datetime, actor: str) -> None:
    """Move the clock to `to`, stopping wherever a period starts or its grace ends to bill what is due.

    Each stop is a transaction of its own: if it is interrupted, the clock stands at the last stop and
    calling again goes on from there.

    Raises:
        NotFound: there is no such clock (`not_found`).
        ClockGoesBack: `to` is in its past, or more than two years ahead (`clock_goes_back`).
    """
    with database.begin(TenantScope(VENDOR_ID)) as session:
        refuse_leap(clock_now(session, clock_id), to)
    stop = None
    while stop != to:
        with database.begin(StewardScope()) as session:
            tenants = tenants_on_clock(session, clock_id)
            now = clock_now(session, clock_id)
            stop = min((instant for instant in _due_after(session, tenants, now) if instant < to), default=to)
        with database.begin(TenantScope(VENDOR_ID)) as session:
            set_test_clock(session, clock_id, stop, actor)
        if tenants:
            bill_due(database, actor=actor, tenant_ids=[tenant.id for tenant in tenants])


def _due_after(session: Session, tenants: Sequence[TenantView], now: datetime) -> list[datetime]:
    instants = []
    for tenant in tenants:
        grace = timedelta(hours=tenant.grace_hours)
        for subscription in subscriptions(session, tenant.id):
            for period in periods(session, tenant.id, subscription.id):
                instants += [period.span.period.starts_at, period.span.period.ends_at + grace]
    return [instant for instant in instants if instant > now]
