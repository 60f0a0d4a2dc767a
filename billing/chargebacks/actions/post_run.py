"""Post an approved run: statements, journal and what is carried over, in one transaction and once."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.actions.carry_over import Posting, carry_over
from billing.chargebacks.allocation import Allocation, Leaf
from billing.chargebacks.errors import AlreadyChargedBack, PeriodNotOpen
from billing.chargebacks.journal import PoolSource, StatementTotal, journal_lines
from billing.chargebacks.models import JournalEntry, Statement, StatementLine
from billing.chargebacks.months import last_day
from billing.chargebacks.reads import RunView, Sums, allocation_of, get_pool, get_run, run_lines, stored_hash
from billing.chargebacks.snapshots import leaves_hash
from billing.chargebacks.statements import StatementDraft, statements_of
from billing.chargebacks.states import advance_run
from billing.chargebacks.store import add_all, claim_lines, lock_period, lock_run, next_posting_number, step_run
from core.errors import NotFound
from core.ids import new_id
from tenants.actions.record_audit import record_audit

__all__ = ("post_run",)


def post_run(session: Session, tenant_id: UUID, run_id: UUID, actor: str, now: datetime) -> RunView:
    """Write the statements and the journal of an approved run.

    Safe to repeat: a posted run is returned as it is.

    Raises:
        NotFound: there is no such run (`not_found`).
        RunState: nobody approved it, or it was withdrawn (`run_state`).
        PeriodNotOpen: the month is closed (`period_not_open`).
        AlreadyChargedBack: another run posted some of its lines first (`already_charged_back`).
    """
    run = get_run(session, tenant_id, run_id)
    state = lock_period(session, tenant_id, run.period, now)
    locked = lock_run(session, tenant_id, run_id)
    if locked is None:
        raise NotFound("chargeback run", run_id)
    if locked[0] == "posted":
        return get_run(session, tenant_id, run_id)
    status = advance_run(locked[0], "post")
    if state == "closed":
        raise PeriodNotOpen(run.period, state)
    lines = run_lines(session, tenant_id, run_id)
    taken = claim_lines(session, tenant_id, run_id, [(line.pool_id, line.position) for line in lines])
    if taken:
        raise AlreadyChargedBack(taken)
    number = next_posting_number(session, tenant_id, run.period)
    step_run(session, tenant_id, run_id, {"status": status, "posted_at": now, "posting_number": number})
    posting = Posting(run, allocation_of(session, tenant_id, run_id), lines, actor, now)
    assert leaves_hash(posting.allocation) == stored_hash(session, tenant_id, run_id), "approved is what is posted"
    _write_statements(session, tenant_id, posting)
    _write_journal(session, tenant_id, posting, f"CB-{run.period}-{number}")
    carry_over(session, tenant_id, posting)
    target = ("chargeback_run", str(run_id))
    record_audit(session, tenant_id, actor, "post_chargeback_run", target, {"period": run.period, "number": number})
    return get_run(session, tenant_id, run_id)


def _write_statements(session: Session, tenant_id: UUID, posting: Posting) -> None:
    heads: list[dict[str, Any]] = []
    leaves: list[dict[str, Any]] = []
    for draft in statements_of(posting.allocation):
        head = _head(tenant_id, posting.run, draft)
        heads.append(head)
        leaves.extend(_leaf(head, posting.allocation, leaf) for leaf in draft.leaves)
    add_all(session, Statement, heads)
    add_all(session, StatementLine, leaves)


def _head(tenant_id: UUID, run: RunView, draft: StatementDraft) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "id": new_id(),
        "run_id": run.id,
        "period": run.period,
        "cost_centre": draft.cost_centre,
        "currency": draft.currency,
        "net_minor": draft.net_minor,
        "tax_minor": draft.tax_minor,
        "gross_minor": draft.gross_minor,
    }


def _leaf(head: dict[str, Any], allocation: Allocation, leaf: Leaf) -> dict[str, Any]:
    pool_id, _, position = leaf.line.key.partition(":")
    return {
        "tenant_id": head["tenant_id"],
        "statement_id": head["id"],
        "pool_id": UUID(pool_id),
        "position": int(position),
        "net_minor": leaf.net_minor,
        "tax_minor": leaf.tax_minor,
        "gross_minor": leaf.gross_minor,
        "explanation": [
            {
                "rule": part.rule,
                "method": part.method,
                "share": str(part.share),
                "driver": part.driver,
                "quantity": str(part.quantity),
                "total": str(part.total),
            }
            for part in allocation.explain(leaf)
        ],
    }


def _write_journal(session: Session, tenant_id: UUID, posting: Posting, number: str) -> None:
    pools: dict[UUID, Sums] = {}
    for line in posting.lines:
        pools[line.pool_id] = pools[line.pool_id] + line.sums if line.pool_id in pools else line.sums
    sources = [_source(session, tenant_id, pool_id, sums) for pool_id, sums in pools.items()]
    drafts = statements_of(posting.allocation)
    totals = [StatementTotal(draft.cost_centre, draft.net, draft.tax) for draft in drafts]
    entries = journal_lines(number, last_day(posting.run.period), sources, totals)
    rows = [
        {"tenant_id": tenant_id, "run_id": posting.run.id, "position": position, **asdict(entry)}
        for position, entry in enumerate(entries, start=1)
    ]
    add_all(session, JournalEntry, rows)


def _source(session: Session, tenant_id: UUID, pool_id: UUID, sums: Sums) -> PoolSource:
    pool = get_pool(session, tenant_id, pool_id)
    return PoolSource(pool.name, pool.kind == "carried", sums.net, sums.tax)
