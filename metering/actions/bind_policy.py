"""Put counting policies in force for a tenant from an instant on."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from metering.policies import CountingPolicies, policy_hash
from metering.reads.policies import bindings_at
from metering.store import add_policy_binding

__all__ = ("bind_policy",)

TICK = timedelta(microseconds=1)


def bind_policy(
    session: Session, tenant_id: UUID, starts_at: datetime, policies: CountingPolicies, now: datetime
) -> str:
    """Bind the policies of a contract; they hold from `starts_at` until the next binding starts.

    Bindings are never changed: of several for one start the last recorded holds. Binding what is
    bound already adds nothing.

    Args:
        session: scoped to the tenant.
        tenant_id: whose usage is counted so.
        starts_at: the first instant.
        policies: the reading.
        now: when it is recorded, in the tenant's time.

    Returns:
        The policies' hash.
    """
    name = policy_hash(policies)
    earlier = bindings_at(session, tenant_id, starts_at)
    if not earlier or earlier[-1].policy_hash != name:
        recorded_at = max([now, *(binding.recorded_at + TICK for binding in earlier)])
        add_policy_binding(
            session,
            {
                "tenant_id": tenant_id,
                "starts_at": starts_at,
                "recorded_at": recorded_at,
                "policies": msgspec.to_builtins(policies),
                "policy_hash": name,
            },
        )
    return name
