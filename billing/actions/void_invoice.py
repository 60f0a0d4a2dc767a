"""Withdraw an issued document: it keeps its number, its transfers are undone, its periods are billed anew."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.move_credits import Mover, undo_credits
from billing.actions.post_transfers import reverse_transfers
from billing.actions.reverse_rated_lines import reverse_rated_lines
from billing.errors import InvoiceHasCreditNotes, StepNotAllowed
from billing.reads import credited_of, get_invoice, returned_later
from billing.states import State, Trigger, advance
from billing.store import lock_invoice, set_invoice
from core.errors import InputError, InvalidInput, NotFound
from tenants.actions.record_audit import record_audit

__all__ = ("void_invoice",)


def void_invoice(session: Session, tenant_id: UUID, invoice_id: UUID, reason: str, actor: str, now: datetime) -> None:
    """Withdraw a document.

    Args:
        session: scoped to the payer.
        tenant_id: the payer.
        invoice_id: an issued document, not paid.
        reason: for its record and the audit trail.
        actor: who withdraws it.
        now: the payer's time.

    Raises:
        NotFound: there is no such document (`not_found`).
        InvalidInput: no reason (`reason_missing`).
        StepNotAllowed: it is a draft, paid, void or given up (`step_not_allowed`).
        InvoiceHasCreditNotes: a part of it was given back (`invoice_has_credit_notes`).
        CreditsInUse: prepaid credits that it sold were used (`credits_in_use`).
        CreditsUsedUp: prepaid credits that it gave back were used (`credits_used_up`).
    """
    if not reason.strip():
        raise InvalidInput(InputError("/reason", "reason_missing", "Say why the document is withdrawn."))
    locked = lock_invoice(session, tenant_id, invoice_id)
    if locked is None:
        raise NotFound("invoice", invoice_id)
    state = advance(State(locked[1]), Trigger.VOID)
    if state is None:
        raise StepNotAllowed(locked[1], "void")
    view = get_invoice(session, tenant_id, invoice_id)
    if credited_of(session, tenant_id, invoice_id) or returned_later(session, view):
        raise InvoiceHasCreditNotes
    set_invoice(session, tenant_id, invoice_id, status=state, status_at=now, status_reason=reason)
    undo_credits(session, Mover(tenant_id, view.legal_entity_id, view.currency, invoice_id, actor, now))
    reverse_transfers(session, tenant_id, invoice_id, now.astimezone(UTC).date(), now)
    consumers = {line.consumer_tenant_id for line in view.lines}
    reverse_rated_lines(session, invoice_id, consumers, invoice_id, now)
    detail = {"number": view.number, "reason": reason}
    record_audit(session, tenant_id, actor, "void_invoice", ("invoice", str(invoice_id)), detail)
