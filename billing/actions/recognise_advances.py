"""Turn an advance into revenue when the period that it was paid for is over."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.act_for import act_for
from billing.actions.post_transfers import Booking, post_transfers
from billing.drafts import Claim
from billing.ledger import CREDITS_DEFERRED, Conversion, recognise
from billing.reads import AdvanceView, DatedConversion, advance_paid, advances_ending, transfers_of

__all__ = ("recognise_advances",)


def recognise_advances(session: Session, claims: Iterable[Claim], now: datetime) -> int:
    """Post deferred revenue as revenue for every advance whose period ends with a claimed period.

    An advance on a document that was voided is not earned: its transfers are undone already.

    Args:
        session: a transaction that may act for payer and consumers.
        claims: the periods that a document bills.
        now: of the payer.

    Returns:
        How many advances were recognised.
    """
    by_consumer: dict[UUID, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.timing == "arrears":
            by_consumer[claim.consumer_tenant_id].append(claim)
    count = 0
    for consumer_id, ended in sorted(by_consumer.items()):
        with act_for(session, consumer_id):
            advances = advances_ending(session, consumer_id, [(c.subscription_id, c.ends_at) for c in ended])
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
