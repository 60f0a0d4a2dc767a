"""Writes and locks of chargeback. Lock order: period, run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from billing.chargebacks.models import (
    ChargebackPeriod,
    ChargebackPosting,
    ChargebackRuleSet,
    ChargebackRun,
    CostPool,
    PoolLine,
)
from core.models import Base

__all__ = (
    "add_all",
    "claim_lines",
    "insert_pool",
    "last_version",
    "lock_period",
    "lock_run",
    "next_posting_number",
    "set_period",
    "step_run",
)

_RULES_LOCK = 5


def add_all(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows of one table; nothing for none."""
    if rows:
        session.execute(insert(model), rows)


def insert_pool(session: Session, pool: dict[str, Any], lines: Sequence[dict[str, Any]]) -> bool:
    """Insert a pool with its lines; False, and nothing done, where its invoice has one already."""
    made = session.execute(
        upsert(CostPool)
        .values(pool)
        .on_conflict_do_nothing(index_elements=["tenant_id", "invoice_id"])
        .returning(CostPool.id)
    ).scalar_one_or_none()
    if made is None:
        return False
    add_all(session, PoolLine, lines)
    return True


def last_version(session: Session, tenant_id: UUID) -> int:
    """Return the newest version of the tenant's rules (0: none), and keep others from adding one meanwhile."""
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, :kind))"),
        {"key": str(tenant_id), "kind": _RULES_LOCK},
    )
    return session.execute(
        select(func.coalesce(func.max(ChargebackRuleSet.version), 0)).where(ChargebackRuleSet.tenant_id == tenant_id)
    ).scalar_one()


def lock_period(session: Session, tenant_id: UUID, period: str, now: datetime) -> str:
    """Lock the month until the transaction ends and return its state."""
    session.execute(
        upsert(ChargebackPeriod)
        .values(tenant_id=tenant_id, period=period, status="open", changed_by="", changed_at=now)
        .on_conflict_do_nothing()
    )
    return session.execute(
        select(ChargebackPeriod.status)
        .where(ChargebackPeriod.tenant_id == tenant_id, ChargebackPeriod.period == period)
        .with_for_update()
    ).scalar_one()


def set_period(session: Session, tenant_id: UUID, period: str, values: dict[str, Any]) -> None:
    """Change the state of a month that is locked."""
    session.execute(
        update(ChargebackPeriod)
        .where(ChargebackPeriod.tenant_id == tenant_id, ChargebackPeriod.period == period)
        .values(values)
    )


def lock_run(session: Session, tenant_id: UUID, run_id: UUID) -> tuple[str, UUID] | None:
    """Lock a run until the transaction ends and return its status and maker; None where there is none."""
    row = session.execute(
        select(ChargebackRun.status, ChargebackRun.maker)
        .where(ChargebackRun.tenant_id == tenant_id, ChargebackRun.id == run_id)
        .with_for_update()
    ).one_or_none()
    return (row[0], row[1]) if row else None


def step_run(session: Session, tenant_id: UUID, run_id: UUID, values: dict[str, Any]) -> None:
    """Change the state of a run that is locked."""
    session.execute(
        update(ChargebackRun).where(ChargebackRun.tenant_id == tenant_id, ChargebackRun.id == run_id).values(values)
    )


def claim_lines(session: Session, tenant_id: UUID, run_id: UUID, lines: Sequence[tuple[UUID, int]]) -> int:
    """Take pool lines for a posted run; return how many another run has taken before."""
    rows = [
        {"tenant_id": tenant_id, "pool_id": pool_id, "position": position, "run_id": run_id}
        for pool_id, position in lines
    ]
    taken = session.execute(
        upsert(ChargebackPosting).on_conflict_do_nothing().returning(ChargebackPosting.position), rows
    )
    return len(rows) - len(taken.all())


def next_posting_number(session: Session, tenant_id: UUID, period: str) -> int:
    """Return the number of the next posting in a month that is locked."""
    last = session.execute(
        select(func.max(ChargebackRun.posting_number)).where(
            ChargebackRun.tenant_id == tenant_id, ChargebackRun.period == period
        )
    ).scalar_one()
    return (last or 0) + 1
