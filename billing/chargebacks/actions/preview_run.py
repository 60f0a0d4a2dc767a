"""Try a run out: everything it would be, and nothing of it stored."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from billing.chargebacks.actions.set_rules import checked_rules, meters_of
from billing.chargebacks.allocation import Allocation, RuleDocument, allocate
from billing.chargebacks.errors import NoPoolLines, NoRules
from billing.chargebacks.months import last_day, month_span
from billing.chargebacks.reads import (
    Preview,
    StatementSummary,
    Sums,
    codes_on,
    current_rules,
    gather_inputs,
    open_lines,
    to_lines,
)
from billing.chargebacks.statements import statements_of
from tenants.reads import TenantView

__all__ = ("preview_run",)


def preview_run(
    session: Session, tenant: TenantView, period: str, rules: Sequence[RuleDocument] | None = None
) -> Preview:
    """Divide a month's pool lines that no posted run has taken.

    Args:
        session: scoped to the tenant.
        tenant: whose pools.
        period: the month, as 2026-10.
        rules: rules to try out before they count; None takes the current ones.

    Raises:
        PeriodInvalid: `period` is not a month (`period_invalid`).
        NoPoolLines: nothing is left to divide (`no_pool_lines`).
        NoRules: the tenant has no rules yet (`no_rules`).
        DriverSumZero, DriverNegative, DriverNotVisible: a rule cannot divide a line.
        CostCentreUnknown: a rule names a centre that does not exist at the month's end.
    """
    month = month_span(period, tenant.tz)
    pool_lines = open_lines(session, tenant.id, period)
    if not pool_lines:
        raise NoPoolLines(period)
    documents = tuple(rules) if rules is not None else _current(session, tenant)
    read = checked_rules(documents, codes_on(session, tenant.id, last_day(period)), meters_of(session, tenant.id))
    inputs, unknown = gather_inputs(session, tenant, pool_lines, read, month)
    allocation = allocate(to_lines(tenant.id, pool_lines, month), read, inputs)
    return Preview(
        period=period,
        rules=documents,
        lines=pool_lines,
        allocation=allocation,
        inputs=inputs,
        statements=_summaries(allocation),
        unknown_centres=tuple(sorted(unknown)),
    )


def _current(session: Session, tenant: TenantView) -> tuple[RuleDocument, ...]:
    found = current_rules(session, tenant.id)
    if found is None:
        raise NoRules
    return tuple(rule.document for rule in found.rules)


def _summaries(allocation: Allocation) -> tuple[StatementSummary, ...]:
    return tuple(StatementSummary(draft.cost_centre, Sums(draft.net, draft.tax)) for draft in statements_of(allocation))
