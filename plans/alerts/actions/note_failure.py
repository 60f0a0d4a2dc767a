"""Write on a rule why a look found nothing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from plans.alerts.store import set_rule

__all__ = ("note_failure",)


def note_failure(session: Session, tenant_id: UUID, rule_id: UUID, reason: str, due_at: datetime) -> None:
    """Keep the reason until the next look that finds something."""
    set_rule(session, tenant_id, rule_id, error=reason[:500], due_at=due_at)
