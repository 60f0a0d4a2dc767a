"""Pools: set up, looked at, changed, and what may be taken back."""

from typing import Annotated

from litestar import Controller, get, patch, post
from litestar.params import Parameter
from msgspec import UNSET
from sqlalchemy.orm import Session

from plans.licensing.seats.actions.fill_seats import fill_seats
from plans.licensing.seats.actions.keep_pool import PoolInput, change_pool, create_pool
from plans.licensing.seats.reads import PoolView, advice_of, all_pools, find_pool, pool_now
from plans.licensing.seats.schemas import (
    AdviceAnswer,
    PoolAnswer,
    PoolBody,
    PoolChange,
    PoolLine,
    PoolPage,
    RowAnswer,
)
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("SeatPoolController",)

IdleDays = Annotated[int, Parameter(ge=1, le=3_650)]


class SeatPoolController(Controller):
    """Named seat pools. Who holds a seat is a fact: what is held is what `seats.named` bills."""

    path = "/v1/seat-pools"
    tags = ("seats",)

    @get(sync_to_thread=True)
    def all(self, principal: Principal, session: Session, tenant: TenantView) -> PoolPage:
        """List the pools by key."""
        require(principal, Permission.SEATS_READ)
        return PoolPage([PoolLine.of(view) for view in all_pools(session, tenant.id)])

    @post(sync_to_thread=True)
    def add(self, principal: Principal, session: Session, tenant: TenantView, data: PoolBody) -> PoolAnswer:
        """Set up a pool; seats that the suite has assigned under its key by events are its seats."""
        require(principal, Permission.SEATS_WRITE)
        wanted = PoolInput(data.key, data.name, data.seats, data.moves_per_year, data.auto_assign)
        view = create_pool(session, tenant, wanted, principal.actor, tenant_now(session, tenant))
        return _answer(session, tenant, view)

    @get("/{key:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> PoolAnswer:
        """Show a pool: its rules, and how many of its seats are taken."""
        require(principal, Permission.SEATS_READ)
        return _answer(session, tenant, find_pool(session, tenant.id, key))

    @patch("/{key:str}", sync_to_thread=True)
    def change(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: PoolChange
    ) -> PoolAnswer:
        """Change a pool. A lower limit takes no seat away: the pool drains, and nobody gets one until it has."""
        require(principal, Permission.SEATS_WRITE)
        known = find_pool(session, tenant.id, key)
        names = ("name", "seats", "moves_per_year", "auto_assign")
        told = {name: getattr(known if getattr(data, name) is UNSET else data, name) for name in names}
        now = tenant_now(session, tenant)
        return _answer(session, tenant, change_pool(session, tenant, PoolInput(key, **told), principal.actor, now))

    @post("/{key:str}/fill", sync_to_thread=True, status_code=200)
    def fill(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> list[RowAnswer]:
        """Give free seats at once to who waits and to the pool's groups; else that happens every minute."""
        require(principal, Permission.SEATS_WRITE)
        granted = fill_seats(session, tenant, key, tenant_now(session, tenant), principal.actor)
        return [RowAnswer(str(one.person_id), "assigned", one.person_id) for one in granted]

    @get("/{key:str}/advice", sync_to_thread=True)
    def advice(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, idle_days: IdleDays = 60
    ) -> AdviceAnswer:
        """Say whose seat was idle for so long, which may be taken back now, which not yet and why, what it saves."""
        require(principal, Permission.SEATS_READ)
        view = find_pool(session, tenant.id, key)
        return AdviceAnswer.of(advice_of(session, tenant, view, idle_days, tenant_now(session, tenant)))


def _answer(session: Session, tenant: TenantView, view: PoolView) -> PoolAnswer:
    return PoolAnswer.of(pool_now(session, tenant, view, tenant_now(session, tenant), ()))
