"""Approve a run that somebody else made."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.errors import ApproverIsMaker
from billing.chargebacks.reads import RunView, get_run
from billing.chargebacks.states import advance_run
from billing.chargebacks.store import lock_run, step_run
from core.errors import NotFound
from tenants.actions.record_audit import record_audit

__all__ = ("approve_run",)


def approve_run(session: Session, tenant_id: UUID, run_id: UUID, approver: UUID, now: datetime) -> RunView:
    """Approve a draft, so that it can be posted.

    The code refuses the maker; `ck_chargeback_run_approver_is_not_maker` does where the code is passed by.

    Raises:
        NotFound: there is no such run (`not_found`).
        ApproverIsMaker: they made it themselves (`approver_is_maker`).
        RunState: it is not a draft (`run_state`).
    """
    locked = lock_run(session, tenant_id, run_id)
    if locked is None:
        raise NotFound("chargeback run", run_id)
    status, maker = locked
    if maker == approver:
        raise ApproverIsMaker
    values = {"status": advance_run(status, "approve"), "approver": approver, "approved_at": now}
    step_run(session, tenant_id, run_id, values)
    record_audit(session, tenant_id, f"user:{approver}", "approve_chargeback_run", ("chargeback_run", str(run_id)))
    return get_run(session, tenant_id, run_id)
