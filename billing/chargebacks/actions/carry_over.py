"""Carry what a residual rule kept back into a cost pool of the next month."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.allocation import VARIANCE, Allocation, Leaf
from billing.chargebacks.months import next_month
from billing.chargebacks.reads import PoolLineView, RunView, period_state
from billing.chargebacks.store import insert_pool
from core.ids import new_id

__all__ = ("Posting", "carry_over")


@dataclass(frozen=True, slots=True)
class Posting:
    """A run that is being posted: by whom, when, and what it comes to."""

    run: RunView
    allocation: Allocation
    lines: tuple[PoolLineView, ...]
    actor: str
    now: datetime


def carry_over(session: Session, tenant_id: UUID, posting: Posting) -> None:
    """Make one pool per currency of the leaves that `residual` rules of mode `carry` booked to `~variance`.

    The journal takes them out of the variance again when that pool is posted, so that nothing is
    recovered twice. They keep their own period, and so its drivers.
    """
    month = next_month(posting.run.period)
    while period_state(session, tenant_id, month) == "closed":
        month = next_month(month)
    lines = {line.key: line for line in posting.lines}
    carried = [leaf for leaf in posting.allocation.leaves if leaf.account == VARIANCE and leaf.gross_minor]
    for currency in sorted({leaf.line.currency for leaf in carried}):
        mine = [(leaf, lines[leaf.line.key]) for leaf in carried if leaf.line.currency == currency]
        pool = _pool(tenant_id, posting, month, tuple(leaf for leaf, _ in mine))
        rows = [_line(pool, position, leaf, line) for position, (leaf, line) in enumerate(mine, start=1)]
        insert_pool(session, pool, rows)


def _pool(tenant_id: UUID, posting: Posting, month: str, leaves: tuple[Leaf, ...]) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "id": new_id(),
        "kind": "carried",
        "period": month,
        "name": f"carried from {posting.run.period}",
        "currency": leaves[0].line.currency,
        "net_minor": sum(leaf.net_minor for leaf in leaves),
        "tax_minor": sum(leaf.tax_minor for leaf in leaves),
        "gross_minor": sum(leaf.gross_minor for leaf in leaves),
        "origin_run_id": posting.run.id,
        "created_by": posting.actor,
        "created_at": posting.now,
    }


def _line(pool: dict[str, Any], position: int, leaf: Leaf, line: PoolLineView) -> dict[str, Any]:
    return {
        "tenant_id": pool["tenant_id"],
        "pool_id": pool["id"],
        "position": position,
        "kind": "carried",
        "charge_key": line.charge_key,
        "description": line.description,
        "meter": line.meter,
        "consumer_tenant_id": line.consumer_tenant_id,
        "consumer": line.consumer,
        "period_starts_at": line.period.starts_at,
        "period_ends_at": line.period.ends_at,
        "quantity": line.quantity,
        "unit": line.unit,
        "currency": pool["currency"],
        "net_minor": leaf.net_minor,
        "tax_minor": leaf.tax_minor,
        "net_before_minor": 0,
        "tax_before_minor": 0,
        "counted": [[code, str(share)] for code, share in line.counted],
    }
