"""Pools follow people: who leaves holds no seat from that instant, who joins a pool's group gets one.

Subscribers of what `tenants` tells, in the same transaction.
"""

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from plans.licensing import reads as floating
from plans.licensing.seats.actions.assign_seats import assign_seats
from plans.licensing.seats.actions.hold_pool import hold_pool
from plans.licensing.seats.actions.leave_wait_list import leave_wait_list
from plans.licensing.seats.actions.release_seats import release_seats
from plans.licensing.seats.reads import all_pools
from plans.licensing.seats.store import lock_pools
from tenants.actions.record_audit import record_audit
from tenants.events import PeopleLeft, PoolMembersChanged, PoolsNamed
from tenants.reads import get_tenant, tenant_now
from tenants.reads.finding import people_by_id

__all__ = ("end_seats", "follow_group", "refuse_unknown_pools")

ACTOR = "system:directory"


def end_seats(session: Session, left: PeopleLeft) -> None:
    """Let who waits have the seats that people held who left; who left does not wait any more.

    That the seats end is a fact already, the departure itself: nothing of it cools down.
    """
    tenant = get_tenant(session, left.tenant_id)
    now = max(left.at, tenant_now(session, tenant))
    # All at once and in their order: a directory may tell of many departures in one transaction.
    for key in lock_pools(session, tenant.id):
        pool = hold_pool(session, tenant, key, now)
        waited = any(one in pool.seating.waiting for one in left.persons)
        freed = pool.let_go(left.persons, now)
        promoted = pool.promote()
        # In any case: the pool's time is after the departure then, also when the clock is set back.
        pool.record([*freed, *promoted], now)
        if freed or promoted or waited:
            detail = {"people": [str(one) for one in left.persons], "promoted": len(promoted)}
            record_audit(session, tenant.id, ACTOR, "end_seats", ("seat_pool", key), detail)


def follow_group(session: Session, changed: PoolMembersChanged) -> None:
    """Release the seats of who left a pool's group, by its rules, and assign one to who joined; else they wait."""
    tenant = get_tenant(session, changed.tenant_id)
    if not lock_pools(session, tenant.id, [changed.pool]):
        return
    known = people_by_id(session, tenant.id, [*changed.left, *changed.joined])
    left = [str(one) for one in changed.left if one in known]
    if left:
        leave_wait_list(session, tenant, changed.pool, left, ACTOR, changed.at)
        release_seats(session, tenant, changed.pool, left, ACTOR, changed.at)
    joined = [str(one) for one in changed.joined if one in known]
    if joined:
        assign_seats(session, tenant, changed.pool, joined, ACTOR, changed.at, wait=True)


def refuse_unknown_pools(session: Session, named: PoolsNamed) -> None:
    """Refuse that a group stands for what is no seat pool: nobody would ever get a seat by it.

    Raises:
        InvalidInput: each pool that there is not, with the keys that there are (`invalid_input`).
    """
    known = [pool.key for pool in all_pools(session, named.tenant_id)]
    strange = {where: key for where, key in named.pools.items() if key not in known}
    if not strange:
        return
    leased = {pool.rules.key for pool in floating.all_pools(session, named.tenant_id)}
    use = f"Use one of {', '.join(known[:50])}." if known else "Make a seat pool first."
    raise InvalidInput(*(
        InputError(where, "pool_floating", f"'{key}' is a floating pool, which is leased, not assigned. {use}")
        if key in leased
        else InputError(where, "pool_unknown", f"There is no seat pool '{key}'. {use}")
        for where, key in strange.items()
    ))  # fmt: skip
