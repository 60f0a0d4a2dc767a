"""Give the seats that time has freed to those who wait, and to those who get one without asking."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.periods import local_date
from plans.licensing.seats.actions.hold_pool import hold_pool
from plans.licensing.seats.reads import AutoAssign, find_pool
from plans.licensing.seats.seating import Granted, Outcome
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, attribution, people, people_standing_for
from tenants.reads.finding import active_people, people_ever_of

__all__ = ("fill_seats",)

SYSTEM = "system:seats"
_CLASSES = ("member", "guest")


def fill_seats(session: Session, tenant: TenantView, key: str, now: datetime, actor: str = SYSTEM) -> list[Granted]:
    """Promote who waits, then give what is free to the pool's groups, who came first first; return who got one.

    Those of the groups who get none are not put on the wait-list: they are looked for again. Whose seat
    was released gets none by itself: somebody wanted it so. Who left and is back does.

    Raises:
        SeatPoolUnknown: there is no such pool (`seat_pool_unknown`).
    """
    auto = find_pool(session, tenant.id, key).auto_assign
    wanted = _members(session, tenant, auto, now) if auto else []
    pool = hold_pool(session, tenant, key, now, comers=wanted)
    outcomes: list[Outcome] = list(pool.promote())
    for person_id in wanted:
        if pool.seating.free <= 0:
            break
        if pool.never_taken_back(person_id):
            outcomes.append(pool.seating.assign(person_id, pool.at, wait=False))
    granted = [outcome for outcome in outcomes if isinstance(outcome, Granted)]
    if granted:
        pool.record(granted, now)
        record_audit(session, tenant.id, actor, "fill_seats", ("seat_pool", key), {"assigned": len(granted)})
    return granted


def _members(session: Session, tenant: TenantView, auto: AutoAssign, now: datetime) -> list[UUID]:
    """Return the people of a pool's groups, of the classes that learn, who came first first.

    Of a large customer only those are read who were ever of the groups.
    """
    among = people_ever_of(session, tenant.id, auto.audiences, auto.cost_centres)
    who = people(session, tenant.id) if among is None else people_standing_for(session, tenant.id, among)
    carried = attribution(session, tenant.id, among=among) if auto.cost_centres else None
    today, present = local_date(now, tenant.tz), set(who.identities().values())

    def belongs(person_id: UUID) -> bool:
        traits = who.traits_of(person_id, now)
        if traits.person_class not in _CLASSES:
            return False
        shares = carried.shares(person_id, today) if carried is not None else ()
        return traits.audience in auto.audiences or any(code in auto.cost_centres for code, _ in shares)

    return [one for one in active_people(session, tenant.id, now, among) if one in present and belongs(one)]
