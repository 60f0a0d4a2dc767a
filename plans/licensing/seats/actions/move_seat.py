"""Give the seat of one to another, by the rules for moves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from plans.licensing.errors import PersonInactive
from plans.licensing.seats.actions.hold_pool import hold_pool
from plans.licensing.seats.errors import refusal
from plans.licensing.seats.seating import Freed, No, Outcome
from tenants.actions.record_audit import record_audit
from tenants.reads import PersonView, TenantView
from tenants.reads.finding import find_people, unknown_person

__all__ = ("MovedSeat", "move_seat")


@dataclass(frozen=True, slots=True)
class MovedSeat:
    """Who held the seat, who holds one now, and until when the freed one is taken; None where it passed on."""

    was: PersonView
    now: PersonView
    freed: Freed


def move_seat(
    session: Session, tenant: TenantView, key: str, names: tuple[str, str], actor: str, now: datetime
) -> MovedSeat:
    """Release the first one's seat and assign one to the second, both or neither.

    Raises:
        SeatPoolUnknown: there is no such pool (`seat_pool_unknown`).
        PersonUnknown: a name tells nobody (`person_unknown`).
        PersonInactive: the second has left (`person_inactive`).
        Refused: by the pool's rules (`seat_not_held`, `seat_already_held`, `seat_moves_used_up`,
            `seat_cooling_down`, `seat_pool_full`).
    """
    known = find_people(session, tenant.id, names)
    for name in names:
        if name not in known:
            raise unknown_person(session, tenant.id, name)
    was, to = (known[name] for name in names)
    if to.active_to is not None:
        raise PersonInactive(names[1])
    pool = hold_pool(session, tenant, key, now, {was.id}, {to.id})
    first: list[Outcome] = list(pool.promote())
    moved = pool.seating.move(was.id, to.id, pool.at)
    if isinstance(moved[0], No):
        raise refusal(moved[0], {was.id: names[0], to.id: names[1]}, tenant.tz)
    pool.record([*first, *moved, *pool.promote()], now)
    record_audit(session, tenant.id, actor, "move_seat", ("seat_pool", key), {"from": str(was.id), "to": str(to.id)})
    assert isinstance(moved[0], Freed), "a move that is not refused frees a seat"
    return MovedSeat(was, to, moved[0])
