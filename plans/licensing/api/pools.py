"""Floating pools: their rules, who is in, and who was not let in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from litestar import Controller, get, patch, post
from litestar.di import Provide
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.periods import Period
from metering.ranges import instant_of, range_of
from plans.licensing.actions.set_pool import change_pool, create_pool, default_count_by
from plans.licensing.errors import PoolUnknown
from plans.licensing.reads import (
    PoolView,
    all_pools,
    denial_lines,
    denials,
    find_pool,
    inside,
    persons_of,
)
from plans.licensing.schemas import (
    DenialsAnswer,
    InsideAnswer,
    PoolAnswer,
    PoolBody,
    PoolChange,
    PoolLive,
    PoolPage,
)
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("PoolController",)

_A_WEEK, _INSTANT = timedelta(days=7), timedelta(microseconds=1)
Limit = Annotated[int, Parameter(ge=1, le=500)]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which denials a reader wants: local days or instants, and how many of the newest one by one."""

    since: str | None
    until: str | None
    limit: int

    def span(self, tenant: TenantView, now: datetime) -> Period:
        """Return the span, by default the last seven days; the running instant is in it."""
        until = self.until or (now + _INSTANT).isoformat()
        since = self.since or (instant_of("to", until, tenant.tz) - _A_WEEK).isoformat()
        return range_of(since, until, tenant.tz)


def _asked(
    since: Annotated[str | None, Parameter(query="from")] = None,
    until: Annotated[str | None, Parameter(query="to")] = None,
    limit: Limit = 100,
) -> Asked:
    return Asked(since, until, limit)


class PoolController(Controller):
    """Pools of concurrent seats. What a pool let in is what is billed: its leases are its only feed."""

    path = "/v1/pools"
    tags = ("licences",)

    @get("/", sync_to_thread=True)
    def all(self, principal: Principal, session: Session, tenant: TenantView) -> PoolPage:
        """List the tenant's pools by key."""
        require(principal, Permission.LICENCES_READ)
        return PoolPage([PoolAnswer.of(view) for view in all_pools(session, tenant.id)])

    @post("/", sync_to_thread=True)
    def add(self, principal: Principal, session: Session, tenant: TenantView, data: PoolBody) -> PoolAnswer:
        """Make a pool; the same again is the same pool. From today on its leases replace the suite's sessions on it."""
        require(principal, Permission.LICENCES_WRITE)
        now = tenant_now(session, tenant)
        rules = data.rules(data.count_by or default_count_by(session, tenant, now))
        return PoolAnswer.of(create_pool(session, tenant, data.name, rules, principal.actor, now))

    @patch("/{key:str}", sync_to_thread=True)
    def change(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: PoolChange
    ) -> PoolAnswer:
        """Change a pool's rules. A lowered limit drains: nobody is put out, and nobody let in until there is room."""
        require(principal, Permission.LICENCES_WRITE)
        now = tenant_now(session, tenant)
        return PoolAnswer.of(change_pool(session, tenant, key, data.changes(), principal.actor, now))

    @get("/{key:str}", sync_to_thread=True)
    def show(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> PoolLive:
        """Show a pool as it is now: its limit, the seats in use, and who is in."""
        require(principal, Permission.LICENCES_READ)
        return _live(session, tenant, _pool(session, tenant, key))

    @get("/{key:str}/denials", sync_to_thread=True, dependencies={"asked": Provide(_asked, sync_to_thread=False)})
    def denied(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, asked: Asked
    ) -> DenialsAnswer:
        """Report whom a pool did not let in, by hour, group and reason; by default the last seven days.

        A *true* denial had no grant to the same person within ten minutes: the others only had to wait, or
        may still be let in (`undecided`).
        """
        require(principal, Permission.LICENCES_READ)
        _pool(session, tenant, key)
        now = tenant_now(session, tenant)
        span = asked.span(tenant, now)
        found = denials(session, tenant.id, key, span, now, asked.limit)
        persons = persons_of(session, tenant.id, [view.identity_id for view in found])
        return DenialsAnswer.of(found, denial_lines(session, tenant.id, key, span, now), persons)


def _pool(session: Session, tenant: TenantView, key: str) -> PoolView:
    found = find_pool(session, tenant.id, key)
    if found is None:
        raise PoolUnknown(key)
    return found


def _live(session: Session, tenant: TenantView, pool: PoolView) -> PoolLive:
    now = tenant_now(session, tenant)
    found = inside(session, tenant.id, pool.rules.key, now)
    persons = persons_of(session, tenant.id, [stretch.identity_id for stretch in (*found.open, *found.lingering)])
    leases = [
        InsideAnswer.of(stretch, persons[stretch.identity_id], lingering=lingering)
        for kind, lingering in ((found.open, False), (found.lingering, True))
        for stretch in kind
    ]
    return PoolLive.at(pool, now, leases, found.in_use)
