"""Tell an endpoint again what it was told or could not be told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.webhooks.reads import deliveries, get_delivery, get_endpoint
from tenants.webhooks.store import set_delivery

__all__ = ("replay", "replay_dead")

AT_ONCE = 1_000


def replay(session: Session, tenant_id: UUID, endpoint_id: UUID, event_id: UUID, now: datetime) -> None:
    """Let one delivery be due again, with all its attempts ahead; the event keeps its id.

    Raises:
        NotFound: there is no such delivery (`not_found`).
    """
    get_delivery(session, tenant_id, endpoint_id, event_id)
    set_delivery(session, tenant_id, endpoint_id, event_id, status="due", attempts=0, due_at=now)


def replay_dead(session: Session, tenant_id: UUID, endpoint_id: UUID, now: datetime) -> int:
    """Let what was given up be due again, at most 1,000 at once, and return how many.

    Raises:
        NotFound: there is no such endpoint (`not_found`).
    """
    get_endpoint(session, tenant_id, endpoint_id)
    dead = deliveries(session, tenant_id, endpoint_id, status="dead", limit=AT_ONCE)
    for one in dead:
        set_delivery(session, tenant_id, endpoint_id, one.event_id, status="due", attempts=0, due_at=now)
    return len(dead)
