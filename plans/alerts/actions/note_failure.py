"""Write on a rule why a look found nothing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from plans.alerts.reads import AlertView, get_alert
from plans.alerts.store import hold_rule, set_rule

__all__ = ("note_failure",)


def note_failure(session: Session, tenant_id: UUID, looked: AlertView, reason: str, due_at: datetime) -> None:
    """Keep the reason until the next look that finds something.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        looked: the rule as it was looked at; one that was deleted, stopped or changed meanwhile keeps
            what the change said, for the reason is about something else and its own look is due at once.
        reason: why nothing was found.
        due_at: when to look again, by the service's clock.
    """
    if hold_rule(session, tenant_id, looked.id) and get_alert(session, tenant_id, looked.id).rule == looked.rule:
        set_rule(session, tenant_id, looked.id, error=reason[:500], due_at=due_at)
