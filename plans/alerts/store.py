"""Writes and locks about alerts."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from plans.alerts.models import AlertFiring, AlertRuleRow

__all__ = (
    "add_firing",
    "add_rule",
    "claim_rules",
    "delete_rule",
    "hold_number",
    "hold_rule",
    "rearm_rule",
    "set_rearmed",
    "set_rule",
)

_LOCK = 32


def hold_number(session: Session, tenant_id: UUID) -> None:
    """Let nobody else add a rule of this customer until the transaction ends, so that a count stays true."""
    session.execute(
        text("select pg_advisory_xact_lock(:lock, hashtext(:name))"), {"lock": _LOCK, "name": str(tenant_id)}
    )


def add_rule(session: Session, row: Mapping[str, Any]) -> None:
    """Insert a rule."""
    session.execute(insert(AlertRuleRow).values(**row))


def set_rule(session: Session, tenant_id: UUID, rule_id: UUID, **values: Any) -> None:
    """Change a rule."""
    session.execute(
        update(AlertRuleRow).where(AlertRuleRow.tenant_id == tenant_id, AlertRuleRow.id == rule_id).values(values)
    )


def delete_rule(session: Session, tenant_id: UUID, rule_id: UUID) -> None:
    """Delete a rule with its history."""
    session.execute(delete(AlertRuleRow).where(AlertRuleRow.tenant_id == tenant_id, AlertRuleRow.id == rule_id))


def hold_rule(session: Session, tenant_id: UUID, rule_id: UUID) -> bool:
    """Hold a rule until the transaction ends; return whether it is there and watches."""
    query = select(AlertRuleRow.id).where(
        AlertRuleRow.tenant_id == tenant_id, AlertRuleRow.id == rule_id, AlertRuleRow.stopped_at.is_(None)
    )
    return session.execute(query.with_for_update()).first() is not None


def claim_rules(session: Session, tenant_id: UUID, now: datetime, until: datetime, limit: int) -> list[UUID]:
    """Take rules that are due and that nobody else has; they are due again at `until`, whoever dies over them."""
    query = (
        select(AlertRuleRow.id)
        .where(AlertRuleRow.tenant_id == tenant_id, AlertRuleRow.stopped_at.is_(None), AlertRuleRow.due_at <= now)
        .order_by(AlertRuleRow.due_at, AlertRuleRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(session.execute(query).scalars())
    session.execute(
        update(AlertRuleRow).where(AlertRuleRow.tenant_id == tenant_id, AlertRuleRow.id.in_(taken)).values(due_at=until)
    )
    return taken


def add_firing(session: Session, row: Mapping[str, Any]) -> bool:
    """Write down that a rule fired; return False where that round has fired already."""
    made = insert(AlertFiring).values(**row).on_conflict_do_nothing().returning(AlertFiring.rule_id)
    return session.execute(made).first() is not None


def set_rearmed(session: Session, tenant_id: UUID, rule_id: UUID, place: tuple[date, int], at: datetime) -> None:
    """Write down that a rule may fire again after the firing of that month and round."""
    session.execute(
        update(AlertFiring)
        .where(
            AlertFiring.tenant_id == tenant_id, AlertFiring.rule_id == rule_id, AlertFiring.starts_on == place[0],
            AlertFiring.round == place[1],
        )
        .values(rearmed_at=at)
    )  # fmt: skip


def rearm_rule(session: Session, tenant_id: UUID, rule_id: UUID, at: datetime) -> None:
    """Write down that a rule may fire again after whatever it has fired."""
    session.execute(
        update(AlertFiring)
        .where(
            AlertFiring.tenant_id == tenant_id, AlertFiring.rule_id == rule_id, AlertFiring.rearmed_at.is_(None)
        )
        .values(rearmed_at=at)
    )  # fmt: skip
