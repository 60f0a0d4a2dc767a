"""Coupons, and whether one can be used."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.orm import Session

from core.errors import NotFound
from plans.errors import CouponNotUsable
from plans.models import Coupon, SubscriptionDiscount
from plans.terms import Discount

__all__ = (
    "CODE",
    "CouponView",
    "RedemptionView",
    "coupons",
    "get_coupon",
    "redemptions",
    "refuse_used",
    "usable_coupon",
)

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


@dataclass(frozen=True, slots=True)
class RedemptionView:
    """A coupon redeemed by a customer, for one contract."""

    tenant_id: UUID
    subscription_id: UUID
    created_at: datetime
    starts_at: datetime
    """From when its discount counts."""


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


def redemptions(session: Session, code: str, after: UUID | None, limit: int) -> tuple[RedemptionView, ...]:
    """Return who redeemed a coupon, newest first.

    Args:
        session: steward's: it sees all customers.
        code: of which coupon.
        after: the customer after whom the list goes on; None: from the first.
        limit: so many at most.
    """
    used = SubscriptionDiscount
    query = select(used.tenant_id, used.subscription_id, used.created_at, used.starts_at).where(
        used.coupon_code == code
    )
    if after is not None:
        last = select(used.created_at).where(used.coupon_code == code, used.tenant_id == after).scalar_subquery()
        query = query.where(tuple_(used.created_at, used.tenant_id) < tuple_(last, literal(after)))
    rows = session.execute(query.order_by(used.created_at.desc(), used.tenant_id.desc()).limit(limit))
    return tuple(RedemptionView(*row) for row in rows)


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


def refuse_used(session: Session, tenant_id: UUID, code: str, at: str) -> None:
    """Refuse a coupon that a customer redeemed before, for whichever contract.

    Args:
        session: scoped to the tenant.
        tenant_id: the customer.
        code: of which coupon.
        at: pointer to where it was named.

    Raises:
        CouponNotUsable: it is one coupon a customer (`coupon_not_usable`).
    """
    used = SubscriptionDiscount
    query = select(used.coupon_code).where(used.tenant_id == tenant_id, used.coupon_code == code)
    if session.execute(query).first() is not None:
        raise CouponNotUsable(code, "used_before", at)


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
