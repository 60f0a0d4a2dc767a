"""End a coupon: nobody redeems it any more; who has redeemed it keeps what it brought."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.scope import VENDOR_ID
from plans.reads.coupons import CouponView, get_coupon
from plans.store import set_coupon_end
from tenants.actions.record_audit import record_audit

__all__ = ("end_coupon",)


def end_coupon(session: Session, code: str, actor: str, now: datetime) -> CouponView:
    """End a coupon at once; one that is over stays as it is.

    Args:
        session: steward's.
        code: which.
        actor: who ends it.
        now: when.

    Raises:
        NotFound: there is none of that code (`not_found`).
    """
    found = get_coupon(session, code)
    if found.valid_until is None or found.valid_until > now:
        set_coupon_end(session, code, now)
        before = found.valid_until.isoformat() if found.valid_until else None
        record_audit(session, VENDOR_ID, actor, "end_coupon", ("coupon", code), {"valid_until": before})
    return get_coupon(session, code)
