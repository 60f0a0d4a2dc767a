"""Give seats of a pool to people, as many of them as are free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from plans.licensing.seats.actions.hold_pool import hold_pool
from plans.licensing.seats.seating import Granted, No, Outcome, Reason, Waits
from tenants.actions.record_audit import record_audit
from tenants.reads import PersonView, TenantView
from tenants.reads.finding import find_people

__all__ = ("SeatRow", "assign_seats")


@dataclass(frozen=True, slots=True)
class SeatRow:
    """What became of one name that was asked for; `person` and `outcome` are None where it tells nobody."""

    name: str
    person: PersonView | None
    outcome: Outcome | None


def assign_seats(
    session: Session, tenant: TenantView, key: str, names: Sequence[str], actor: str, now: datetime, *, wait: bool
) -> list[SeatRow]:
    """Assign seats in the order of the names; first those get one who wait.

    Args:
        session: scoped to the tenant.
        tenant: whose pool.
        key: the pool's.
        names: ids, senders' keys, external ids or e-mail addresses.
        actor: `Principal.actor`.
        now: the tenant's time.
        wait: put those on the wait-list who get none.

    Returns:
        A row for each name, in their order.

    Raises:
        SeatPoolUnknown: there is no such pool (`seat_pool_unknown`).
    """
    known = find_people(session, tenant.id, names)
    here = {person.id for person in known.values() if person.active_to is None}
    pool = hold_pool(session, tenant, key, now, comers=here)
    outcomes: list[Outcome] = list(pool.promote())
    rows = []
    for name in names:
        person = known.get(name)
        outcome = None
        if person is not None:
            if person.id in here:
                outcome = pool.seating.assign(person.id, pool.at, wait=wait)
            else:
                outcome = No(person.id, Reason.GONE)
            outcomes.append(outcome)
        rows.append(SeatRow(name, person, outcome))
    pool.record(outcomes, now)
    counts = {
        "asked": len(names),
        "assigned": sum(isinstance(row.outcome, Granted) for row in rows),
        "waiting": sum(isinstance(row.outcome, Waits) for row in rows),
    }
    record_audit(session, tenant.id, actor, "assign_seats", ("seat_pool", key), counts)
    return rows
