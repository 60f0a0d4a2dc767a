"""Tell others that a pool denied: one event a pool and quarter of an hour, however many were not let in."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.ids import new_id
from core.outbox import put
from core.periods import Period
from plans.licensing.reads import SOON, denial_lines, find_pool, untold_windows
from plans.licensing.store import claim_told
from tenants.reads import TenantView
from tenants.told import DENIED

__all__ = ("LOOK_BACK", "WINDOW", "tell_denials")

WINDOW = timedelta(minutes=15)
"""What one event is about."""
LOOK_BACK = timedelta(days=1)
"""What is older when it is found was told late enough to help nobody."""


def tell_denials(session: Session, tenant: TenantView, now: datetime) -> int:
    """Put an event for each window that has denials and is over so long that it is known which were true.

    Args:
        session: scoped to the tenant.
        tenant: whose pools.
        now: the tenant's time.

    Returns:
        How many; the same again is none.
    """
    until = now - SOON
    until -= (until - datetime.fromtimestamp(0, now.tzinfo)) % WINDOW
    told = 0
    for pool, starts_at in untold_windows(session, tenant.id, until - LOOK_BACK, until, WINDOW):
        view = find_pool(session, tenant.id, pool)
        if view is None or not claim_told(session, tenant.id, pool, starts_at, new_id()):
            continue
        found = denial_lines(session, tenant.id, pool, Period(starts_at, starts_at + WINDOW), now)
        reasons: Counter[str] = Counter()
        for one in found:
            reasons[one.reason.value] += one.denials
        detail = {
            "from": starts_at.isoformat(), "to": (starts_at + WINDOW).isoformat(),
            "denials": sum(one.denials for one in found), "true_denials": sum(one.true for one in found),
            "seats": view.rules.seats, "reasons": dict(sorted(reasons.items())),
        }  # fmt: skip
        put(session, tenant.id, DENIED, {"object": {"type": "pool", "id": pool}, "detail": detail}, now)
        told += 1
    return told
