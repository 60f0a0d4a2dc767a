"""Create a coupon; what it brings never changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.scope import VENDOR_ID
from plans.errors import CouponTaken
from plans.reads.catalogue import all_drafts, list_plans, versions
from plans.reads.coupons import CODE, CouponView, get_coupon
from plans.store import add_coupon
from plans.terms import Discount
from plans.validation.agreements import discount_faults
from tenants.actions.record_audit import record_audit

__all__ = ("CouponInput", "create_coupon")

LIKE = 5


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
        InvalidInput: the code's shape, the limit or the discount is wrong, or it is for a plan or a charge that
            nobody can have (`invalid_input`).
        CouponTaken: there is one of that code (`coupon_taken`).
    """
    faults = [*_unsold(session, given), *discount_faults(given.discount, "/discount")]
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


def _unsold(session: Session, given: CouponInput) -> Iterator[InputError]:
    """Yield the plans that there are not, and the charges that no version or draft of its plans or of an add-on has."""
    sold = [(plan.key, plan.kind, one.document) for plan in list_plans(session) for one in versions(session, plan.key)]
    sold += [(one.plan_key, one.kind, one.document) for one in all_drafts(session)]
    bases = {key for key, kind, _ in sold if kind == "base"}
    for place, key in enumerate(given.plan_keys):
        if key not in bases:
            yield InputError(f"/plans/{place}", "plan_unknown", f"There is no plan '{key}': add-ons are none either.")
    known = {
        charge.key if kind == "base" else f"{key}.{charge.key}"
        for key, kind, document in sold
        if kind == "addon" or not given.plan_keys or key in given.plan_keys
        for charge in document.charges
    }
    for place, key in enumerate(given.discount.charges):
        if key not in known:
            like = get_close_matches(key, known) or sorted(known)
            named = ", ".join(f"'{one}'" for one in like[:LIKE])
            detail = f"Nothing that the coupon is for has a charge '{key}'. There is, for instance, {named}."
            yield InputError(f"/discount/charges/{place}", "charge_unknown", detail)
