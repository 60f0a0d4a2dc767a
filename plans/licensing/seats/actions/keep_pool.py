"""Set up a pool and change its rules."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from plans.licensing.seats.actions.assign_seats import assign_seats
from plans.licensing.seats.actions.hold_pool import hold_pool
from plans.licensing.seats.errors import SeatPoolKeyTaken
from plans.licensing.seats.reads import AutoAssign, PoolView, find_pool
from plans.licensing.seats.store import add_pool, set_pool
from tenants.actions.record_audit import record_audit
from tenants.directory.reads import people_in_pool
from tenants.people import AUDIENCES
from tenants.reads import TenantView, all_cost_centres

__all__ = ("PoolInput", "change_pool", "create_pool")

_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class PoolInput:
    """A pool's rules. `key` is what seat events call it; seats that the suite has assigned there are its own."""

    key: str
    name: str
    seats: int
    moves_per_year: int | None = None
    auto_assign: AutoAssign = field(default_factory=AutoAssign)


def create_pool(session: Session, tenant: TenantView, wanted: PoolInput, actor: str, now: datetime) -> PoolView:
    """Set up a pool; the same again is the same pool.

    Who is in a directory's group that stands for it already gets a seat or waits: a rule could name a
    pool before there was one.

    Raises:
        InvalidInput: a rule makes no sense (`invalid_input`).
        SeatPoolKeyTaken: there is one of that key with other rules (`seat_pool_key_taken`).
    """
    _refuse_nonsense(session, tenant.id, wanted)
    row = _row(wanted) | {"tenant_id": tenant.id, "key": wanted.key, "clock_at": now, "created_at": now}
    if not add_pool(session, row):
        known = find_pool(session, tenant.id, wanted.key)
        same = PoolInput(known.key, known.name, known.seats, known.moves_per_year, known.auto_assign)
        if same != wanted:
            raise SeatPoolKeyTaken(wanted.key)
        return known
    record_audit(session, tenant.id, actor, "create_seat_pool", ("seat_pool", wanted.key), {"seats": wanted.seats})
    members = people_in_pool(session, tenant.id, wanted.key)
    if members:
        assign_seats(session, tenant, wanted.key, [str(one) for one in members], actor, now, wait=True)
    return find_pool(session, tenant.id, wanted.key)


def change_pool(session: Session, tenant: TenantView, wanted: PoolInput, actor: str, now: datetime) -> PoolView:
    """Give a pool other rules. A lower limit takes nothing away: it drains; a higher one lets in who waits.

    Raises:
        InvalidInput: a rule makes no sense (`invalid_input`).
        SeatPoolUnknown: there is no such pool (`seat_pool_unknown`).
    """
    _refuse_nonsense(session, tenant.id, wanted)
    before = find_pool(session, tenant.id, wanted.key)
    set_pool(session, tenant.id, wanted.key, **_row(wanted))
    pool = hold_pool(session, tenant, wanted.key, now)
    pool.record(pool.promote(), now)
    detail = {"seats": [before.seats, wanted.seats], "moves_per_year": [before.moves_per_year, wanted.moves_per_year]}
    record_audit(session, tenant.id, actor, "change_seat_pool", ("seat_pool", wanted.key), detail)
    return find_pool(session, tenant.id, wanted.key)


def _row(wanted: PoolInput) -> dict[str, object]:
    auto = {name: value for name, value in msgspec.to_builtins(wanted.auto_assign).items() if value}
    return {
        "name": wanted.name.strip(), "seats": wanted.seats, "moves_per_year": wanted.moves_per_year,
        "auto_assign": auto,
    }  # fmt: skip


def _refuse_nonsense(session: Session, tenant_id: UUID, wanted: PoolInput) -> None:
    faults = []
    if not _KEY.fullmatch(wanted.key):
        detail = "Use up to 64 small letters, digits and - _ . and begin with a letter or digit."
        faults.append(InputError("/key", "key_invalid", detail))
    if not wanted.name.strip() or len(wanted.name) > 200:
        faults.append(InputError("/name", "name_missing", "Give the pool a name of at most 200 characters."))
    if not 0 <= wanted.seats <= 10_000_000:
        faults.append(InputError("/seats", "seats_invalid", "Give a number of seats from 0 to 10,000,000."))
    if wanted.moves_per_year is not None and not 0 <= wanted.moves_per_year <= 10_000_000:
        faults.append(InputError("/moves_per_year", "moves_invalid", "Give a number of moves, or null for any."))
    if not set(wanted.auto_assign.audiences) <= set(AUDIENCES):
        detail = f"Use audiences of {', '.join(AUDIENCES)}."
        faults.append(InputError("/auto_assign/audiences", "audience_unknown", detail))
    if wanted.auto_assign.cost_centres:  # by one that there is not nobody would ever get a seat
        strange = set(wanted.auto_assign.cost_centres) - {one.code for one in all_cost_centres(session, tenant_id)}
        if strange:
            detail = f"There is no cost centre {', '.join(sorted(strange))}. Give codes of the organisation's tree."
            faults.append(InputError("/auto_assign/cost_centres", "cost_centre_unknown", detail))
    if faults:
        raise InvalidInput(*faults)
