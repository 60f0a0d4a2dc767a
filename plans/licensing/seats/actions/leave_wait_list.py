"""Take people off a wait-list, because they want no seat any more."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from plans.licensing.seats.actions.hold_pool import hold_pool
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView
from tenants.reads.finding import find_people

__all__ = ("leave_wait_list",)


def leave_wait_list(
    session: Session, tenant: TenantView, key: str, names: Sequence[str], actor: str, now: datetime
) -> int:
    """Take these people off the wait-list; who is not on it stays as they are. Return how many were.

    Raises:
        SeatPoolUnknown: there is no such pool (`seat_pool_unknown`).
    """
    known = find_people(session, tenant.id, names)
    pool = hold_pool(session, tenant, key, now)
    gone = {person.id for person in known.values()} & set(pool.seating.waiting)
    pool.seating.waiting = [one for one in pool.seating.waiting if one not in gone]
    pool.record(pool.promote(), now)
    record_audit(session, tenant.id, actor, "leave_wait_list", ("seat_pool", key), {"left": len(gone)})
    return len(gone)
