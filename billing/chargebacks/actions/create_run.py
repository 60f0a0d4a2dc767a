"""Make a run: a preview, kept with everything that it follows from."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.chargebacks.actions.pool_the_month import pool_the_month
from billing.chargebacks.actions.preview_run import preview_run
from billing.chargebacks.errors import NoRules, PeriodNotOpen
from billing.chargebacks.models import ChargebackRun
from billing.chargebacks.months import month_span
from billing.chargebacks.reads import Preview, RunView, current_rules, get_run, period_state
from billing.chargebacks.snapshots import inputs_snapshot, results_snapshot
from billing.chargebacks.store import add_all
from core.ids import new_id
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("create_run",)


def create_run(session: Session, tenant: TenantView, period: str, maker: UUID, now: datetime) -> RunView:
    """Make a draft run of a month by the current rules, for somebody else to approve.

    Where the month has no pool to divide, its issued documents are taken into pools first.

    Args:
        session: scoped to the tenant.
        tenant: whose pools.
        period: the month, as 2026-10.
        maker: the user who makes it and so may not approve it.
        now: the tenant's time.

    Raises:
        PeriodNotOpen: the month takes no new runs (`period_not_open`).
        NoRules: the tenant has no rules yet (`no_rules`).
        Refused: as `preview_run` says.
    """
    month = month_span(period, tenant.tz)
    state = period_state(session, tenant.id, period)
    if state != "open":
        raise PeriodNotOpen(period, state)
    rules = current_rules(session, tenant.id)
    if rules is None:
        raise NoRules
    pool_the_month(session, tenant, period, f"user:{maker}", now)
    preview = preview_run(session, tenant, period, [rule.document for rule in rules.rules])
    lines = [(line.pool_id, line.position) for line in preview.lines]
    kept = inputs_snapshot(preview.inputs, lines, (month.starts_at, month.ends_at))
    row = {
        "tenant_id": tenant.id,
        "id": new_id(),
        "period": period,
        "status": "draft",
        "rule_set_id": rules.id,
        "maker": maker,
        "created_at": now,
        "inputs": msgspec.to_builtins(kept),
        **_outcome(preview),
    }
    add_all(session, ChargebackRun, [row])
    target = ("chargeback_run", str(row["id"]))
    record_audit(session, tenant.id, f"user:{maker}", "create_chargeback_run", target, {"period": period})
    return get_run(session, tenant.id, row["id"])


def _outcome(preview: Preview) -> dict[str, Any]:
    results = results_snapshot(preview.allocation, frozenset(preview.unknown_centres))
    return {"rules": msgspec.to_builtins(preview.rules), "results": msgspec.to_builtins(results)}
