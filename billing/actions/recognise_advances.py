"""Turn an advance into revenue when the period that it was paid for is over."""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.post_transfers import Booking, post_transfers
from billing.drafts import Draft
from billing.ledger import CREDITS_DEFERRED, Conversion, recognise
from billing.reads import AdvanceView, DatedConversion, advance_paid, advances_ending, transfers_of
from core.acting import act_for

__all__ = ("recognise_advances",)


def recognise_advances(session: Session, draft: Draft, now: datetime) -> int:
    """Post deferred revenue as revenue for every advance whose period ends with a claimed period, or was cut short.

    A fee is corrected with the bill of what was left of its period: that is over by then.

    An advance on a document that was voided is not earned: its transfers are undone already.

    Args:
        session: a transaction that may act for payer and consumers.
        draft: the document, with the periods that it bills.
        now: of the payer.

    Returns:
        How many advances were recognised.
    """
    ended: dict[UUID, list[tuple[UUID, datetime]]] = defaultdict(list)
    for claim in draft.claims:
        if claim.timing == "arrears":
            ended[claim.consumer_tenant_id].append((claim.subscription_id, claim.ends_at))
    corrected: dict[UUID, list[tuple[UUID, str, datetime]]] = defaultdict(list)
    for line in draft.lines:
        if line.kind == "late" and line.meter is None and line.subscription_id is not None:
            place = (line.subscription_id, line.charge_key, line.period_starts_at)
            corrected[line.consumer_tenant_id].append(place)
    count = 0
    for consumer_id in sorted(ended.keys() | corrected.keys()):
        with act_for(session, consumer_id):
            advances = advances_ending(session, consumer_id, ended[consumer_id], corrected[consumer_id])
        for advance in advances:
            with act_for(session, advance.payer_tenant_id):
                count += _recognise(session, advance, now)
    return count


def _recognise(session: Session, advance: AdvanceView, now: datetime) -> bool:
    """Post one advance under its payer, at the rate at which it was booked: what was deferred of it.

    So less what credits paid; and with it the price of those credits, at the rate at which they were sold.
    """
    payer_id, invoice_id, reference = advance.payer_tenant_id, advance.invoice_id, str(advance.id)
    known = transfers_of(session, payer_id, invoice_id)
    undone = {transfer.reverses_id for transfer in known}
    said = {transfer.reference for transfer in known if transfer.kind == "recognise"}
    fee = next((t for t in known if t.kind == "net_in_advance" and t.id not in undone), None)
    due = []
    if fee is not None and reference not in said:
        paid = advance_paid(session, payer_id, invoice_id)
        # Documents issued before credits were deferred with their fee booked what they paid as revenue at once.
        whole = fee.amount.amount_minor == sum(line.amount_minor for line in paid.values())
        due.append((fee, advance.amount if whole else paid[advance.id].deferred, reference))
    for part in known:
        grant, _, line = part.reference.partition(":")
        named = f"{reference}:{grant}"
        if part.kind == CREDITS_DEFERRED and line == reference and part.id not in undone and named not in said:
            due.append((part, part.amount, named))
    for booked, amount, named in due:
        conversion = Conversion(booked.base_amount.currency, booked.base_rate, "as booked")
        booking = Booking(
            payer_id,
            booked.legal_entity_id,
            invoice_id,
            DatedConversion(conversion, booked.base_rate_on),
            now.astimezone(UTC).date(),
            now,
        )
        post_transfers(session, booking, recognise(amount), named)
    return bool(due)
