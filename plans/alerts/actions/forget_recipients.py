"""Alert nobody any more who is erased."""

from sqlalchemy.orm import Session

from plans.alerts.reads import alerts
from plans.alerts.store import set_rule
from tenants.events import PersonErased

__all__ = ("forget_recipients",)


def forget_recipients(session: Session, event: PersonErased) -> None:
    """Take the addresses of who is erased out of the rules, whatever their case; webhooks are told as before."""
    gone = {email.lower() for email in event.emails}
    for one in alerts(session, event.tenant_id):
        stay = [address for address in one.recipients if address.lower() not in gone]
        if len(stay) < len(one.recipients):
            set_rule(session, event.tenant_id, one.id, recipients=stay)
