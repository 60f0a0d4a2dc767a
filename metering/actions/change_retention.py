"""Say how long a tenant's facts stay on line."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from metering.archive.months import LEAST_MONTHS
from metering.store import put_retention
from tenants.actions.record_audit import record_audit

__all__ = ("change_retention",)

_MOST = 1_200


def change_retention(session: Session, tenant_id: UUID, keep_months: int | None, actor: str, now: datetime) -> None:
    """Let facts leave for archives after so many whole months; None keeps all of them on line.

    Months that are archived already stay archived.

    Raises:
        InvalidInput: fewer months than bills may still look back at (`invalid_input`, `keep_months_out_of_range`).
    """
    if keep_months is not None and not LEAST_MONTHS <= keep_months <= _MOST:
        raise InvalidInput(InputError(
            "/keep_months", "keep_months_out_of_range",
            f"Keep {LEAST_MONTHS} to {_MOST:,} months, or all of them (null): bills are reckoned anew for 400 days"
            " and look a contract year back from there.",
        ))  # fmt: skip
    put_retention(session, {"tenant_id": tenant_id, "keep_months": keep_months, "changed_at": now})
    record_audit(
        session, tenant_id, actor, "change_retention", ("tenant", str(tenant_id)), {"keep_months": keep_months}
    )
