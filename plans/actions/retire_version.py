"""Stop selling a version; whoever holds it keeps it."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.scope import VENDOR_ID
from plans.reads.catalogue import VersionView, get_version
from plans.store import retire
from tenants.actions.record_audit import record_audit

__all__ = ("retire_version",)


def retire_version(session: Session, plan_key: str, number: int, actor: str, now: datetime) -> VersionView:
    """Retire a version; doing it again changes nothing.

    Args:
        session: the vendor's scope or steward.
        plan_key: of which plan.
        number: which version.
        actor: who retires it.
        now: when.

    Raises:
        NotFound: there is no such version (`not_found`).
    """
    version = get_version(session, plan_key, number)
    if version.retired_at is None:
        retire(session, version.id, max(now, version.published_at))
        record_audit(session, VENDOR_ID, actor, "retire_plan_version", ("plan", plan_key), {"number": number})
    return get_version(session, plan_key, number)
