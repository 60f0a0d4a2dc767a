"""Looking: time drives it, by rules that are due. A lost message delays a look, two workers share them."""

import time
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.clock import utc_now
from core.db import Database, database
from core.errors import Refused
from core.scope import GlobalScope, StewardScope, TenantScope
from plans.alerts.actions.judge import judge
from plans.alerts.actions.note_failure import note_failure
from plans.alerts.actions.take_due import take_due
from plans.alerts.reads import AlertView, Looking, tenants_with_due_alerts
from plans.alerts.rules import Look
from tenants.reads import TenantView, get_tenant, tenant_now

__all__ = ("watch",)

INTERVALS = {
    "seat_pool": timedelta(minutes=5), "floating_pool": timedelta(minutes=1),
    "denials": timedelta(minutes=5), "meter": timedelta(minutes=15),
    "spend": timedelta(hours=1),
}  # fmt: skip
"""How long after a look the next one comes, at the earliest."""
SHARE = 20
"""A look is not repeated before so many times as long as it took: of a worker's time, alerts take a twentieth."""
AT_ONCE = 20
CLAIM = timedelta(minutes=15)
_BUDGET_S = 20
_log = structlog.get_logger("tollbook.alerts")


class _Broken(Exception):
    """A look failed for no reason that a rule could be told."""


def watch(db: Database | None = None, tenants: Collection[UUID] | None = None) -> int:
    """Look at the rules that are due, and return how many fired.

    Args:
        db: the process's by default.
        tenants: whose rules; None for all.
    """
    db, until, fired = db or database(), time.monotonic() + _BUDGET_S, 0
    with db.begin(StewardScope()) as session:
        due = [one for one in tenants_with_due_alerts(session, utc_now()) if tenants is None or one in tenants]
    for tenant_id in due:
        if time.monotonic() >= until:
            break
        with db.begin(GlobalScope()) as session:
            tenant = get_tenant(session, tenant_id)
        with db.begin(TenantScope(tenant_id)) as session:
            taken = take_due(session, tenant_id, utc_now(), utc_now() + CLAIM, AT_ONCE)
        left = deque(taken)
        while left:
            fired += _look_at(db, tenant, left)
    return fired


def _look_at(db: Database, tenant: TenantView, left: deque[AlertView]) -> int:
    """Look at rules in turn, and take them out; what several of them are about is read once.

    Who fails for no good reason may leave a transaction that is none any more: the others begin another.
    """
    fired = 0
    # Figures may be kept while they are read, so that looking is a transaction, and each judging one of its own.
    with suppress(_Broken), db.begin(TenantScope(tenant.id)) as session:
        now = tenant_now(session, tenant)
        looking = Looking(session, tenant, now)
        while left:
            alert, began = left.popleft(), time.monotonic()
            try:
                look: Look | Refused = looking.look(alert.rule)
            except Refused as refusal:
                look = refusal
            except Exception as error:
                _log.error("alert_not_looked_at", alert=str(alert.id), exc_info=error)
                raise _Broken from error
            took = timedelta(seconds=time.monotonic() - began)
            again = utc_now() + max(INTERVALS[alert.rule.subject], SHARE * took)
            fired += _judged(db, tenant, alert, look, (now, again))
    return fired


def _judged(
    db: Database, tenant: TenantView, alert: AlertView, look: Look | Refused, at: tuple[datetime, datetime]
) -> bool:
    """Write down what a look found, or why it found nothing; return whether the rule fired."""
    try:
        with db.begin(TenantScope(tenant.id)) as session:
            if isinstance(look, Look):
                return judge(session, tenant, alert, look, at)
            note_failure(session, tenant.id, alert, look.detail, at[1])
    except Exception as error:  # noqa: BLE001 - one rule keeps no other waiting; its turn comes again
        _log.error("alert_not_judged", alert=str(alert.id), exc_info=error)
    return False
