"""The addresses of the finance workspace that show something."""

from uuid import UUID

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.finance.month import checklist, current_run
from app.pages.finance.pools import pool_cards, waiting_bills
from app.pages.finance.reading import (
    bills_of,
    month_of,
    names_of,
    pools_of,
    preview_sheet,
    run_sheet,
    runs_of,
    statements_of,
    try_rules,
    users_of_tenant,
)
from app.pages.finance.rules import rule_amounts, rule_rows
from app.pages.finance.sheet import acts, run_title
from app.pages.finance.statements import journal_table, statement_page, statements_list
from app.pages.formats import month as month_text
from app.pages.frame import Crumb, parse_month
from app.pages.visit import TenantVisit
from billing.chargebacks.hledger import journal_to_hledger
from billing.chargebacks.journal import journal_csv
from billing.chargebacks.reads import (
    current_rules,
    explain_statement,
    get_run,
    journal,
    preview_sankey,
)
from core.errors import Refused
from tenants.roles import Permission

__all__ = (
    "base_of",
    "crumbs_of",
    "pools_answer",
    "preview_answer",
    "route_handlers",
    "rules_answer",
    "run_answer",
)


@get("/finance/{tenant_slug:str}", sync_to_thread=True)
def month(visit: TenantVisit) -> Response[str]:
    """The month's checklist."""
    visit.need(Permission.CHARGEBACK_READ)
    picker = visit.months
    tasks = checklist(month_of(visit, picker, base_of(visit)))
    return visit.page(
        "finance/month.html", "month", *crumbs_of(visit), picker=picker, tasks=tasks, base=base_of(visit),
        may_write=visit.may(Permission.CHARGEBACK_WRITE),
    )  # fmt: skip


@get("/finance/{tenant_slug:str}/pools", sync_to_thread=True)
def pools(visit: TenantVisit) -> Response[str]:
    """The month's pools and the bills that wait."""
    visit.need(Permission.CHARGEBACK_READ)
    return pools_answer(visit)


@get("/finance/{tenant_slug:str}/rules", sync_to_thread=True)
def rules(visit: TenantVisit) -> Response[str]:
    """The rules in plain words, with what each takes in the chosen month."""
    visit.need(Permission.CHARGEBACK_READ)
    return rules_answer(visit)


@get("/finance/{tenant_slug:str}/preview", sync_to_thread=True)
def preview(visit: TenantVisit) -> Response[str]:
    """Where the money would go by the current rules."""
    visit.need(Permission.CHARGEBACK_READ)
    return preview_answer(visit)


@get("/finance/{tenant_slug:str}/runs/{run_id:uuid}", sync_to_thread=True)
def run(visit: TenantVisit, run_id: UUID) -> Response[str]:
    """One run: where the money goes, who made and approved it, what is next."""
    visit.need(Permission.CHARGEBACK_READ)
    return run_answer(visit, run_id)


@get("/finance/{tenant_slug:str}/statements", sync_to_thread=True)
def statements(visit: TenantVisit) -> Response[str]:
    """The month's statements."""
    visit.need(Permission.CHARGEBACK_READ)
    picker, here = visit.months, f"{base_of(visit)}/statements"
    table = statements_list(statements_of(visit, picker.key), names_of(visit), visit.query, here)
    crumbs = crumbs_of(visit, Crumb(_("Statements")))
    return visit.page("finance/statements.html", "statements", *crumbs, picker=picker, table=table)


@get("/finance/{tenant_slug:str}/statements/{statement_id:uuid}", sync_to_thread=True)
def statement(visit: TenantVisit, statement_id: UUID) -> Response[str]:
    """One statement with why each line is what it is."""
    visit.need(Permission.CHARGEBACK_READ)
    found = explain_statement(visit.session, visit.tenant.id, statement_id)
    view = statement_page(found, names_of(visit), visit.tenant, evidence=visit.may(Permission.USAGE_READ))
    above = Crumb(_("Statements"), f"{base_of(visit)}/statements?period={found.period}")
    crumbs = crumbs_of(visit, above, Crumb(view.title))
    return visit.page("finance/statement.html", "statements", *crumbs, view=view, month=_month(found.period))


@get("/finance/{tenant_slug:str}/journal", sync_to_thread=True)
def journal_page(visit: TenantVisit) -> Response[str]:
    """The month's journal, and its files."""
    visit.need(Permission.CHARGEBACK_READ)
    picker = visit.months
    table = journal_table(journal(visit.session, visit.tenant.id, period=picker.key), visit.query)
    crumbs = crumbs_of(visit, Crumb(_("Journal")))
    return visit.page("finance/journal.html", "journal", *crumbs, picker=picker, table=table, here=visit.path)


@get("/finance/{tenant_slug:str}/journal/{kind:str}", sync_to_thread=True)
def journal_file(visit: TenantVisit, kind: str) -> Response[str]:
    """The month's journal as CSV, or as hledger reads it."""
    visit.need(Permission.CHARGEBACK_READ)
    key = visit.months.key
    text = journal_csv(journal(visit.session, visit.tenant.id, period=key))
    if kind == "hledger":
        return _file(journal_to_hledger(text), f"{visit.tenant.slug}-{key}.journal", "text/plain")
    return _file(text, f"{visit.tenant.slug}-{key}.csv", "text/csv")


def _file(text: str, name: str, kind: str) -> Response[str]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


def pools_answer(visit: TenantVisit, refusal: Refused | None = None) -> Response[str]:
    """Return the page of pools, after a refused change with what is wrong."""
    picker = visit.months
    found = pools_of(visit, picker)
    waiting = waiting_bills(bills_of(visit, picker), found, f"/admin/{visit.tenant.slug}")
    return visit.page(
        "finance/pools.html", "pools", *crumbs_of(visit, Crumb(_("Pools"))), picker=picker,
        status=refusal.status if refusal else 200, problem=refusal.detail if refusal else "",
        pools=pool_cards(found, visit.tenant), waiting=waiting, base=base_of(visit),
        may_write=visit.may(Permission.CHARGEBACK_WRITE),
    )  # fmt: skip


def rules_answer(visit: TenantVisit, refusal: Refused | None = None) -> Response[str]:
    """Return the page of rules, after a refused change with what is wrong."""
    picker, found = visit.months, current_rules(visit.session, visit.tenant.id)
    tried = try_rules(visit, picker.key) if found else None
    charts = (
        () if tried is None or isinstance(tried, Refused) else preview_sankey(visit.session, visit.tenant.id, tried)
    )
    return visit.page(
        "finance/rules.html", "rules", *crumbs_of(visit, Crumb(_("Rules"))), picker=picker,
        status=refusal.status if refusal else 200, problem=refusal.detail if refusal else "",
        rules=rule_rows(found.rules, rule_amounts(charts)) if found else (), version=found.version if found else None,
        base=base_of(visit), may_write=visit.may(Permission.CHARGEBACK_WRITE),
    )  # fmt: skip


def preview_answer(visit: TenantVisit, refusal: Refused | None = None) -> Response[str]:
    """Return the preview, after a refused run with the reason."""
    picker, base = visit.months, base_of(visit)
    tried = try_rules(visit, picker.key)
    problem = refusal or (tried if isinstance(tried, Refused) else None)
    shown = None if isinstance(tried, Refused) else preview_sheet(visit, tried, picker.first, base)
    made = [(one, run_title(one, picker.label)) for one in runs_of(visit, picker)]
    return visit.page(
        "finance/preview.html", "preview", *crumbs_of(visit, Crumb(_("Preview"))), picker=picker,
        status=refusal.status if refusal else 200, problem=problem, sheet=shown, runs=made, base=base,
        waiting=current_run([one for one, _title in made if one.status in ("draft", "approved")]),
        may_write=visit.may(Permission.CHARGEBACK_WRITE),
    )  # fmt: skip


def run_answer(visit: TenantVisit, run_id: UUID, refusal: Refused | None = None) -> Response[str]:
    """Return the page of a run, after a refused act with the reason."""
    found, base = get_run(visit.session, visit.tenant.id, run_id), base_of(visit)
    label = _month(found.period)
    first = parse_month(found.period)
    assert first is not None, "a stored run's month is one"
    write, approve = visit.may(Permission.CHARGEBACK_WRITE), visit.may(Permission.CHARGEBACK_APPROVE)
    above = Crumb(_("Preview"), f"{base}/preview?period={found.period}")
    return visit.page(
        "finance/run.html", "preview", *crumbs_of(visit, above, Crumb(run_title(found, label))),
        status=refusal.status if refusal else 200, problem=refusal.detail if refusal else "",
        title=run_title(found, label), run=found, sheet=run_sheet(visit, found, first, base),
        acts=acts(found, visit.principal.user_id, may_write=write, may_approve=approve),
        people=users_of_tenant(visit), tz=visit.tenant.tz, base=base, here=f"{base}/runs/{run_id}",
    )  # fmt: skip


def base_of(visit: TenantVisit) -> str:
    """Return the address of the customer's finance pages."""
    return f"/finance/{visit.tenant.slug}"


def crumbs_of(visit: TenantVisit, *rest: Crumb) -> tuple[Crumb, ...]:
    """Return the way to a page."""
    first = (Crumb(_("Customers"), "/sales/customers"),) if visit.principal.is_vendor else ()
    return (*first, Crumb(_("Chargeback"), base_of(visit) if rest else None), *rest)


def _month(period: str) -> str:
    first = parse_month(period)
    return month_text(first) if first else period


route_handlers = (
    month,
    pools,
    rules,
    preview,
    run,
    statements,
    statement,
    journal_page,
    journal_file,
)
