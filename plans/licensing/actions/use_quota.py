"""Use up some of a feature's limit; whoever races, the limit is never passed."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from plans.changes import running_span
from plans.entitlements import decide_entitlement, granting
from plans.licensing.errors import NotEntitled, QuotaKeyTaken, QuotaMeasured, QuotaUsedUp
from plans.licensing.quotas import UNLIMITED, Quota, fits
from plans.licensing.store import add_quota_claim, claimed_quantity, locked_quota, put_quota
from plans.reads import periods, subscriptions
from tenants.reads import TenantView

__all__ = ("QuotaWish", "use_quota")


@dataclass(frozen=True, slots=True)
class QuotaWish:
    """So much of a feature, once for the client's key."""

    feature: str
    quantity: int
    client_key: str


def use_quota(session: Session, tenant: TenantView, wish: QuotaWish, now: datetime) -> Quota:
    """Use up a quantity of a feature's limit in the running billing period of the contract that grants it.

    The same client key again uses nothing more.

    Args:
        session: scoped to the tenant; it holds the counter's row until it ends.
        tenant: whose.
        wish: what.
        now: the tenant's time.

    Returns:
        The quota as it is after that.

    Raises:
        NotEntitled: it is not granted (`not_entitled`).
        QuotaMeasured: facts use it up (`quota_measured`).
        QuotaUsedUp: so much does not fit (`limit_reached`).
        QuotaKeyTaken: the key was used for another quantity (`quota_key_taken`).
    """
    contracts = subscriptions(session, tenant.id, now)
    found = decide_entitlement(wish.feature, tenant.status, contracts)
    if not found.granted or found.detail is None:
        raise NotEntitled(wish.feature, found.reason.value if found.reason else "not_in_plan")
    if found.detail.meter is not None:
        raise QuotaMeasured(wish.feature, found.detail.meter)
    view = granting(found, contracts)
    running = running_span(view, [period.span for period in periods(session, tenant.id, view.id)], now).full
    place = (tenant.id, wish.feature, running.starts_at)
    used = locked_quota(session, place, running.ends_at, found.detail.limit or 0)
    quota = Quota(wish.feature, used, found.detail.limit, running.starts_at, running.ends_at)
    before = claimed_quantity(session, tenant.id, wish.feature, wish.client_key)
    if before is not None:
        if before != wish.quantity:
            raise QuotaKeyTaken(wish.client_key, before)
        return quota
    if not fits(quota, wish.quantity):
        raise QuotaUsedUp(quota, wish.quantity)
    put_quota(session, place, used + wish.quantity, UNLIMITED if quota.limit is None else quota.limit)
    add_quota_claim(session, (tenant.id, wish.feature, wish.client_key), wish.quantity, now)
    return replace(quota, used=used + wish.quantity)
