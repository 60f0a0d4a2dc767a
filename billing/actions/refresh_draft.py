"""Reckon a draft anew, with all facts that are known by now."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.actions.compose_draft import Document, compose_draft
from billing.drafts import document_kind, draft_totals
from billing.errors import InvoiceNotDraft
from billing.reads import draft_content, get_invoice
from billing.store import lock_invoice, set_invoice
from core.errors import NotFound
from tenants.actions.record_audit import record_audit
from tenants.reads import get_tenant

__all__ = ("refresh_draft",)


def refresh_draft(session: Session, tenant_id: UUID, invoice_id: UUID, now: datetime, actor: str) -> None:
    """Replace a draft's content by what its periods come to now.

    Args:
        session: scoped to the payer.
        tenant_id: the payer.
        invoice_id: the draft.
        now: the new ingest cut-off.
        actor: for the audit trail.

    Raises:
        NotFound: there is no such document (`not_found`).
        InvoiceNotDraft: it was issued (`invoice_not_draft`).
    """
    locked = lock_invoice(session, tenant_id, invoice_id)
    if locked is None:
        raise NotFound("invoice", invoice_id)
    if locked[1] != "draft":
        raise InvoiceNotDraft(locked[1])
    view, before = get_invoice(session, tenant_id, invoice_id), draft_content(session, tenant_id, invoice_id)
    document = Document(get_tenant(session, tenant_id), invoice_id, view.legal_entity_id, view.currency)
    draft = compose_draft(session, document, before.claims, now, before.late_since)
    kind = document_kind(draft_totals(draft))
    set_invoice(session, tenant_id, invoice_id, kind=kind, draft=msgspec.to_builtins(draft), status_at=now)
    record_audit(session, tenant_id, actor, "refresh_draft", ("invoice", str(invoice_id)))
