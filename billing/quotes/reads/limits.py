"""What sellers may grant; the vendor's own rows."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.quotes.models import SellerLimit
from core.scope import VENDOR_ID

__all__ = ("EVERYBODY", "NO_LIMIT", "LimitView", "limit_of", "limits")


@dataclass(frozen=True, slots=True)
class LimitView:
    """What a seller may give away alone, and the floors under which nobody sells: of list price, and after costs."""

    seller: str
    discount_percent: Decimal
    floor_percent: Decimal
    margin_floor_percent: Decimal | None = None
    """What must be left of the price after its costs, in per cent of it; None: costs decide nothing."""


EVERYBODY = "*"
"""Who is not named."""
NO_LIMIT = LimitView(EVERYBODY, Decimal(0), Decimal(0))
"""Where nothing is set: nothing is given away without approval, and there is no floor."""


def limits(session: Session) -> tuple[LimitView, ...]:
    """Return all limits; a steward's read."""
    query = select(
        SellerLimit.seller, SellerLimit.discount_percent, SellerLimit.floor_percent, SellerLimit.margin_floor_percent
    )
    rows = session.execute(query.where(SellerLimit.tenant_id == VENDOR_ID).order_by(SellerLimit.seller))
    return tuple(LimitView(*row) for row in rows)


def limit_of(session: Session, seller: str) -> LimitView:
    """Return what a seller may grant: their own limit, else everybody's; a steward's read."""
    known = {limit.seller: limit for limit in limits(session)}
    return known.get(seller) or known.get(EVERYBODY) or NO_LIMIT
