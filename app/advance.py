"""Move a test clock: what becomes due on the way happens at its own instant, by the ordinary code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.bill_due import bill_due
from core.db import Database
from core.scope import VENDOR_ID, StewardScope, TenantScope
from plans.actions.renew_due import renew_due
from plans.licensing.seats.reads import seats_come_free
from plans.licensing.seats.tasks import fill_waiting_seats
from plans.reads import all_subscriptions, periods_since
from tenants.actions.run_test_clock import refuse_leap, set_test_clock
from tenants.reads import TenantView, clock_now, tenants_on_clock

__all__ = ("advance_clock",)


def advance_clock(database: Database, clock_id: UUID, to: datetime, actor: str) -> None:
    """Move the clock to `to`, stopping wherever a period starts, its grace ends or an awaited seat comes free.

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
            due = [*_due_after(session, tenants, now), *seats_come_free(session, tenants, now)]
            stop = min((instant for instant in due if now < instant < to), default=to)
        with database.begin(TenantScope(VENDOR_ID)) as session:
            set_test_clock(session, clock_id, stop, actor)
        if tenants:
            fill_waiting_seats(database, [tenant.id for tenant in tenants])
            renew_due(database, actor, [tenant.id for tenant in tenants])
            bill_due(database, actor=actor, tenant_ids=[tenant.id for tenant in tenants])


def _due_after(session: Session, tenants: Sequence[TenantView], now: datetime) -> list[datetime]:
    """Return when something becomes due after now: a period starts, its grace ends, a renewal is settled."""
    graces = {tenant.id: timedelta(hours=tenant.grace_hours) for tenant in tenants}
    longest = max(graces.values(), default=timedelta(0))
    instants = [held.renews_at for held in all_subscriptions(session, now) if held.tenant_id in graces]
    for tenant_id, period in periods_since(session, graces.keys(), now - longest):
        instants += [period.starts_at, period.ends_at + graces[tenant_id]]
    return [instant for instant in instants if instant is not None and instant > now]
