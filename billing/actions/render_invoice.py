"""The PDF of a document: rendered when it is first asked for, and kept."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from billing.documents.content import document_content
from billing.documents.render import render_pdf
from billing.documents.words import Words
from billing.reads import get_invoice, stored_document
from billing.store import put_document

__all__ = ("render_invoice",)


def render_invoice(session: Session, tenant_id: UUID, invoice_id: UUID, now: datetime) -> bytes:
    """Return the PDF of a document; an issued one has the same bytes for ever.

    Everything it says was fixed when it was issued. The bytes are kept too, so that a later release
    of the typesetter changes no document that is out. A draft is rendered each time.

    Args:
        session: scoped to the payer.
        tenant_id: the payer.
        invoice_id: the document.
        now: when.

    Raises:
        NotFound: there is no such document (`not_found`).
    """
    known = stored_document(session, tenant_id, invoice_id)
    if known is not None:
        return known[1]
    view = get_invoice(session, tenant_id, invoice_id)
    pdf = render_pdf(document_content(view, Words()))
    if view.number is not None:
        row = {"tenant_id": tenant_id, "invoice_id": invoice_id, "rendered_at": now, "content": pdf}
        put_document(session, row | {"sha256": sha256(pdf).hexdigest()})
    return pdf
