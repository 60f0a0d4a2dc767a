"""What floating pools let in: as sessions for the meters, and as it is at this moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Select, cast, extract, func, select, true
from sqlalchemy.orm import Session

from core.lists import any_of
from metering.facts import Fact
from metering.leases import LEASED, LONGEST, CountBy, Stretch
from metering.models import LeasedPool, LeasedSession
from metering.policies import CountingPolicies
from metering.registry import FactSpan

__all__ = (
    "LeasedPoolView",
    "grants_in",
    "held_stretches",
    "held_units",
    "lease_marks",
    "leased_facts",
    "leased_pools",
    "leasing",
    "seated_stretches",
)

LINGERS_MAX = timedelta(days=1)
"""The longest that a seat stays taken after its lease's end."""
SOURCE = "pools"
"""The source of the facts that stand for stretches."""


@dataclass(frozen=True, slots=True)
class LeasedPoolView:
    """Since when a pool's leases are its only feed, and what counts once in it."""

    bound_on: date
    count_by: CountBy


def leased_pools(session: Session, tenant_id: UUID) -> dict[str, LeasedPoolView]:
    """Return the pools that lease, by key."""
    rows = session.execute(
        select(LeasedPool.pool, LeasedPool.bound_on, LeasedPool.count_by).where(LeasedPool.tenant_id == tenant_id)
    )
    return {pool: LeasedPoolView(bound_on, msgspec.convert(count_by, CountBy)) for pool, bound_on, count_by in rows}


def leasing(policies: CountingPolicies, pools: Mapping[str, LeasedPoolView]) -> CountingPolicies:
    """Return the policies that also know which pools lease, whatever contract they come from."""
    if not pools:
        return policies
    bound = {pool: view.bound_on.isoformat() for pool, view in pools.items()}
    sessions = msgspec.structs.replace(policies.sessions, leased_pools=policies.sessions.leased_pools | bound)
    return msgspec.structs.replace(policies, sessions=sessions)


def leased_facts(session: Session, tenant_id: UUID, span: FactSpan, pools: Mapping[str, LeasedPoolView]) -> list[Fact]:
    """Return the stretches that are open at any time in a span, each as a fact at its start.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        span: `[since, until)`.
        pools: those that lease.
    """
    if not pools:
        return []
    query = _stretches(tenant_id)
    if span.since is not None:
        query = query.where(LeasedSession.starts_at > span.since - LONGEST, LeasedSession.ends_at > span.since)
    if span.until is not None:
        query = query.where(LeasedSession.starts_at < span.until)
    return [_fact(stretch, pools) for stretch in _found(session, query)]


def _fact(stretch: Stretch, pools: Mapping[str, LeasedPoolView]) -> Fact:
    attributes = {
        "pool": stretch.pool,
        "session_id": str(stretch.lease_id),
        "device_id": stretch.device_id,
        "client_key": stretch.client_key,
        "count_by": pools[stretch.pool].count_by,
        "ends_at": stretch.ends_at,
    }
    lease_id = stretch.lease_id
    return Fact(lease_id, stretch.starts_at, LEASED, SOURCE, stretch.identity_id, attributes, str(lease_id))


def held_stretches(session: Session, tenant_id: UUID, pool: str) -> list[Stretch]:
    """Return what a pool's counter has, in order of letting in: also what ended and was not wanted since."""
    query = _stretches(tenant_id).where(LeasedSession.pool == pool, LeasedSession.held)
    return _found(session, query.order_by(LeasedSession.starts_at))


def seated_stretches(session: Session, tenant_id: UUID, pool: str, since: datetime, until: datetime) -> list[Stretch]:
    """Return what had a seat of a pool at any time in `[since, until)`, lingering included, in order of letting in."""
    lingered = LeasedSession.ends_at + func.make_interval(0, 0, 0, 0, 0, 0, LeasedSession.lingers_s)
    query = _stretches(tenant_id).where(
        LeasedSession.pool == pool, LeasedSession.starts_at < until,
        LeasedSession.starts_at > since - LONGEST - LINGERS_MAX, lingered > since,
    )  # fmt: skip
    return _found(session, query.order_by(LeasedSession.starts_at))


def held_units(session: Session, tenant_id: UUID, pools: Collection[str]) -> dict[str, int]:
    """Return how many seats the counters of pools have by their stretches, 0 for none."""
    query = (
        select(LeasedSession.pool, func.count(LeasedSession.unit.distinct()))
        .where(LeasedSession.tenant_id == tenant_id, any_of(LeasedSession.pool, pools), LeasedSession.held)
        .group_by(LeasedSession.pool)
    )
    return dict.fromkeys(pools, 0) | dict(session.execute(query).tuples().all())


def grants_in(
    session: Session, tenant_id: UUID, pools: Collection[str], since: datetime, until: datetime
) -> list[tuple[str, int, datetime]]:
    """Return (pool, identity, start) of what pools let in within `[since, until)`."""
    query = (
        select(LeasedSession.pool, LeasedSession.identity_id, LeasedSession.starts_at)
        .where(LeasedSession.tenant_id == tenant_id, any_of(LeasedSession.pool, pools))
        .where(LeasedSession.starts_at >= since, LeasedSession.starts_at < until)
        .order_by(LeasedSession.starts_at)
    )
    return [(pool, identity_id, starts_at) for pool, identity_id, starts_at in session.execute(query).tuples()]


def lease_marks(session: Session, tenant_id: UUID, floor: datetime, *, all_before: bool) -> list[tuple[datetime, int]]:
    """Return by hour (UTC) of their start what tells whether stretches are the same: their number and lengths.

    They are told for the time that readers look back before `floor` too.
    """
    lasted = extract("epoch", LeasedSession.ends_at - LeasedSession.starts_at) * 1_000_000
    hour = func.date_trunc("hour", LeasedSession.starts_at)
    rows = session.execute(
        select(hour, cast(func.sum(lasted + 1), BigInteger))
        .where(LeasedSession.tenant_id == tenant_id)
        .where(true() if all_before else LeasedSession.starts_at >= floor - LONGEST - timedelta(hours=1))
        .group_by(hour)
        .order_by(hour)
    )
    return [(at, int(mark)) for at, mark in rows.tuples()]


def _found(session: Session, query: Select[Any]) -> list[Stretch]:
    return [Stretch(*row) for row in session.execute(query)]


def _stretches(tenant_id: UUID) -> Select[Any]:
    columns = (getattr(LeasedSession, name) for name in Stretch.__struct_fields__)
    return select(*columns).where(LeasedSession.tenant_id == tenant_id)
