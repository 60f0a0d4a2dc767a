"""Take seats back: those that may be freed are, each by the rules."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from plans.licensing.seats.actions.assign_seats import SeatRow
from plans.licensing.seats.actions.hold_pool import hold_pool
from plans.licensing.seats.seating import Freed, Outcome
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView
from tenants.reads.finding import find_people

__all__ = ("release_seats",)


def release_seats(
    session: Session, tenant: TenantView, key: str, names: Sequence[str], actor: str, now: datetime
) -> list[SeatRow]:
    """Release seats in the order of the names; what is free then goes to those who wait.

    Args:
        session: scoped to the tenant.
        tenant: whose pool.
        key: the pool's.
        names: ids, senders' keys, external ids or e-mail addresses.
        actor: `Principal.actor`.
        now: the tenant's time.

    Returns:
        A row for each name, in their order.

    Raises:
        SeatPoolUnknown: there is no such pool (`seat_pool_unknown`).
    """
    known = find_people(session, tenant.id, names)
    pool = hold_pool(session, tenant, key, now, {person.id for person in known.values()})
    rows, outcomes = [], list[Outcome]()
    for name in names:
        person = known.get(name)
        outcome = None if person is None else pool.seating.release(person.id, pool.at)
        rows.append(SeatRow(name, person, outcome))
        outcomes += [outcome] if outcome is not None else []
    pool.record([*outcomes, *pool.promote()], now)
    counts = {"asked": len(names), "released": sum(isinstance(row.outcome, Freed) for row in rows)}
    record_audit(session, tenant.id, actor, "release_seats", ("seat_pool", key), counts)
    return rows
