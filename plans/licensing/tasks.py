"""What time makes due in floating pools: denials are told of, and counted once they are old. Safe to repeat."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import structlog

from core.clock import utc_now
from core.db import Database, database
from core.scope import GlobalScope, StewardScope, TenantScope
from core.sealing import Unreadable
from plans.licensing.actions.rename_erased import rename_erased
from plans.licensing.actions.tell_denials import LOOK_BACK, tell_denials
from plans.licensing.reads import SOON, pools_denying
from plans.licensing.store import fold_denials, forget_told
from tenants.reads import get_tenant, tenant_now
from tenants.reads.erasures import unrenamed_erasures

__all__ = ("DENIAL_LIFE", "count_old_denials", "rename_devices_of_erased", "tell_of_denials")

DENIAL_LIFE = timedelta(days=90)
"""How long denials are kept one by one."""
AT_ONCE = 20_000
SETTLED = timedelta(minutes=15)
"""So long after an erasure a process may still take an old key for the pseudonym's (`metering.ingest.identities`)."""
_log = structlog.get_logger("tollbook.licences")


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


def rename_devices_of_erased(db: Database | None = None) -> int:
    """Give the devices and sessions of who was erased other names, and return of how many people.

    At once, and again when nothing of them can be under way any more. Each person is a transaction.
    """
    db, now, done = db or database(), utc_now(), 0
    with db.begin(StewardScope()) as session:
        due = unrenamed_erasures(session, SETTLED, now)
    for tenant_id, erased in due:
        try:
            with db.begin(StewardScope()) as session:
                rename_erased(session, tenant_id, erased, now)
            done += 1
        except Unreadable:  # sealed under a SECRET_KEY that is not set: nobody else waits for it
            _log.warning("erasure_not_readable", tenant=str(tenant_id))
    return done


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
