"""End what somebody holds in floating pools."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.reads.leases import held_units
from metering.store import end_stretches

__all__ = ("end_leases",)


def end_leases(session: Session, tenant_id: UUID, identities: Collection[int], at: datetime) -> dict[str, int]:
    """End the leases of identities at an instant; they linger no more, and no heartbeat brings them back.

    Args:
        session: scoped to the tenant, with its pools locked.
        tenant_id: whose.
        identities: who holds them.
        at: the end of those that are open then.

    Returns:
        What the counters of the pools come to that have less now, by pool.
    """
    return held_units(session, tenant_id, end_stretches(session, tenant_id, identities, at))
