"""End a key for good."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.actions.issue_api_key import owner_of
from tenants.actions.record_audit import record_audit
from tenants.reads import get_key
from tenants.store import revoke_key

__all__ = ("revoke_api_key",)


def revoke_api_key(session: Session, key_id: UUID, actor: str, now: datetime) -> None:
    """Revoke a key of the acting tenant; it is refused everywhere within two seconds. Repeating it changes nothing.

    Raises:
        NotFound: there is no such key here (`not_found`).
    """
    key = get_key(session, owner_of(session), key_id)
    if revoke_key(session, key.id, now):
        record_audit(session, session.info["scope"].tenant_id, actor, "revoke_api_key", ("api_key", str(key.id)))
