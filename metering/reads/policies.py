"""Which counting policies are in force: the contract's, with the pools that lease."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.models import PolicyBinding
from metering.policies import DEFAULT_POLICIES, CountingPolicies
from metering.reads.leases import leased_pools, leasing

__all__ = ("Binding", "all_policies", "bindings_at", "bound_policies", "policies_at")


@dataclass(frozen=True, slots=True)
class Binding:
    """When a policy was bound, and which."""

    recorded_at: datetime
    policy_hash: str


def bindings_at(session: Session, tenant_id: UUID, starts_at: datetime) -> tuple[Binding, ...]:
    """Return the bindings that start at exactly that instant, in the order they were recorded."""
    rows = session.execute(
        select(PolicyBinding.recorded_at, PolicyBinding.policy_hash)
        .where(PolicyBinding.tenant_id == tenant_id, PolicyBinding.starts_at == starts_at)
        .order_by(PolicyBinding.recorded_at)
    )
    return tuple(Binding(*row) for row in rows)


def bound_policies(session: Session, tenant_id: UUID) -> Callable[[datetime], CountingPolicies]:
    """Return what answers like `policies_at` for any instant, after one query."""
    rows = session.execute(
        select(PolicyBinding.starts_at, PolicyBinding.policies)
        .where(PolicyBinding.tenant_id == tenant_id)
        .order_by(PolicyBinding.starts_at, PolicyBinding.recorded_at)
    )
    pools = leased_pools(session, tenant_id)
    bound = {starts_at: leasing(msgspec.convert(policies, CountingPolicies), pools) for starts_at, policies in rows}
    starts, default = list(bound), leasing(DEFAULT_POLICIES, pools)

    def at(instant: datetime) -> CountingPolicies:
        index = bisect_right(starts, instant)
        return bound[starts[index - 1]] if index else default

    return at


def policies_at(session: Session, tenant_id: UUID, instant: datetime) -> CountingPolicies:
    """Return the policies bound to a tenant at an instant, the catalogue's where none are.

    The latest start up to the instant holds, of several bindings for one start the last recorded.
    """
    bound = session.execute(
        select(PolicyBinding.policies)
        .where(PolicyBinding.tenant_id == tenant_id, PolicyBinding.starts_at <= instant)
        .order_by(PolicyBinding.starts_at.desc(), PolicyBinding.recorded_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    found = DEFAULT_POLICIES if bound is None else msgspec.convert(bound, CountingPolicies)
    return leasing(found, leased_pools(session, tenant_id))


def all_policies(session: Session, tenant_id: UUID) -> list[CountingPolicies]:
    """Return all counting policies that hold at any time, the catalogue's among them."""
    rows = session.execute(
        select(PolicyBinding.policies)
        .where(PolicyBinding.tenant_id == tenant_id)
        .order_by(PolicyBinding.starts_at, PolicyBinding.recorded_at)
    ).scalars()
    bound = [DEFAULT_POLICIES, *(msgspec.convert(policies, CountingPolicies) for policies in rows)]
    pools = leased_pools(session, tenant_id)
    return [leasing(policies, pools) for policies in bound]
