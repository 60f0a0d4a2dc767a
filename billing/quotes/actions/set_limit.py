"""Say what a seller may grant."""

from datetime import datetime

from sqlalchemy.orm import Session

from billing.quotes.reads import LimitView
from billing.quotes.store import put_limit
from core.errors import InputError, InvalidInput
from core.scope import VENDOR_ID
from tenants.actions.record_audit import record_audit

__all__ = ("set_limit",)


def set_limit(session: Session, limit: LimitView, actor: str, now: datetime) -> LimitView:
    """Set the limit of a seller, or of everybody not named (`*`).

    Args:
        session: steward's or the vendor's own.
        limit: shares of list price in per cent.
        actor: who says so.
        now: when.

    Raises:
        InvalidInput: a share is not from 0 to 100 (`percent_invalid`).
    """
    faults = [
        InputError(f"/{name}", "percent_invalid", "A share is from 0 to 100 per cent.")
        for name in ("discount_percent", "floor_percent")
        if not 0 <= getattr(limit, name) <= 100
    ]
    if faults:
        raise InvalidInput(*faults)
    row = {"seller": limit.seller, "discount_percent": limit.discount_percent, "floor_percent": limit.floor_percent}
    put_limit(session, row | {"set_by": actor, "set_at": now})
    detail = {"discount_percent": str(limit.discount_percent), "floor_percent": str(limit.floor_percent)}
    record_audit(session, VENDOR_ID, actor, "set_seller_limit", ("seller", limit.seller), detail)
    return limit
