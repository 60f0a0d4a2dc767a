"""What time makes due in seat pools: the task finds its own work and is safe to repeat."""

from collections.abc import Collection
from uuid import UUID

import structlog

from core.db import Database, database
from core.errors import Refused
from core.scope import GlobalScope, StewardScope, TenantScope
from plans.licensing.seats.actions.fill_seats import fill_seats
from plans.licensing.seats.reads import awaited_pools
from tenants.reads import get_tenant, tenant_now

__all__ = ("fill_waiting_seats",)

_log = structlog.get_logger("tollbook.seats")


def fill_waiting_seats(db: Database | None = None, tenants: Collection[UUID] | None = None) -> int:
    """Give seats whose cool-down is over to those who wait, and free ones to the pools' groups.

    Args:
        db: the process's by default.
        tenants: whose pools; None for all.

    Returns:
        How many seats.
    """
    db, granted = db or database(), 0
    with db.begin(StewardScope()) as session:
        awaited = [pool for pool in awaited_pools(session) if tenants is None or pool[0] in tenants]
    for tenant_id, key in awaited:
        try:
            with db.begin(GlobalScope()) as session:
                tenant = get_tenant(session, tenant_id)
            with db.begin(TenantScope(tenant_id)) as session:
                granted += len(fill_seats(session, tenant, key, tenant_now(session, tenant)))
        except Refused as error:  # the pool is gone, or a month is away: no other pool waits for it
            _log.warning("seats_not_filled", pool=key, error=error.code)
    return granted
