"""Write movements of money to the ledger, and undo those of a document."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from billing.errors import ExchangeRateMissing
from billing.ledger import Conversion, Movement, convert
from billing.models import Transfer
from billing.reads import DatedConversion, conversion_on, transfers_of
from billing.store import add_all
from core.ids import new_id

__all__ = ("Booking", "conversion_for", "post_transfers", "reverse_transfers")


@dataclass(frozen=True, slots=True)
class Booking:
    """What all transfers of one document share."""

    tenant_id: UUID
    legal_entity_id: UUID
    invoice_id: UUID
    dated: DatedConversion
    booked_on: date
    posted_at: datetime


def conversion_for(session: Session, currency: str, base_currency: str, on: date) -> DatedConversion:
    """Return how an amount of that day goes into the legal entity's books.

    Raises:
        ExchangeRateMissing: no rate is known (`exchange_rate_missing`).
    """
    if currency == base_currency:
        return DatedConversion(Conversion(base_currency, Decimal(1), "same currency"), on)
    found = conversion_on(session, currency, base_currency, on)
    if found is None:
        raise ExchangeRateMissing(currency, base_currency, on)
    return found


def post_transfers(session: Session, booking: Booking, movements: Iterable[Movement], reference: str = "") -> None:
    """Post movements, one row each; the payer's transaction.

    Args:
        session: scoped to the payer.
        booking: whose they are, and at which rate and date.
        movements: from `billing.ledger`.
        reference: what they are for beside the document; with document and kind it is unique.
    """
    conversion = booking.dated.conversion
    add_all(
        session,
        Transfer,
        [
            {
                "tenant_id": booking.tenant_id,
                "id": new_id(),
                "legal_entity_id": booking.legal_entity_id,
                "invoice_id": booking.invoice_id,
                "kind": movement.kind,
                "reference": reference,
                "debit_account": movement.debit.value,
                "credit_account": movement.credit.value,
                "amount_minor": movement.amount.amount_minor,
                "currency": movement.amount.currency,
                "base_amount_minor": convert(movement.amount, conversion).amount_minor,
                "base_currency": conversion.base_currency,
                "base_rate": conversion.rate,
                "base_rate_on": booking.dated.valid_from,
                "booked_on": booking.booked_on,
                "posted_at": booking.posted_at,
                "reverses_id": None,
            }
            for movement in movements
        ],
    )


def reverse_transfers(session: Session, tenant_id: UUID, invoice_id: UUID, booked_on: date, posted_at: datetime) -> int:
    """Undo every transfer of a document by one that runs back, with the same amounts and rate.

    Returns:
        How many were undone; those that were undone before stay as they are.
    """
    known = transfers_of(session, tenant_id, invoice_id)
    undone = {transfer.reverses_id for transfer in known}
    wanted = [t for t in known if t.reverses_id is None and t.id not in undone]
    add_all(
        session,
        Transfer,
        [
            {
                "tenant_id": tenant_id,
                "id": new_id(),
                "legal_entity_id": t.legal_entity_id,
                "invoice_id": invoice_id,
                "kind": f"void_{t.kind}",
                "reference": t.reference,
                "debit_account": t.credit_account,
                "credit_account": t.debit_account,
                "amount_minor": t.amount.amount_minor,
                "currency": t.amount.currency,
                "base_amount_minor": t.base_amount.amount_minor,
                "base_currency": t.base_amount.currency,
                "base_rate": t.base_rate,
                "base_rate_on": t.base_rate_on,
                "booked_on": booked_on,
                "posted_at": posted_at,
                "reverses_id": t.id,
            }
            for t in wanted
        ],
    )
    return len(wanted)
