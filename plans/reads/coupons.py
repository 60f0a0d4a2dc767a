"""Coupons, and whether one can be used."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from plans.errors import CouponNotUsable
from plans.models import Coupon
from plans.terms import Discount

__all__ = ("CODE", "CouponView", "coupons", "get_coupon", "usable_coupon")

CODE: Final = re.compile("[A-Z0-9][A-Z0-9-]{2,39}")


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon as it stands."""

    code: str
    discount: Discount
    plan_keys: tuple[str, ...]
    max_redemptions: int | None
    redeemed: int
    valid_until: datetime | None


_COLUMNS = (
    Coupon.code,
    Coupon.discount,
    Coupon.plan_keys,
    Coupon.max_redemptions,
    Coupon.redeemed,
    Coupon.valid_until,
)


def coupons(session: Session) -> tuple[CouponView, ...]:
    """Return all coupons by code."""
    return _views(session, select(*_COLUMNS).order_by(Coupon.code))


def get_coupon(session: Session, code: str) -> CouponView:
    """Return a coupon.

    Raises:
        NotFound: there is none of that code (`not_found`).
    """
    found = _views(session, select(*_COLUMNS).where(Coupon.code == code))
    if not found:
        raise NotFound("coupon", code)
    return found[0]


def usable_coupon(session: Session, code: str, plan_key: str, now: datetime) -> Discount:
    """Return what a coupon brings to a contract on that plan.

    Raises:
        NotFound: there is none of that code (`not_found`).
        CouponNotUsable: expired, used up or for other plans (`coupon_not_usable`).
    """
    found = get_coupon(session, code)
    if found.valid_until is not None and found.valid_until <= now:
        raise CouponNotUsable(code, "expired")
    if found.max_redemptions is not None and found.redeemed >= found.max_redemptions:
        raise CouponNotUsable(code, "used_up")
    if found.plan_keys and plan_key not in found.plan_keys:
        raise CouponNotUsable(code, "other_plan")
    return found.discount


def _views(session: Session, query: Select[*tuple[Any, ...]]) -> tuple[CouponView, ...]:
    return tuple(
        CouponView(
            row.code,
            msgspec.convert(row.discount, Discount),
            tuple(row.plan_keys),
            row.max_redemptions,
            row.redeemed,
            row.valid_until,
        )
        for row in session.execute(query)
    )
