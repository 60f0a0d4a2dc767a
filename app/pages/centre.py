"""The cost-centre owner's pages: their own statements, and nothing else."""

from uuid import UUID

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.finance.accounts import account_name
from app.pages.finance.reading import names_of
from app.pages.finance.statements import months_list, statement_page
from app.pages.formats import month
from app.pages.frame import Crumb, parse_month
from app.pages.visit import TenantVisit
from billing.chargebacks.reads import explain_statement, statements
from tenants.roles import Permission

__all__ = ("route_handlers",)

SHOWN = 500


@get("/centre/{tenant_slug:str}", sync_to_thread=True)
def own_statements(visit: TenantVisit) -> Response[str]:
    """The centre's statements, newest month first."""
    visit.need(Permission.STATEMENT_READ)
    names, own = names_of(visit), visit.principal.cost_centre
    found = statements(visit.session, visit.tenant.id, cost_centre=own, limit=SHOWN)
    table = months_list(found, visit.query, visit.path)
    title = account_name(own, names) if own else _("Statements")
    return visit.page("centre/statements.html", "centre", Crumb(title), title=title, table=table)


@get("/centre/{tenant_slug:str}/{statement_id:uuid}", sync_to_thread=True)
def own_statement(visit: TenantVisit, statement_id: UUID) -> Response[str]:
    """One statement of the own centre; another's does not exist for its owner."""
    visit.need(Permission.STATEMENT_READ)
    found = explain_statement(visit.session, visit.tenant.id, statement_id, visit.principal.cost_centre)
    view = statement_page(found, names_of(visit), visit.tenant, evidence=False)
    first = parse_month(found.period)
    crumbs = (Crumb(_("Statements"), f"/centre/{visit.tenant.slug}"), Crumb(month(first) if first else found.period))
    return visit.page("finance/statement.html", "centre", *crumbs, view=view, month=crumbs[-1].label)


route_handlers = (own_statements, own_statement)
