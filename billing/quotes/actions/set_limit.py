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
        limit: shares of list price in per cent, and of the price after its costs.
        actor: who says so.
        now: when.

    Raises:
        InvalidInput: a share is not from 0 to 100 (`percent_invalid`).
    """
    shares = ("discount_percent", "floor_percent", "margin_floor_percent")
    faults = [
        InputError(f"/{name}", "percent_invalid", "A share is from 0 to 100 per cent.")
        for name in shares
        if (share := getattr(limit, name)) is not None and not 0 <= share <= 100
    ]
    if faults:
        raise InvalidInput(*faults)
    said = {name: getattr(limit, name) for name in shares}
    put_limit(session, {"seller": limit.seller, **said, "set_by": actor, "set_at": now})
    detail = {name: None if share is None else str(share) for name, share in said.items()}
    record_audit(session, VENDOR_ID, actor, "set_seller_limit", ("seller", limit.seller), detail)
    return limit
