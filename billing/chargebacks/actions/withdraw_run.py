"""Withdraw a run that is not posted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.reads import RunView, get_run
from billing.chargebacks.states import advance_run
from billing.chargebacks.store import lock_run, step_run
from core.errors import InputError, InvalidInput, NotFound
from tenants.actions.record_audit import record_audit

__all__ = ("withdraw_run",)


def withdraw_run(session: Session, tenant_id: UUID, run_id: UUID, reason: str, actor: str, now: datetime) -> RunView:
    """Take a draft or approved run back; its lines are free for another.

    Raises:
        NotFound: there is no such run (`not_found`).
        RunState: it is posted, which is final, or withdrawn already (`run_state`).
        InvalidInput: no reason is given (`reason_missing`).
    """
    if not reason.strip():
        raise InvalidInput(InputError("/reason", "reason_missing", "Say why the run is withdrawn; it is kept with it."))
    locked = lock_run(session, tenant_id, run_id)
    if locked is None:
        raise NotFound("chargeback run", run_id)
    status = advance_run(locked[0], "withdraw")
    step_run(session, tenant_id, run_id, {"status": status, "withdrawn_at": now, "reason": reason.strip()})
    target = ("chargeback_run", str(run_id))
    record_audit(session, tenant_id, actor, "withdraw_chargeback_run", target, {"reason": reason.strip()})
    return get_run(session, tenant_id, run_id)
