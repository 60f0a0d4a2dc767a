"""Write movements of money to the ledger, and undo those of a document."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from billing.errors import ExchangeRateMissing
from billing.ledger import Conversion, Movement, convert, credits_earned
from billing.models import Transfer
from billing.reads import DatedConversion, conversion_on, get_grant, transfers_of
from billing.store import add_all
from core.ids import new_id
from core.money import Money

__all__ = ("Booking", "conversion_for", "earn_credits", "post_transfers", "reverse_transfers")


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


def earn_credits(
    session: Session, booking: Booking, grant_id: UUID, amount: Money, kind: str, reference: str = ""
) -> None:
    """Post what of the price of prepaid credits becomes revenue, at the rate at which they were sold.

    Args:
        session: scoped to the payer.
        booking: of the document that uses them, or sold them where they lapse.
        grant_id: the block.
        amount: below zero where a document that used them is given back; nothing is posted for 0.
        kind: `credits_drawn`, `credits_deferred` or `credits_lapsed`.
        reference: what the transfer names, once of its kind in the document; the block if it is left out.
    """
    movements = credits_earned(amount, kind)
    if not movements:
        return
    sold_by = get_grant(session, booking.tenant_id, grant_id).invoice_id
    assert sold_by is not None, "what has a price was sold by a document"
    sold = next(t for t in transfers_of(session, booking.tenant_id, sold_by) if t.kind == "credits_sold")
    conversion = Conversion(sold.base_amount.currency, sold.base_rate, "as sold")
    post_transfers(
        session,
        replace(booking, dated=DatedConversion(conversion, sold.base_rate_on)),
        movements,
        reference or str(grant_id),
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
