"""Floating pools follow people: who leaves is out at that instant.

A subscriber of what `tenants` tells, in the same transaction.
"""

from sqlalchemy.orm import Session

from metering.actions.end_leases import end_leases
from plans.licensing.errors import PoolUnknown
from plans.licensing.reads import find_pool
from plans.licensing.store import lock_pools, put_clocks, put_in_use
from tenants.actions.record_audit import record_audit
from tenants.events import PeopleLeft
from tenants.reads import get_tenant, tenant_now
from tenants.reads.identities import identities_of_people

__all__ = ("let_out",)

ACTOR = "system:directory"


def let_out(session: Session, left: PeopleLeft) -> None:
    """End the leases of who left, offline grants too, and free their seats at once."""
    # All of them: who is let in at this moment is decided before that, or sees the departure.
    if not lock_pools(session, left.tenant_id):
        return
    # Their time is after the departure from now on, so that on a clock that is set back nobody who left is let in.
    put_clocks(session, left.tenant_id, left.at)
    at = min(left.at, tenant_now(session, get_tenant(session, left.tenant_id)))
    theirs = identities_of_people(session, left.tenant_id, left.persons)
    identities = [identity for some in theirs.values() for identity in some]
    for key, in_use in end_leases(session, left.tenant_id, identities, at).items():
        pool = find_pool(session, left.tenant_id, key)
        if pool is None:
            raise PoolUnknown(key)
        put_in_use(session, left.tenant_id, key, in_use, pool.rules.capacity)
        detail = {"people": [str(person_id) for person_id in left.persons]}
        record_audit(session, left.tenant_id, ACTOR, "end_leases", ("pool", key), detail)
