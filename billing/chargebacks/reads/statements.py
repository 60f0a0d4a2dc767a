"""Posted statements, and what explains each of their lines."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.chargebacks.allocation import SUSPENSE_RULE, RuleDocument, Sentence, sentence
from billing.chargebacks.models import ChargebackRun, Statement, StatementLine
from billing.chargebacks.reads.pools import lines_by_id
from billing.chargebacks.snapshots import rules_of
from billing.chargebacks.views import PartView, StatementLineView, StatementSummary, StatementView, Sums
from core.errors import NotFound
from core.money import Money

__all__ = ("explain_statement", "statements")

_STATEMENT = (
    Statement.id,
    Statement.run_id,
    Statement.period,
    Statement.cost_centre,
    Statement.currency,
    Statement.net_minor,
    Statement.tax_minor,
)


def statements(
    session: Session,
    tenant_id: UUID,
    *,
    period: str | None = None,
    cost_centre: str | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> tuple[StatementSummary, ...]:
    """Return posted statements in the order they were posted, narrowed by month and centre, after a cursor."""
    query = select(*_STATEMENT).where(Statement.tenant_id == tenant_id).order_by(Statement.id).limit(limit)
    if period is not None:
        query = query.where(Statement.period == period)
    if cost_centre is not None:
        query = query.where(Statement.cost_centre == cost_centre)
    if after is not None:
        query = query.where(Statement.id > after)
    return tuple(
        StatementSummary(row.cost_centre, _sums(row, row.currency), row.id, row.run_id, row.period)
        for row in session.execute(query)
    )


def explain_statement(
    session: Session, tenant_id: UUID, statement_id: UUID, cost_centre: str | None = None
) -> StatementView:
    """Return a statement down to the rules, shares and drivers of each line.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        statement_id: which.
        cost_centre: the only centre whose statements the reader may see; None for all.

    Raises:
        NotFound: there is none, or it is another centre's (`not_found`).
    """
    row = session.execute(
        select(*_STATEMENT).where(Statement.tenant_id == tenant_id, Statement.id == statement_id)
    ).one_or_none()
    if row is None or cost_centre not in (None, row.cost_centre):
        raise NotFound("statement", statement_id)
    return StatementView(
        id=row.id,
        run_id=row.run_id,
        period=row.period,
        cost_centre=row.cost_centre,
        sums=_sums(row, row.currency),
        lines=_lines(session, tenant_id, row.id, row.currency),
        rules=_sentences(session, tenant_id, row.run_id),
    )


def _lines(session: Session, tenant_id: UUID, statement_id: UUID, currency: str) -> tuple[StatementLineView, ...]:
    rows = session.execute(
        select(
            StatementLine.pool_id,
            StatementLine.position,
            StatementLine.net_minor,
            StatementLine.tax_minor,
            StatementLine.explanation,
        )
        .where(StatementLine.tenant_id == tenant_id, StatementLine.statement_id == statement_id)
        .order_by(StatementLine.pool_id, StatementLine.position)
    ).all()
    lines = lines_by_id(session, tenant_id, [(row.pool_id, row.position) for row in rows])
    return tuple(
        StatementLineView(line, _sums(row, currency), tuple(PartView(**part) for part in row.explanation))
        for row, line in zip(rows, lines, strict=True)
    )


def _sentences(session: Session, tenant_id: UUID, run_id: UUID) -> dict[str, tuple[Sentence, ...]]:
    documents = session.execute(
        select(ChargebackRun.rules).where(ChargebackRun.tenant_id == tenant_id, ChargebackRun.id == run_id)
    ).scalar_one()
    keys = [document.key for document in msgspec.convert(documents, list[RuleDocument])]
    said = {key: sentence(rule) for key, rule in zip(keys, rules_of(documents), strict=True)}
    return {**said, SUSPENSE_RULE.key: sentence(SUSPENSE_RULE)}


def _sums(row: Any, currency: str) -> Sums:
    return Sums(Money(row.net_minor, currency), Money(row.tax_minor, currency))
