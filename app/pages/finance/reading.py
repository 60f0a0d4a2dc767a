"""What the finance pages read: a month's pools, bills, runs, and a try-out of the rules."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from app.pages.finance.accounts import centre_names
from app.pages.finance.month import MonthInput, current_run
from app.pages.finance.pools import waiting_bills
from app.pages.finance.sheet import Sheet, SheetInput, sheet
from app.pages.frame import Months
from app.pages.visit import TenantVisit
from billing.chargebacks.actions.preview_run import preview_run
from billing.chargebacks.reads import (
    PoolView,
    Preview,
    RunView,
    StatementSummary,
    current_rules,
    pools,
    preview_sankey,
    run_lines,
    runs,
    sankey,
    statements,
)
from billing.reads import InvoiceSummary, invoices
from core.errors import Refused
from core.money import Money
from core.periods import add_months
from tenants.reads import all_cost_centres, users_of

__all__ = (
    "bills_of",
    "month_of",
    "names_of",
    "pools_of",
    "preview_sheet",
    "run_sheet",
    "runs_of",
    "statements_of",
    "try_rules",
    "users_of_tenant",
)

CENTRES_DRAWN = 16
"""More cost centres than these are one box in the drawing; the table has all."""
POOLS_MAX = 500
"""More pools than any month has."""


def names_of(visit: TenantVisit) -> dict[str, str]:
    """Return names of cost centres by code."""
    return centre_names(all_cost_centres(visit.session, visit.tenant.id))


def users_of_tenant(visit: TenantVisit) -> dict[UUID, str]:
    """Return the names of the tenant's users."""
    return {user.id: user.name for user in users_of(visit.session, visit.tenant.id)}


def bills_of(visit: TenantVisit, picker: Months) -> tuple[InvoiceSummary, ...]:
    """Return the documents whose billed periods end with or within the month."""
    end = add_months(picker.first, 1)
    return tuple(
        one
        for one in invoices(visit.session, visit.tenant.id)
        if picker.first <= one.closes_on - timedelta(days=1) < end
    )


def pools_of(visit: TenantVisit, picker: Months) -> tuple[PoolView, ...]:
    """Return the pools of the month, oldest first."""
    return pools(visit.session, visit.tenant.id, period=picker.key, limit=POOLS_MAX)[::-1]


def runs_of(visit: TenantVisit, picker: Months) -> tuple[RunView, ...]:
    """Return the runs of the month, newest first."""
    return runs(visit.session, visit.tenant.id, period=picker.key, limit=POOLS_MAX)


def try_rules(visit: TenantVisit, period: str) -> Preview | Refused:
    """Try the current rules on what is open in a month; a refusal is an answer too."""
    try:
        return preview_run(visit.session, visit.tenant, period)
    except Refused as refusal:
        return refusal


def month_of(visit: TenantVisit, picker: Months, base: str) -> MonthInput:
    """Return what the checklist is made from."""
    found, made = pools_of(visit, picker), runs_of(visit, picker)
    rules = current_rules(visit.session, visit.tenant.id)
    tried = try_rules(visit, picker.key) if rules and any(pool.open_lines for pool in found) else None
    return MonthInput(
        base=base,
        period=picker.key,
        waiting=waiting_bills(bills_of(visit, picker), found, f"/admin/{visit.tenant.slug}"),
        pools=found,
        rules=rules,
        runs=made,
        problem=tried.detail if isinstance(tried, Refused) and current_run(made) is None else "",
        running=picker.running,
    )


def statements_of(visit: TenantVisit, period: str, cost_centre: str | None = None) -> tuple[StatementSummary, ...]:
    """Return all posted statements of a month."""
    found: list[StatementSummary] = []
    after: UUID | None = None
    while True:
        page = statements(
            visit.session, visit.tenant.id, period=period, cost_centre=cost_centre, after=after, limit=500
        )
        found += page
        if len(page) < 500:
            return tuple(found)
        after = page[-1].id


def preview_sheet(visit: TenantVisit, preview: Preview, first: date, base: str) -> Sheet:
    """Return the sheet of a try-out, which is stored nowhere."""
    charts = preview_sankey(visit.session, visit.tenant.id, preview, CENTRES_DRAWN)
    return sheet(
        SheetInput(
            lines=preview.lines,
            statements=preview.statements,
            charts=charts,
            names=names_of(visit),
            before=_before(visit, first),
            unknown_centres=preview.unknown_centres,
            statement_base=f"{base}/statements",
            query=visit.query,
        )
    )


def run_sheet(visit: TenantVisit, run: RunView, first: date, base: str) -> Sheet:
    """Return the sheet of a stored run."""
    return sheet(
        SheetInput(
            lines=run_lines(visit.session, visit.tenant.id, run.id),
            statements=run.statements,
            charts=sankey(visit.session, visit.tenant.id, run.id, CENTRES_DRAWN),
            names=names_of(visit),
            before=_before(visit, first),
            unknown_centres=run.unknown_centres,
            statement_base=f"{base}/statements",
            query=visit.query,
        )
    )


def _before(visit: TenantVisit, first: date) -> Mapping[tuple[str, str], Money]:
    """Return what each account carried in the month before, gross."""
    return _gross_by_account(statements_of(visit, f"{add_months(first, -1):%Y-%m}"))


def _gross_by_account(found: Sequence[StatementSummary]) -> dict[tuple[str, str], Money]:
    totals: dict[tuple[str, str], Money] = {}
    for one in found:
        gross = one.sums.gross
        key = (one.cost_centre, gross.currency)
        totals[key] = totals.get(key, Money(0, gross.currency)) + gross
    return totals
