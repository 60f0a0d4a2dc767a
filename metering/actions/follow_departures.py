"""Shut the door on who left, and open it for who is back, as events say."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.db import Database
from core.scope import GlobalScope, TenantScope
from metering.reads.facts import corrections
from tenants.actions.follow_presence import follow_presence
from tenants.reads import get_tenant, tenant_now
from tenants.reads.presence import waiting_statements

__all__ = ("follow_all_departures", "follow_departures")

_CHUNK = 50
"""Statements a transaction: so long the customer's pools are in one's hands."""


def follow_all_departures(db: Database, tenant_id: UUID, go_on: Callable[[], bool]) -> int:
    """Follow what a tenant's events said, chunk by chunk, each a transaction of its own.

    Args:
        db: the process's.
        tenant_id: whose events.
        go_on: asked after each chunk; what is left waits for the next time.

    Returns:
        How many statements were followed.
    """
    with db.begin(GlobalScope()) as session:
        tenant = get_tenant(session, tenant_id)
    done, followed = 0, _CHUNK
    while followed == _CHUNK and (not done or go_on()):
        with db.begin(TenantScope(tenant_id)) as session:
            followed = follow_departures(session, tenant_id, tenant_now(session, tenant))
        done += followed
    return done


def follow_departures(session: Session, tenant_id: UUID, now: datetime) -> int:
    """Follow the oldest of what events said of who left and who is back; safe to repeat and to kill.

    Args:
        session: scoped to the tenant.
        tenant_id: whose events.
        now: the tenant's time.

    Returns:
        How many statements were followed, `_CHUNK` at most.
    """
    waiting = waiting_statements(session, tenant_id, _CHUNK)
    if waiting:
        without_effect = corrections(session, tenant_id, None).without_effect
        identities = {one.identity_id for one in waiting}
        follow_presence(session, tenant_id, identities, [one.statement_id for one in waiting], without_effect, now)
    return len(waiting)
