"""The addresses of prepaid credits: for the customer, and for sales who open the customer's workspace."""

from uuid import UUID

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.admin.credits import block_facts, credits_table, moved_table, usable_stats
from app.pages.frame import Crumb
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, cursor_of
from billing.reads import get_grant, get_invoice, grants_page, movements_page, usable
from tenants.roles import Permission

__all__ = ("route_handlers",)


@get("/admin/{tenant_slug:str}/credits", sync_to_thread=True)
def blocks(visit: TenantVisit) -> Response[str]:
    """What can be used now, and all blocks."""
    visit.need(Permission.INVOICES_READ)
    tenant = visit.tenant
    found = grants_page(visit.session, tenant.id, cursor_of(visit.query.get("after")), PAGE_SIZE + 1)
    table = credits_table(found, f"/admin/{tenant.slug}/credits", visit.now, tenant.tz, visit.query)
    stats = usable_stats(usable(visit.session, tenant.id, visit.now))
    crumbs = visit.crumbs(Crumb(_("Prepaid credits")))
    return visit.page("admin/credits.html", "credits", *crumbs, table=table, stats=stats)


@get("/admin/{tenant_slug:str}/credits/{grant_id:uuid}", sync_to_thread=True)
def block(visit: TenantVisit, grant_id: UUID) -> Response[str]:
    """One block with its ledger."""
    visit.need(Permission.INVOICES_READ)
    tenant, session = visit.tenant, visit.session
    held = get_grant(session, tenant.id, grant_id)
    found = movements_page(session, tenant.id, grant_id, cursor_of(visit.query.get("after")), PAGE_SIZE + 1)
    documents = {one.invoice_id for one in found if one.invoice_id is not None}
    numbers = {one: get_invoice(session, tenant.id, one).number or "" for one in documents}
    crumbs = visit.crumbs(Crumb(_("Prepaid credits"), f"/admin/{tenant.slug}/credits"), Crumb(held.name))
    return visit.page(
        "admin/credit.html", "credits", *crumbs, held=held, facts=block_facts(held, visit.now, tenant.tz),
        table=moved_table(found, f"/admin/{tenant.slug}/bills", numbers, tenant.tz, visit.query),
    )  # fmt: skip


route_handlers = (blocks, block)
