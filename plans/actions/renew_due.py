"""Let contracts go on whose term ends and that renew by themselves."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.db import Database
from core.periods import add_months, day_start, local_date
from core.scope import StewardScope, TenantScope
from plans.actions.open_periods import open_periods_of
from plans.reads.subscriptions import get_subscription, renewing
from plans.store import end_subscription, lock_subscription
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_tenant, tenant_now

__all__ = ("renew_due",)

NowOf = Callable[[Session, TenantView], datetime]


def renew_due(
    database: Database, actor: str, tenant_ids: Collection[UUID] | None = None, now_of: NowOf = tenant_now
) -> int:
    """Move the end of every contract out whose notice is over; safe to repeat, and to come late.

    Args:
        database: each contract is a transaction of its own.
        actor: for the audit trail.
        tenant_ids: only these customers' contracts; None for all.
        now_of: the time of a customer.

    Returns:
        How many were renewed.
    """
    with database.begin(StewardScope()) as session:
        found = [view for view in renewing(session) if tenant_ids is None or view.tenant_id in tenant_ids]
        due = [view for view in found if _is_due(view.renews_at, now_of(session, get_tenant(session, view.tenant_id)))]
    return sum(_renew(database, view.tenant_id, view.id, actor, now_of) for view in due)


def _renew(database: Database, tenant_id: UUID, subscription_id: UUID, actor: str, now_of: NowOf) -> bool:
    with database.begin(TenantScope(tenant_id)) as session:
        now = now_of(session, get_tenant(session, tenant_id))
        lock_subscription(session, tenant_id, subscription_id)
        held = get_subscription(session, tenant_id, subscription_id, now)
        if not _is_due(held.renews_at, now):
            return False  # cancelled, or renewed by somebody else, since it was looked for
        assert held.ends_at is not None, "only a term renews"
        assert held.renews_months is not None, "only a term renews"
        tz = held.schedule.tz
        ends_at = day_start(add_months(local_date(held.ends_at, tz), held.renews_months), tz)
        end_subscription(session, tenant_id, subscription_id, ends_at, held.renews_months)
        open_periods_of(session, get_subscription(session, tenant_id, subscription_id, now), now)
        detail = {"ends_at": ends_at.isoformat(), "by_itself": True}
        record_audit(session, tenant_id, actor, "renew_subscription", ("subscription", str(subscription_id)), detail)
        return True


def _is_due(renews_at: datetime | None, now: datetime) -> bool:
    return renews_at is not None and renews_at <= now
