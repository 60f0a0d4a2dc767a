"""Make a pool's leases its only feed of concurrency."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.periods import local_date
from metering.leases import CountBy
from metering.store import add_leased_pool
from tenants.reads import TenantView

__all__ = ("bind_pool",)


def bind_pool(session: Session, tenant: TenantView, pool: str, count_by: CountBy, now: datetime) -> None:
    """Count a pool by its leases from the local day of `now` on; the suite's own sessions on it no more.

    Args:
        session: scoped to the tenant.
        tenant: whose.
        pool: as the suite's sessions name it.
        count_by: what counts once, at the door and on the bill; it never changes.
        now: the tenant's time.
    """
    add_leased_pool(
        session,
        {
            "tenant_id": tenant.id,
            "pool": pool,
            "bound_on": local_date(now, tenant.tz),
            "count_by": count_by,
            "bound_at": now,
        },
    )
