"""What time makes due in floating pools: denials are told of, and counted once they are old. Safe to repeat."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from core.clock import utc_now
from core.db import Database, database
from core.scope import GlobalScope, StewardScope, TenantScope
from plans.licensing.actions.tell_denials import LOOK_BACK, tell_denials
from plans.licensing.reads import SOON, pools_denying
from plans.licensing.store import fold_denials, forget_told
from tenants.reads import get_tenant, tenant_now

__all__ = ("DENIAL_LIFE", "count_old_denials", "tell_of_denials")

DENIAL_LIFE = timedelta(days=90)
"""How long denials are kept one by one."""
AT_ONCE = 20_000


def tell_of_denials(db: Database | None = None, tenants: Collection[UUID] | None = None) -> int:
    """Put the event `licence.denied` where pools denied, and return how many.

    Args:
        db: the process's by default.
        tenants: whose pools; None for all.
    """
    db, told = db or database(), 0
    with db.begin(StewardScope()) as session:
        denying = [one for one in pools_denying(session, utc_now() - LOOK_BACK) if tenants is None or one in tenants]
    for tenant_id in denying:
        with db.begin(GlobalScope()) as session:
            tenant = get_tenant(session, tenant_id)
        with db.begin(TenantScope(tenant_id)) as session:
            told += tell_denials(session, tenant, tenant_now(session, tenant))
    return told


def count_old_denials(db: Database | None = None) -> int:
    """Count the denials of more than 90 days ago by hour, group and reason, and delete them; return how many."""
    db, before, folded = db or database(), utc_now() - DENIAL_LIFE, 0
    while True:
        with db.begin(StewardScope()) as session:
            found = fold_denials(session, before, SOON, AT_ONCE)
            forget_told(session, before)
        folded += found
        if found < AT_ONCE:
            return folded
