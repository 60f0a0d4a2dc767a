"""Selects about seat pools; who holds a seat is read from the facts. They return frozen values."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.money import Money
from core.periods import add_months, day_start, local_date
from metering.reads.seat_pools import PoolHistory, PoolHold, Uses, pool_history, uses_since
from plans.licensing.seats.advice import Advice, advise
from plans.licensing.seats.errors import SeatPoolUnknown
from plans.licensing.seats.models import SeatInvitation, SeatPool, SeatWait
from plans.licensing.seats.seating import Seating, SeatRules
from plans.pricing import UsageQuantity, difference
from plans.reads import charges_of, subscriptions
from plans.states import State
from tenants.reads import TenantView
from tenants.reads.identities import merged_people

__all__ = (
    "AdviceNow",
    "AutoAssign",
    "InvitationView",
    "PoolNow",
    "PoolView",
    "advice_of",
    "all_pools",
    "awaited_pools",
    "find_pool",
    "get_invitation",
    "invitations",
    "last_seen",
    "pool_now",
    "seats_come_free",
    "waits",
)

TICK = timedelta(microseconds=1)
_EVER = datetime.min.replace(tzinfo=UTC)


class AutoAssign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets a seat without being named: everybody of these audiences, and whom these cost centres carry."""

    audiences: tuple[str, ...] = ()
    cost_centres: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.audiences or self.cost_centres)


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool's rules, and the instant of its last act."""

    key: str
    name: str
    seats: int
    moves_per_year: int | None
    auto_assign: AutoAssign
    clock_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation; `status` as it is at the instant asked for: open, activated, withdrawn or expired."""

    id: UUID
    pool: str
    person_id: UUID
    status: str
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class AdviceNow:
    """Idle seats, and what a full billing period would cost less without those that may be released, by currency."""

    pool: "PoolNow"
    idle_days: int
    idle: list[Advice]
    saves: list[Money]

    @property
    def may_release(self) -> int:
        """How many of them may be released now."""
        return sum(one.may_release for one in self.idle)


@dataclass(frozen=True, slots=True)
class PoolNow:
    """A pool at an instant: its seating, its history from the facts, and since when people wait.

    `uses` are those of the holders who were judged, as far back as since they hold their seats. `waiting_as` says
    who is on the wait-list as whom: who was found to be somebody else waits as that one.
    """

    view: PoolView
    at: datetime
    seating: Seating
    history: PoolHistory
    waits: dict[UUID, datetime]
    waiting_as: dict[UUID, UUID]
    uses: dict[UUID, Uses]

    def open_hold(self, person_id: UUID) -> PoolHold:
        """Return the hold of somebody who holds a seat."""
        return self.history.holds[person_id][-1]


def all_pools(session: Session, tenant_id: UUID) -> list[PoolView]:
    """Return the tenant's pools by key."""
    query = select(SeatPool).where(SeatPool.tenant_id == tenant_id).order_by(SeatPool.key)
    return [_pool(row) for row in session.execute(query).scalars()]


def find_pool(session: Session, tenant_id: UUID, key: str) -> PoolView:
    """Return a pool.

    Raises:
        SeatPoolUnknown: there is none of that key (`seat_pool_unknown`).
    """
    row = session.get(SeatPool, (tenant_id, key), populate_existing=True)
    if row is None:
        raise SeatPoolUnknown(key)
    return _pool(row)


def _pool(row: SeatPool) -> PoolView:
    auto = msgspec.convert(row.auto_assign, AutoAssign)
    return PoolView(row.key, row.name, row.seats, row.moves_per_year, auto, row.clock_at, row.created_at)


def awaited_pools(session: Session) -> list[tuple[UUID, str]]:
    """Return, for the steward, the pools that somebody waits for or that assign by themselves: (tenant, key)."""
    waited = select(SeatWait.tenant_id, SeatWait.pool.label("key"))
    automatic = select(SeatPool.tenant_id, SeatPool.key).where(SeatPool.auto_assign != {})
    both = waited.union(automatic).subquery()
    return [(tenant_id, key) for tenant_id, key in session.execute(select(both).order_by(both.c.tenant_id, both.c.key))]


def seats_come_free(session: Session, tenants: Collection[TenantView], now: datetime) -> list[datetime]:
    """Return, for the steward, when cool-downs of pools that somebody waits for will be over."""
    by_id = {tenant.id: tenant for tenant in tenants}
    return [
        cooling.until
        for tenant_id, key in awaited_pools(session)
        if tenant_id in by_id
        for cooling in pool_now(
            session, by_id[tenant_id], find_pool(session, tenant_id, key), now, ()
        ).seating.cooling.values()
    ]


def waits(session: Session, tenant_id: UUID, pool: str) -> dict[UUID, datetime]:
    """Return who waits since when, who came first first, as they were put there: by whom they were then."""
    query = select(SeatWait.person_id, SeatWait.since).where(SeatWait.tenant_id == tenant_id, SeatWait.pool == pool)
    return dict(session.execute(query.order_by(SeatWait.since, SeatWait.person_id)).tuples().all())


def pool_now(
    session: Session, tenant: TenantView, view: PoolView, now: datetime, judged: Collection[UUID] | None = None
) -> PoolNow:
    """Return a pool as its facts say that it is.

    Args:
        session: scoped to the tenant.
        tenant: whose pool.
        view: its rules.
        now: the tenant's time.
        judged: of which holders it matters whether they used their seat; None for all.
    """
    at = max(now, view.clock_at)
    since = now
    if view.moves_per_year is not None:
        since = day_start(add_months(local_date(now, tenant.tz), -12), tenant.tz)
    if view.auto_assign:
        since = _EVER  # whoever lost a seat, however long ago, gets none without being named
    history = pool_history(session, tenant, view.key, since, now)
    asked = {
        person_id: holds[-1].starts_at for person_id, holds in history.holds.items()
        if holds[-1].ends_at > at and (judged is None or person_id in judged)
    }  # fmt: skip
    uses = uses_since(session, tenant.id, asked, min(asked.values()), at + TICK) if asked else {}
    used = {
        person_id for person_id, theirs in uses.items()
        if theirs.by_then is not None and theirs.by_then >= asked[person_id]
    }  # fmt: skip
    listed = waits(session, tenant.id, view.key)
    merged = merged_people(session, tenant.id) if listed else {}
    waiting_as = {person_id: merged.get(person_id, person_id) for person_id in listed}
    since_when: dict[UUID, datetime] = {}
    for person_id, came_at in listed.items():
        since_when.setdefault(waiting_as[person_id], came_at)
    rules = SeatRules(view.seats, history.cooldown_days, view.moves_per_year, tenant.tz)
    seating = Seating.of(rules, history.holds, used, since_when, at)
    return PoolNow(view, at, seating, history, since_when, waiting_as, uses)


def advice_of(session: Session, tenant: TenantView, view: PoolView, idle_days: int, now: datetime) -> AdviceNow:
    """Return which seats of a pool were idle for so many days, what may be taken back, and what that saves."""
    pool = pool_now(session, tenant, view, now)
    last = last_seen(pool, idle_days)
    idle = advise(pool.seating, last, idle_days, pool.at)
    released = sum(one.may_release for one in idle)
    return AdviceNow(pool, idle_days, idle, _saves(session, tenant, pool, released, now))


def last_seen(pool: PoolNow, days: int) -> dict[UUID, datetime]:
    """Return when holders did something last, of those who did within so many local days."""
    tz = pool.seating.rules.tz
    since = day_start(local_date(pool.at, tz) - timedelta(days=days), tz)
    return {person_id: uses.ever for person_id, uses in pool.uses.items() if uses.ever >= since}


def _saves(session: Session, tenant: TenantView, pool: PoolNow, released: int, now: datetime) -> list[Money]:
    """Price a full billing period of this pool's taken seats with and without those, by the contracts in force."""
    taken = pool.seating.taken
    more, less = UsageQuantity(Fraction(taken)), UsageQuantity(Fraction(taken - released))
    saved: dict[str, Money] = {}
    for held in subscriptions(session, tenant.id, now):
        if held.status not in (State.ACTIVE, State.ENDING) or held.base.mode == "paused":
            continue
        for _key, charge in charges_of(held):
            if charge.meter is not None and charge.meter.startswith("seats.named."):
                amount = difference(charge, less, more, held.currency, Fraction(1)).amount
                saved[held.currency] = saved[held.currency] + amount if held.currency in saved else amount
    return [saved[currency] for currency in sorted(saved)]


def invitations(session: Session, tenant_id: UUID, pool: str, now: datetime) -> list[InvitationView]:
    """Return a pool's invitations, newest first."""
    query = (
        select(SeatInvitation)
        .where(SeatInvitation.tenant_id == tenant_id, SeatInvitation.pool == pool)
        .order_by(SeatInvitation.id.desc())
    )
    return [_invitation(row, now) for row in session.execute(query).scalars()]


def get_invitation(session: Session, tenant_id: UUID, invitation_id: UUID, now: datetime) -> InvitationView:
    """Return an invitation.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    row = session.get(SeatInvitation, (tenant_id, invitation_id), populate_existing=True)
    if row is None:
        raise NotFound("invitation", invitation_id)
    return _invitation(row, now)


def _invitation(row: SeatInvitation, now: datetime) -> InvitationView:
    status = "expired" if row.status == "open" and row.expires_at <= now else row.status
    names = ("id", "pool", "person_id", "invited_by", "invited_at", "expires_at", "settled_at")
    told: dict[str, Any] = {name: getattr(row, name) for name in names}
    return InvitationView(status=status, **told)
