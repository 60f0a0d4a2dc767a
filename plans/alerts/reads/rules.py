"""Selects about rules and what fired."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Date, case, cast, func, select
from sqlalchemy.orm import Session

from plans.alerts.errors import AlertUnknown
from plans.alerts.models import AlertFiring, AlertRuleRow
from plans.alerts.rules import AlertRule, Fired, Subject

__all__ = (
    "AlertView",
    "FiringView",
    "alerts",
    "firings",
    "get_alert",
    "last_fired",
    "tenants_with_due_alerts",
    "told_and_not_rearmed",
)


@dataclass(frozen=True, slots=True)
class AlertView:
    """A rule, who is told, and what the last look found."""

    id: UUID
    rule: AlertRule
    recipients: tuple[str, ...]
    language: str
    created_at: datetime
    stopped_at: datetime | None
    looked_at: datetime | None
    value: Decimal | None
    limit: Decimal | None
    forecast: Decimal | None
    error: str


@dataclass(frozen=True, slots=True)
class FiringView:
    """A rule fired: what it watched then, what the figure was, and from where on it was told."""

    id: UUID
    rule_id: UUID
    name: str
    subject: Subject
    key: str
    cost_centre: str | None
    currency: str | None
    """Of money, where it was not the customer's own."""
    starts_on: date
    ends_on: date
    """The first day after the period."""
    round: int
    fired_at: datetime
    value: Decimal
    level: Decimal
    forecast: Decimal | None
    rearmed_at: datetime | None


def _alert(row: AlertRuleRow) -> AlertView:
    rule = AlertRule(
        row.name, row.subject, row.key, row.when_kind, _plain(row.value), _plain_or_none(row.limit_value),  # type: ignore[arg-type]
        row.cost_centre, row.hysteresis_percent, row.per if row.subject != "spend" else "contract",  # type: ignore[arg-type]
        row.currency,
    )  # fmt: skip
    return AlertView(
        row.id, rule, tuple(row.recipients), row.language, row.created_at, row.stopped_at, row.looked_at,
        _plain_or_none(row.last_value), _plain_or_none(row.last_limit), _plain_or_none(row.last_forecast), row.error,
    )  # fmt: skip


def _plain(figure: Decimal) -> Decimal:
    """Return a figure without the noughts that its column adds."""
    return Decimal(f"{figure.normalize():f}")


def _plain_or_none(figure: Decimal | None) -> Decimal | None:
    return None if figure is None else _plain(figure)


def alerts(session: Session, tenant_id: UUID) -> tuple[AlertView, ...]:
    """Return a customer's rules by name; there are few."""
    query = select(AlertRuleRow).where(AlertRuleRow.tenant_id == tenant_id)
    rows = session.execute(query.execution_options(populate_existing=True)).scalars()
    return tuple(sorted(map(_alert, rows), key=lambda one: (one.rule.name.casefold(), one.id)))


def get_alert(session: Session, tenant_id: UUID, rule_id: UUID) -> AlertView:
    """Return one rule.

    Raises:
        AlertUnknown: there is none of that id (`alert_unknown`).
    """
    row = session.get(AlertRuleRow, (tenant_id, rule_id), populate_existing=True)
    if row is None:
        raise AlertUnknown(rule_id)
    return _alert(row)


_SUBJECT = func.coalesce(AlertFiring.subject, AlertRuleRow.subject)
"""What it watched when it fired; of firings from before that was kept, what it watches now."""
_ENDS_ON = func.coalesce(AlertFiring.ends_on, cast(AlertFiring.starts_on + func.make_interval(0, 1), Date))


def _firings(tenant_id: UUID) -> Any:
    kept = AlertFiring.subject.is_not(None)
    watched = [
        case((kept, getattr(AlertFiring, name)), else_=getattr(AlertRuleRow, name)).label(name)
        for name in ("key", "cost_centre", "currency")
    ]
    return (
        select(
            AlertFiring.id, AlertFiring.rule_id, AlertRuleRow.name, _SUBJECT.label("subject"), *watched,
            AlertFiring.starts_on, _ENDS_ON.label("ends_on"), AlertFiring.round, AlertFiring.fired_at,
            AlertFiring.value, AlertFiring.level, AlertFiring.forecast, AlertFiring.rearmed_at,
        )
        .join(
            AlertRuleRow,
            (AlertRuleRow.tenant_id == AlertFiring.tenant_id) & (AlertRuleRow.id == AlertFiring.rule_id),
        )
        .where(AlertFiring.tenant_id == tenant_id)
    )  # fmt: skip


def firings(
    session: Session,
    tenant_id: UUID,
    *,
    rule_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
    spend: bool = True,
) -> tuple[FiringView, ...]:
    """Return what fired, newest first, after a cursor; without `spend` none of the running bill."""
    query = _firings(tenant_id).order_by(AlertFiring.id.desc()).limit(limit)
    if not spend:
        query = query.where(_SUBJECT != "spend")
    if rule_id is not None:
        query = query.where(AlertFiring.rule_id == rule_id)
    if before is not None:
        query = query.where(AlertFiring.id < before)
    return tuple(map(_firing, session.execute(query)))


def _firing(row: Any) -> FiringView:
    figures = (_plain(row.value), _plain(row.level), _plain_or_none(row.forecast))
    what = (row.id, row.rule_id, row.name, row.subject, row.key, row.cost_centre, row.currency)
    return FiringView(*what, row.starts_on, row.ends_on, row.round, row.fired_at, *figures, row.rearmed_at)


def last_fired(session: Session, tenant_id: UUID, rule_id: UUID, starts_on: date) -> Fired | None:
    """Return the last firing of a rule in the period that begins on that day."""
    query = (
        select(AlertFiring.round, AlertFiring.level, AlertFiring.rearmed_at)
        .where(AlertFiring.tenant_id == tenant_id, AlertFiring.rule_id == rule_id, AlertFiring.starts_on == starts_on)
        .order_by(AlertFiring.round.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else Fired(row.round, Fraction(row.level), row.rearmed_at is not None)


def told_and_not_rearmed(session: Session, tenant_id: UUID, today: date) -> frozenset[UUID]:
    """Return the rules that have fired in a period that holds the day, and are not armed again."""
    query = select(AlertFiring.rule_id).where(
        AlertFiring.tenant_id == tenant_id, AlertFiring.starts_on <= today, today < _ENDS_ON,
        AlertFiring.rearmed_at.is_(None),
    )  # fmt: skip
    return frozenset(session.execute(query).scalars())


def tenants_with_due_alerts(session: Session, now: datetime) -> tuple[UUID, ...]:
    """Return the customers with a rule that is due; a steward's transaction."""
    query = select(AlertRuleRow.tenant_id).where(AlertRuleRow.stopped_at.is_(None), AlertRuleRow.due_at <= now)
    return tuple(session.execute(query.distinct()).scalars())
