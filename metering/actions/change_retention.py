"""Say how long a tenant's facts stay on line."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from metering.archive.months import LEAST_MONTHS, MOST_MONTHS
from metering.store import put_retention
from tenants.actions.record_audit import record_audit

__all__ = ("change_retention", "checked_months")


def change_retention(session: Session, tenant_id: UUID, keep_months: int | None, actor: str, now: datetime) -> None:
    """Let facts leave for archives after so many whole months; None keeps all of them on line.

    Months that are archived already stay archived.

    Raises:
        InvalidInput: fewer months than bills may still look back at (`invalid_input`, `keep_months_out_of_range`).
    """
    if keep_months is not None:
        checked_months(keep_months)
    put_retention(session, {"tenant_id": tenant_id, "keep_months": keep_months, "changed_at": now})
    record_audit(
        session, tenant_id, actor, "change_retention", ("tenant", str(tenant_id)), {"keep_months": keep_months}
    )


def checked_months(keep_months: int) -> int:
    """Return a number of months that may be kept.

    Raises:
        InvalidInput: it is out of range (`invalid_input`, `keep_months_out_of_range`).
    """
    if not LEAST_MONTHS <= keep_months <= MOST_MONTHS:
        raise InvalidInput(InputError(
            "/keep_months", "keep_months_out_of_range",
            f"Keep {LEAST_MONTHS} to {MOST_MONTHS:,} months, or all of them (null): bills are reckoned anew for 400"
            " days and look a contract year back from there.",
        ))  # fmt: skip
    return keep_months
