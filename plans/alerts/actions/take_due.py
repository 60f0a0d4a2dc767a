"""Take the rules that are due, so that nobody else looks at them meanwhile."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from plans.alerts.reads import AlertView, get_alert
from plans.alerts.store import claim_rules

__all__ = ("take_due",)


def take_due(session: Session, tenant_id: UUID, now: datetime, until: datetime, limit: int) -> list[AlertView]:
    """Return up to `limit` rules; they are due again at `until`, whoever dies over them."""
    return [get_alert(session, tenant_id, one) for one in claim_rules(session, tenant_id, now, until, limit)]
