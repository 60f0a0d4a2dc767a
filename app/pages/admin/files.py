"""What is downloaded with a bill: the PDF, and the pseudonymous list of who was counted."""

from uuid import UUID

import zstandard
from litestar import Response, get

from app.pages.visit import TenantVisit
from billing.actions.render_invoice import render_invoice
from billing.reads import InvoiceView, evidence_of, get_invoice
from core.errors import NotFound
from tenants.roles import Permission

__all__ = ("route_handlers",)


@get("/admin/{tenant_slug:str}/bills/{invoice_id:uuid}/pdf", sync_to_thread=True)
def pdf(visit: TenantVisit, invoice_id: UUID) -> Response[bytes]:
    """The document itself, in the browser's viewer."""
    visit.need(Permission.INVOICES_READ)
    bill = get_invoice(visit.session, visit.tenant.id, invoice_id)
    content = render_invoice(visit.session, visit.tenant.id, invoice_id, visit.now)
    headers = {"Content-Disposition": f'inline; filename="{_name(bill)}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@get("/admin/{tenant_slug:str}/bills/{invoice_id:uuid}/evidence", sync_to_thread=True)
def counted(visit: TenantVisit, invoice_id: UUID) -> Response[bytes]:
    """The list whose hash stands on the document; for a parent that pays, its own part."""
    visit.need(Permission.INVOICES_READ)
    bill = get_invoice(visit.session, visit.tenant.id, invoice_id)
    files = {digest: content for digest, _count, content in evidence_of(visit.session, visit.tenant.id, invoice_id)}
    if not files:
        raise NotFound("list of who was counted of bill", bill.number or bill.id)
    content = files.get(bill.evidence_sha256) or list(files.values())[-1]
    headers = {"Content-Disposition": f'attachment; filename="{_name(bill)}-counted.ndjson"'}
    text = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return Response(text, media_type="application/x-ndjson", headers=headers)


def _name(bill: InvoiceView) -> str:
    return (bill.number or f"draft-{bill.id}").replace("/", "-")


route_handlers = (pdf, counted)
