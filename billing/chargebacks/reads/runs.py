"""Runs, and their results reckoned again from what was kept."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billing.chargebacks.allocation import Allocation, Inputs, RuleDocument, allocate
from billing.chargebacks.models import ChargebackRun, Statement
from billing.chargebacks.reads.drivers import own_drivers, to_lines
from billing.chargebacks.reads.pools import lines_by_id
from billing.chargebacks.snapshots import InputsSnapshot, ResultsSnapshot, measured_inputs, rules_of
from billing.chargebacks.views import PoolLineView, RunView, StatementSummary, Sums
from core.errors import NotFound
from core.lists import any_of
from core.money import Money
from core.periods import Period

__all__ = ("allocation_of", "get_run", "run_lines", "runs", "stored_hash")

_RUN = (
    ChargebackRun.id,
    ChargebackRun.period,
    ChargebackRun.status,
    ChargebackRun.rule_set_id,
    ChargebackRun.maker,
    ChargebackRun.approver,
    ChargebackRun.created_at,
    ChargebackRun.approved_at,
    ChargebackRun.posted_at,
    ChargebackRun.withdrawn_at,
    ChargebackRun.reason,
    ChargebackRun.posting_number,
    ChargebackRun.rules,
    ChargebackRun.inputs["lines"].label("lines"),
    ChargebackRun.results,
)


def runs(
    session: Session, tenant_id: UUID, *, period: str | None = None, before: UUID | None = None, limit: int = 50
) -> tuple[RunView, ...]:
    """Return runs, newest first, of one month or of all, before a cursor."""
    query = select(*_RUN).where(ChargebackRun.tenant_id == tenant_id).order_by(ChargebackRun.id.desc()).limit(limit)
    if period is not None:
        query = query.where(ChargebackRun.period == period)
    if before is not None:
        query = query.where(ChargebackRun.id < before)
    return _views(session, tenant_id, query)


def get_run(session: Session, tenant_id: UUID, run_id: UUID) -> RunView:
    """Return one run.

    Raises:
        NotFound: there is none (`not_found`).
    """
    query = select(*_RUN).where(ChargebackRun.tenant_id == tenant_id, ChargebackRun.id == run_id)
    found = _views(session, tenant_id, query)
    if not found:
        raise NotFound("chargeback run", run_id)
    return found[0]


def run_lines(session: Session, tenant_id: UUID, run_id: UUID) -> tuple[PoolLineView, ...]:
    """Return the pool lines of a run."""
    return lines_by_id(session, tenant_id, _inputs(session, tenant_id, run_id)[1].lines)


def allocation_of(session: Session, tenant_id: UUID, run_id: UUID) -> Allocation:
    """Reckon a run's allocation again from its rules, lines and drivers as they were kept."""
    documents, kept = _inputs(session, tenant_id, run_id)
    month = Period(kept.starts_at, kept.ends_at)
    centres = frozenset(kept.centres)
    pool_lines = lines_by_id(session, tenant_id, kept.lines)
    own, _ = own_drivers(pool_lines, month, centres)
    inputs = Inputs({**own, **measured_inputs(kept)}, centres)
    return allocate(to_lines(tenant_id, pool_lines, month), rules_of(documents), inputs)


def stored_hash(session: Session, tenant_id: UUID, run_id: UUID) -> str:
    """Return the hash over all leaves that the run had when it was made."""
    results = session.execute(
        select(ChargebackRun.results).where(ChargebackRun.tenant_id == tenant_id, ChargebackRun.id == run_id)
    ).scalar_one()
    return msgspec.convert(results, ResultsSnapshot).leaves_sha256


def _inputs(session: Session, tenant_id: UUID, run_id: UUID) -> tuple[Any, InputsSnapshot]:
    row = session.execute(
        select(ChargebackRun.rules, ChargebackRun.inputs).where(
            ChargebackRun.tenant_id == tenant_id, ChargebackRun.id == run_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("chargeback run", run_id)
    return row.rules, msgspec.convert(row.inputs, InputsSnapshot)


def _views(session: Session, tenant_id: UUID, query: Select[*tuple[Any, ...]]) -> tuple[RunView, ...]:
    rows = session.execute(query).all()
    ids = {
        (run_id, centre, currency): statement_id
        for statement_id, run_id, centre, currency in session.execute(
            select(Statement.id, Statement.run_id, Statement.cost_centre, Statement.currency).where(
                Statement.tenant_id == tenant_id, any_of(Statement.run_id, [row.id for row in rows])
            )
        )
    }
    return tuple(_view(row, ids) for row in rows)


def _view(row: Any, ids: dict[tuple[UUID, str, str], UUID]) -> RunView:
    results = msgspec.convert(row.results, ResultsSnapshot)
    return RunView(
        id=row.id,
        period=row.period,
        status=row.status,
        rule_set_id=row.rule_set_id,
        maker=row.maker,
        approver=row.approver,
        created_at=row.created_at,
        approved_at=row.approved_at,
        posted_at=row.posted_at,
        withdrawn_at=row.withdrawn_at,
        reason=row.reason,
        posting_number=row.posting_number,
        rules=tuple(msgspec.convert(row.rules, list[RuleDocument])),
        statements=tuple(
            StatementSummary(
                found.cost_centre,
                Sums(Money(found.net_minor, found.currency), Money(found.tax_minor, found.currency)),
                ids.get((row.id, found.cost_centre, found.currency)),
                row.id,
                row.period,
            )
            for found in results.statements
        ),
        unknown_centres=results.unknown_centres,
        lines=len(row.lines),
    )
