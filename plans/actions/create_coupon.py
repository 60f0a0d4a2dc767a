"""Create a coupon; what it brings never changes."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.scope import VENDOR_ID
from plans.errors import CouponTaken
from plans.reads.coupons import CODE, CouponView, get_coupon
from plans.store import add_coupon
from plans.terms import Discount
from plans.validation.agreements import discount_faults
from tenants.actions.record_audit import record_audit

__all__ = ("CouponInput", "create_coupon")


@dataclass(frozen=True, slots=True)
class CouponInput:
    """A code, what it brings, and how far."""

    code: str
    discount: Discount
    actor: str
    plan_keys: tuple[str, ...] = ()
    """For which plans; none: for all."""
    max_redemptions: int | None = None
    valid_until: datetime | None = None


def create_coupon(session: Session, given: CouponInput, now: datetime) -> CouponView:
    """Create a coupon.

    Args:
        session: steward's.
        given: the coupon.
        now: when.

    Raises:
        InvalidInput: the code's shape, the limit or the discount is wrong (`invalid_input`).
        CouponTaken: there is one of that code (`coupon_taken`).
    """
    faults = list(discount_faults(given.discount, "/discount"))
    if not CODE.fullmatch(given.code):
        faults.append(InputError("/code", "coupon_code_invalid", "A code has 3 to 40 capitals, digits and '-'."))
    if given.max_redemptions is not None and given.max_redemptions < 1:
        faults.append(InputError("/max_redemptions", "quantity_invalid", "Name 1 or more, or none for no limit."))
    if faults:
        raise InvalidInput(*faults)
    row = {
        "code": given.code,
        "discount": msgspec.to_builtins(given.discount),
        "plan_keys": list(given.plan_keys),
        "max_redemptions": given.max_redemptions,
        "valid_until": given.valid_until,
        "created_at": now,
        "created_by": given.actor,
    }
    if not add_coupon(session, row):
        raise CouponTaken(given.code)
    record_audit(session, VENDOR_ID, given.actor, "create_coupon", ("coupon", given.code))
    return get_coupon(session, given.code)
