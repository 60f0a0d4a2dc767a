"""Give back in money what is left of prepaid credits, where their terms say so."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.errors import CreditsNotRefundable
from billing.reads import GrantView, get_grant, get_invoice
from core.money import Money

__all__ = ("RefundInput", "refund_credits")


@dataclass(frozen=True, slots=True)
class RefundInput:
    """What is to be given back; preview and execution take the very same."""

    tenant_id: UUID
    grant_id: UUID
    reason: str
    actor: str
    preview: bool = False
    """Decide and show, write nothing."""


def refund_credits(session: Session, given: RefundInput, now: datetime) -> tuple[GrantView, Money, UUID | None]:
    """Give back what is left of what was paid for a block, by a credit note on the invoice that sold it.

    Returns:
        The block as it is (or with `preview` was), the net amount given back, and the credit note.

    Raises:
        NotFound: the payer has no such block (`not_found`).
        CreditsNotRefundable: its terms don't say so, or nothing paid is left (`credits_not_refundable`).
        Those of `credit_invoice`.
    """
    held = get_grant(session, given.tenant_id, given.grant_id, lock=not given.preview)
    if not held.refundable or not held.deferred.amount_minor or held.rolled_from_id is not None:
        raise CreditsNotRefundable(held.name)
    assert held.invoice_id is not None, "what has a price was sold by a document"
    if given.preview:
        return held, held.deferred, None
    sold_by = get_invoice(session, given.tenant_id, held.invoice_id)
    position = next(line.position for line in sold_by.lines if line.grant_id == held.id)
    wanted = CreditInput(given.tenant_id, held.invoice_id, given.reason, {position: held.deferred})
    note = credit_invoice(session, wanted, given.actor, now)
    return get_grant(session, given.tenant_id, given.grant_id), held.deferred, note
